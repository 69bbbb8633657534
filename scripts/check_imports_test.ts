import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import {
  cycles,
  type Graph,
  type Import,
  parseInfo,
  slowStart,
  wrongDirections,
} from "./check_imports.ts";

function graph(modules: Record<string, (string | Import)[]>): Graph {
  return new Map(
    Object.entries(modules).map(([from, imports]) => [
      from,
      imports.map((to): Import =>
        typeof to === "string" ? { to, code: true, dynamic: false } : to
      ),
    ]),
  );
}

Deno.test("wrongDirections() accepts imports downwards and within a layer", () => {
  const good = graph({
    "main.ts": ["lib/cli/run.ts"],
    "lib/cli/run.ts": ["lib/container/factory.ts", "lib/cli/help.ts"],
    "lib/container/factory.ts": ["lib/mounts/plan.ts", "init/program.ts"],
    "lib/mounts/plan.ts": ["init/program.ts", "lib/errors.ts"],
    "init/program.ts": ["ffi/errors.ts"],
    "lib/deps/zod.ts": ["npm:zod@4.6.7/mini"],
  });
  assertEquals(wrongDirections(good), []);
});

Deno.test("wrongDirections() refuses imports upwards and from scripts/ or tests/", () => {
  for (
    const [from, to] of [
      ["ffi/x.ts", "lib/errors.ts"],
      ["init/x.ts", "lib/mounts/plan.ts"],
      ["lib/mounts/x.ts", "lib/container/factory.ts"],
      ["lib/container/x.ts", "lib/cli/run.ts"],
      ["lib/cli/x.ts", "main.ts"],
      ["ffi/x.ts", "scripts/build.ts"],
      ["lib/x.ts", "tests/box.ts"],
    ] as const
  ) {
    const lines = wrongDirections(graph({ [from]: [to] }));
    assertEquals(lines.length, 1, `${from} → ${to}`);
  }
});

Deno.test("cycles() finds a cycle of three, types included, and no diamond", () => {
  const type = { to: "lib/a.ts", code: false, dynamic: false };
  assertEquals(
    cycles(graph({
      "lib/a.ts": ["lib/b.ts"],
      "lib/b.ts": ["lib/c.ts"],
      "lib/c.ts": [type],
    })),
    ["cycle: lib/a.ts → lib/b.ts → lib/c.ts → lib/a.ts"],
  );
  assertEquals(
    cycles(graph({
      "lib/a.ts": ["lib/b.ts", "lib/c.ts"],
      "lib/b.ts": ["lib/d.ts"],
      "lib/c.ts": ["lib/d.ts"],
      "lib/d.ts": [],
    })),
    [],
  );
});

Deno.test("slowStart() refuses zod and node: on the static path only", () => {
  const modules = (dynamic: boolean): Graph =>
    graph({
      "main.ts": [{ to: "lib/cli/run.ts", code: true, dynamic }],
      "lib/cli/run.ts": ["npm:zod@4.6.7/mini", "node:fs"],
    });
  assertEquals(slowStart(modules(true), "main.ts"), []);
  assertEquals(slowStart(modules(false), "main.ts").length, 2);
});

Deno.test("parseInfo() refuses a graph with a module that can't be loaded", () => {
  const json = JSON.stringify({
    modules: [{ specifier: "file:///x.ts", error: "Module not found" }],
  });
  assertThrows(() => parseInfo(json), Error, "Module not found");
});
