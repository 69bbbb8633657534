import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { classicChunk, LOADER, packChunks } from "./classic_chunks.ts";

/** Runs chunks by the loader in a Deno of their own. */
function run(chunks: Record<string, string>): string {
  const dir = Deno.makeTempDirSync();
  try {
    const scripts = new Map(
      Object.entries(chunks).map((
        [name, text],
      ) => [name, classicChunk(name, text)]),
    );
    for (const [name, script] of scripts) {
      Deno.writeTextFileSync(`${dir}/${name}.txt`, script);
    }
    Deno.writeTextFileSync(`${dir}/main.js.txt`, packChunks(scripts, []));
    Deno.writeTextFileSync(`${dir}/main.js`, LOADER);
    const { stdout, stderr } = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", `${dir}/main.js`],
      env: { NO_COLOR: "1" },
    }).outputSync();
    const decoder = new TextDecoder();
    return (decoder.decode(stdout) + decoder.decode(stderr))
      .replaceAll(dir, "DIR");
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

const SHARED = `// shared.ts
var Failure = class extends Error {
};
function load(lazy) {
  return lazy;
}
console.log("evaluated once");

export {
  Failure,
  load as l
};
`;

Deno.test("chunks share what they import, and are loaded when asked for", () => {
  const output = run({
    "main.js": `import {
  Failure,
  l
} from "./chunk-A1.js";
import "./chunk-B2.js";

// main.ts
try {
  console.log("start", l(1));
  const { fail } = await import("./fail-C3.js");
  fail();
} catch (error) {
  console.log(error instanceof Failure);
}
`,
    "chunk-A1.js": SHARED,
    "chunk-B2.js": `console.log("imported for its effect");\n`,
    "fail-C3.js":
      `import{Failure as F}from"./chunk-A1.js";console.log("late");function f(){throw new F}export{f as fail};`,
  });
  assertEquals(
    output,
    "evaluated once\nimported for its effect\nstart 1\nlate\ntrue\n",
  );
});

Deno.test("an error's trace names the chunk's file", () => {
  const output = run({
    "main.js": `function broken() {\n  throw new Error("no");\n}\nbroken();\n`,
  });
  assertEquals(
    /at broken \(file:\/\/DIR\/main\.js\.txt.*:\d+:9\)/.test(output),
    true,
    output,
  );
});

Deno.test("classicChunk() refuses what it would get wrong", () => {
  const wrong = {
    "an import of another form": `import * as a from "./chunk-A1.js";`,
    "an import from elsewhere": `import { a } from "npm:zod";`,
    "a second export": `export const a = 1;\nexport { b };`,
    "a default export": `export default 1;`,
    "import.meta": `console.log(import.meta.url);`,
    "await outside the entry": `await 1;`,
    "our own names": `var __nsinit_load = 1;`,
  };
  for (const [name, text] of Object.entries(wrong)) {
    assertThrows(
      () => classicChunk("chunk-X.js", text),
      Error,
      "Cannot turn chunk chunk-X.js into a script",
      name,
    );
  }
});

Deno.test("packChunks() takes the entry, what it imports, and what else is named", () => {
  const scripts = new Map([
    ["main.js", 'const { a: a } = __nsinit_load("a.js.txt");'],
    ["a.js", 'const { b: b } = __nsinit_load("b.js.txt");'],
    ["b.js", "0"],
    ["also.js", "1"],
    ["lazy.js", "2"],
  ]);
  const pack = packChunks(scripts, ["also.js"]);
  const names = [...pack.matchAll(/^"([^"]+)": /gm)].map(([, name]) => name);
  assertEquals(names, ["main.js.txt", "a.js.txt", "b.js.txt", "also.js.txt"]);
});
