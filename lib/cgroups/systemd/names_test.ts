import { assertEquals, assertThrows } from "../../deps/assert.ts";
import { ConfigError } from "../../errors.ts";
import { escapeUnitName, expandSlice, scopeName } from "./names.ts";

Deno.test("expandSlice() gives each dash a level", () => {
  const cases: [string, string][] = [
    ["system.slice", "/system.slice"],
    ["a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"],
    ["kubepods-pod1.2_x.slice", "/kubepods.slice/kubepods-pod1.2_x.slice"],
    ["a.b-c.slice", "/a.b.slice/a.b-c.slice"],
    ["-.slice", ""],
  ];
  for (const [slice, path] of cases) assertEquals(expandSlice(slice), path);
});

Deno.test("expandSlice() refuses what is no slice, and names it", () => {
  const bad = [
    "",
    ".slice",
    "a",
    "a.scope",
    "a/b.slice",
    "../a.slice",
    "a--b.slice",
    "-a.slice",
    "a-.slice",
    "--.slice",
    "a b.slice",
    "a@b.slice",
    "ä.slice",
    `${"a".repeat(250)}.slice`,
  ];
  for (const slice of bad) {
    assertThrows(
      () => expandSlice(slice),
      ConfigError,
      `invalid slice name: ${slice};`,
    );
  }
});

Deno.test("scopeName() makes prefix-name.scope, in the slice", () => {
  const of = (cgroupsPath: string): unknown =>
    scopeName({ id: "x", cgroupsPath }, false);
  assertEquals(of("a-b.slice:cri:c1"), {
    unit: "cri-c1.scope",
    slice: "a-b.slice",
  });
  assertEquals(of("a.slice::c1"), { unit: "c1.scope", slice: "a.slice" });
  assertEquals(of(":cri:c1"), { unit: "cri-c1.scope", slice: "system.slice" });
  assertEquals(scopeName({ id: "x", cgroupsPath: ":p:c" }, true), {
    unit: "p-c.scope",
    slice: "user.slice",
  });
});

Deno.test("scopeName() without a path is the id, escaped", () => {
  assertEquals(scopeName({ id: "web" }, false), {
    unit: "nsinit-web.scope",
    slice: "system.slice",
  });
  assertEquals(scopeName({ id: "a+b", cgroupsPath: "" }, true), {
    unit: "nsinit-a\\x2bb.scope",
    slice: "user.slice",
  });
  assertEquals(escapeUnitName("a\\b@c/d"), "a\\x5cb\\x40c\\x2fd");
});

Deno.test("scopeName() refuses a path of another form", () => {
  for (const cgroupsPath of ["/a/b", "web", "a.slice:b", "a.slice:b:c:d"]) {
    const error = assertThrows(
      () => scopeName({ id: "x", cgroupsPath }, false),
      ConfigError,
      `format "slice:prefix:name" for systemd cgroups, got "${cgroupsPath}"`,
    );
    assertEquals(error.pointer, "/linux/cgroupsPath");
  }
});

Deno.test("scopeName() refuses names that are none", () => {
  const cases: [string, string][] = [
    ["a.slice:p:", "the name of the scope is empty"],
    ["a.slice:p:c.slice", "names a slice"],
    ["a.slice:p:c d", "no name of a unit"],
    ["a.slice:p:c/d", "no name of a unit"],
    ["a.slice:p@:c", "no name of a unit"],
    [`a.slice:p:${"c".repeat(250)}`, "at most 255"],
    ["a:p:c", "invalid slice name: a;"],
  ];
  for (const [cgroupsPath, text] of cases) {
    assertThrows(
      () => scopeName({ id: "x", cgroupsPath }, false),
      ConfigError,
      text,
    );
  }
});
