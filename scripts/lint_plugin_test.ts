import { assertEquals } from "../lib/deps/assert.ts";
import plugin from "./lint_plugin.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** The rules that refuse a text as the file at `path`. */
function refusals(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, ROOT + path, source)
    .map(({ id }) => id.replace("house/", ""));
}

Deno.test("fenced-ffi refuses Deno.dlopen and Deno.Unsafe* outside ffi/, tests included", () => {
  const uses = [
    "Deno.dlopen('libc.so.6', {});",
    "new Deno.UnsafePointerView(p);",
    "Deno['dlopen']('libc.so.6', {});",
    "const { dlopen } = Deno;",
  ];
  for (const use of uses) {
    assertEquals(refusals("lib/cli/x.ts", use), ["fenced-ffi"], use);
    assertEquals(refusals("tests/x_test.ts", use), ["fenced-ffi"], use);
    assertEquals(refusals("ffi/x.ts", use), [], use);
  }
  assertEquals(refusals("lib/cli/x.ts", "Deno.readTextFileSync('x');"), []);
});

Deno.test("no-console refuses console in the library, and lets it be in main.ts, samples, scripts and tests", () => {
  for (const path of ["lib/cli/x.ts", "ffi/x.ts", "init/x.ts", "mod.ts"]) {
    assertEquals(refusals(path, "console.log(1);"), ["no-console"], path);
  }
  for (
    const path of [
      "main.ts",
      "samples/x.ts",
      "scripts/x.ts",
      "tests/x.ts",
      "lib/x_test.ts",
    ]
  ) {
    assertEquals(refusals(path, "console.log(1);"), [], path);
  }
});

Deno.test("no-private-keyword refuses private members and parameters", () => {
  const wrong = [
    "class A { private x = 1; }",
    "class A { private x() {} }",
    "class A { constructor(private x: number) {} }",
  ];
  for (const source of wrong) {
    assertEquals(refusals("lib/x.ts", source), ["no-private-keyword"], source);
  }
  assertEquals(
    refusals("lib/x.ts", "class A { #x = 1; protected y = 2; }"),
    [],
  );
});

Deno.test("no-node refuses node: modules and globalThis.process", () => {
  const wrong = [
    "import fs from 'node:fs';",
    "export * from 'node:path';",
    "await import('node:os');",
    "globalThis.process.exit();",
  ];
  for (const source of wrong) {
    assertEquals(refusals("lib/x.ts", source), ["no-node"], source);
  }
  assertEquals(refusals("lib/x.ts", "container.process.exit();"), []);
});

Deno.test("no-bare-imports lets npm: specifiers be in lib/deps only", () => {
  for (
    const from of ["zod", "npm:zod@4", "jsr:@std/path", "https://x.y/z.ts"]
  ) {
    const source = `import * as z from "${from}";`;
    assertEquals(refusals("lib/spec/x.ts", source), ["no-bare-imports"], from);
  }
  const npm = `export * from "npm:zod@4.6.7/mini";`;
  assertEquals(refusals("lib/deps/zod.ts", npm), []);
  assertEquals(refusals("lib/x.ts", `import { x } from "../ffi/x.ts";`), []);
});

Deno.test("no-mutable-export refuses exported let and var, not const", () => {
  for (const word of ["let", "var"]) {
    assertEquals(refusals("lib/x.ts", `export ${word} x = 1;`), [
      "no-mutable-export",
    ]);
  }
  assertEquals(refusals("lib/x.ts", "export const x = 1; let y = 2; y++;"), []);
});
