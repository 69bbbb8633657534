import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { exampleSpec } from "./example.ts";
import { parseJson } from "./json.ts";
import { isParsed, rememberParsed } from "./parsed.ts";
import { snapshot, textOf } from "./snapshot.ts";

Deno.test("snapshot() gives a copy that does not change with the original, and that nobody can change", () => {
  const spec = exampleSpec();
  const copy = snapshot(spec);
  spec.process!.args!.push("more");
  spec.hostname = "other";
  assertEquals(copy, exampleSpec());
  assertThrows(() => copy.process!.args!.push("more"), TypeError);
  assertThrows(() => copy.hostname = "other", TypeError);
});

Deno.test("snapshot() gives equal configurations one copy, and others their own", () => {
  const copy = snapshot(exampleSpec());
  assert(snapshot(exampleSpec()) === copy);
  assert(snapshot(copy) === copy);
  assert(snapshot({ ...exampleSpec(), hostname: "other" }) !== copy);
});

Deno.test("snapshot() keeps 64-bit numbers, and that the schemas have seen it", () => {
  const spec = rememberParsed(exampleSpec());
  spec.linux!.resources = { memory: { limit: 2n ** 62n + 1n } };
  const copy = snapshot(spec);
  assertEquals(copy.linux!.resources, {
    memory: { limit: 2n ** 62n + 1n },
  });
  assert(isParsed(copy));
  const { hostname: _, ...unseen } = exampleSpec();
  assert(!isParsed(snapshot(unseen)));
});

Deno.test("textOf() gives the text of a copy only", () => {
  const spec = exampleSpec();
  assertEquals(textOf(spec), undefined);
  assertEquals(parseJson(textOf(snapshot(spec))!), spec);
});

Deno.test("snapshot() does not keep everything for ever", () => {
  const first = snapshot({ ...exampleSpec(), hostname: "first" });
  for (let i = 0; i < 64; i++) {
    snapshot({ ...exampleSpec(), hostname: `${i}` });
  }
  const again = snapshot({ ...exampleSpec(), hostname: "first" });
  assert(again !== first);
  assertEquals(again, first);
});
