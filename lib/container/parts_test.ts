import {
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../deps/assert.ts";
import { RuntimeError } from "../errors.ts";
import { exampleSpec } from "../spec/example.ts";
import type { Spec } from "../spec/types.ts";
import { loadParts, part } from "./parts.ts";

function confined(): Spec {
  const spec = exampleSpec();
  spec.process!.apparmorProfile = "web";
  return spec;
}

Deno.test("loadParts() has nothing to load for what most configurations ask for", () => {
  assertEquals(loadParts(exampleSpec()), undefined);
  assertEquals(part("labels", exampleSpec()), undefined);
  assertEquals(part("landlock", exampleSpec()), undefined);
});

Deno.test("part() gives a module once it is loaded, and only to whom needs it", async () => {
  const spec = confined();
  assertThrows(
    () => part("labels", spec),
    RuntimeError,
    "Cannot build a program with labels: loadParts() comes first",
  );
  await loadParts(spec);
  assertEquals(loadParts(spec), undefined);
  const labels = part("labels", spec);
  assertEquals(typeof labels?.openLabelFiles, "function");
  assertStrictEquals(part("labels", confined()), labels);
  assertEquals(part("labels", exampleSpec()), undefined);
  assertEquals(part("landlock", spec), undefined);
});

Deno.test("loadParts() loads what is missing beside what is there", async () => {
  const spec = confined();
  spec.linux = { ...spec.linux, landlock: { scoped: ["signal"] } };
  await loadParts(spec);
  assertEquals(typeof part("landlock", spec)?.restrict, "function");
});
