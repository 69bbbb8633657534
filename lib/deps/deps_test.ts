import { assert, assertEquals, fail } from "./assert.ts";
import { parseArgs } from "./parse_args.ts";
import { join, relative, resolve } from "./path.ts";

/** Type-checks programs that import from this folder, in one go; returns the names of those refused. */
async function refused(programs: Record<string, string>): Promise<string[]> {
  const dir = await Deno.makeTempDir();
  try {
    const here = new URL(".", import.meta.url).href;
    const files = new Map<string, string>();
    for (const [name, source] of Object.entries(programs)) {
      const file = `${dir}/use_${files.size}.ts`;
      files.set(name, file);
      await Deno.writeTextFile(file, source.replaceAll("./", here));
    }
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "check",
        "--no-config",
        "--no-lock",
        "--quiet",
        ...files.values(),
      ],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stderr);
    return [...files].filter(([, file]) => text.includes(`at file://${file}:`))
      .map(([name]) => name);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("the type check refuses wrong uses of re-exports, and only those", async () => {
  const wrong: Record<string, string> = {
    "parseArgs(1)": `
      import { parseArgs } from "./parse_args.ts";
      parseArgs(1);`,
    "an undeclared flag": `
      import { parseArgs } from "./parse_args.ts";
      parseArgs([], { boolean: ["a"] }).b;`,
    "a boolean flag as string": `
      import { parseArgs } from "./parse_args.ts";
      export const x: string = parseArgs([], { boolean: ["a"] }).a;`,
    "join(1)": `
      import { join } from "./path.ts";
      join(1);`,
    "assertEquals of two types": `
      import { assertEquals } from "./assert.ts";
      assertEquals<string>("a", 1);`,
    "assertMatch with a string": `
      import { assertMatch } from "./assert.ts";
      assertMatch("a", "a");`,
    "a zod string read as a number": `
      import * as z from "./zod.ts";
      export const n: number = z.string().parse("");`,
  };
  const right = `
    import { parseArgs } from "./parse_args.ts";
    import { join } from "./path.ts";
    import { assertThrows } from "./assert.ts";
    const args = parseArgs([], { boolean: ["force"], string: ["bundle", "_"] });
    const force: boolean = args.force;
    const bundle: string | undefined = args.bundle;
    const words: string[] = args._;
    export const error: TypeError = assertThrows(
      () => join(String(force), bundle ?? "", ...words),
      TypeError,
    );`;
  assertEquals(await refused({ ...wrong, right }), Object.keys(wrong));
});

Deno.test("parseArgs() keeps positional arguments as typed when asked for strings", () => {
  const args = parseArgs(["--force", "-b", "/x", "007", "--", "-y"], {
    boolean: ["force"],
    string: ["bundle", "_"],
    alias: { bundle: "b" },
    "--": true,
  });
  assert(args.force);
  assertEquals(args.bundle, "/x");
  assertEquals(args._, ["007"]);
  assertEquals(args["--"], ["-y"]);
});

Deno.test("join() joins with one slash", () => {
  assertEquals(join("/a/", "/b", "../c"), "/a/c");
});

Deno.test("resolve() and relative() leave the global `process` alone, which would load Node's polyfills", () => {
  const kept = Object.getOwnPropertyDescriptor(globalThis, "process");
  Object.defineProperty(globalThis, "process", {
    configurable: true,
    get: () => fail("process was touched"),
  });
  try {
    const cwd = Deno.cwd();
    assertEquals(resolve("a", "../b"), `${cwd}/b`);
    assertEquals(resolve(), cwd);
    assertEquals(resolve(""), cwd);
    assertEquals(resolve("/a", "b"), "/a/b");
    assertEquals(resolve("x", "/a/./b/.."), "/a");
    assertEquals(relative("a/b", "a/c"), "../c");
  } finally {
    if (kept) Object.defineProperty(globalThis, "process", kept);
  }
});
