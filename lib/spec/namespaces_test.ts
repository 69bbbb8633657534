import { assertEquals } from "../deps/assert.ts";
import { createsNamespace, hasNamespace, namespaceOf } from "./namespaces.ts";
import type { NamespaceType, Spec } from "./types.ts";

const SPEC: Spec = {
  ociVersion: "1.3.0",
  linux: {
    namespaces: [
      { type: "pid" },
      { type: "network", path: "/run/netns/x" },
      { type: "ipc", path: "" },
    ],
  },
};

Deno.test("a namespace is new, joined, or the runtime's; an empty path joins none", () => {
  const seen = (["pid", "network", "ipc", "user"] as NamespaceType[]).map(
    (type) => [
      hasNamespace(SPEC, type),
      createsNamespace(SPEC, type),
      namespaceOf(SPEC, type)?.path,
    ],
  );
  assertEquals(seen, [
    [true, true, undefined],
    [true, false, "/run/netns/x"],
    [true, true, ""],
    [false, false, undefined],
  ]);
});

Deno.test("a configuration without a linux part has no namespaces", () => {
  const spec: Spec = { ociVersion: "1.3.0" };
  assertEquals(hasNamespace(spec, "mount"), false);
  assertEquals(createsNamespace({ ...spec, linux: {} }, "mount"), false);
});
