/**
 * Turns the modules that `deno bundle` writes into scripts that a small loader evaluates.
 *
 * Why: Deno parses every module by itself before V8 does, to find its imports. Without a cache on disk
 * (which an installed program should not need) that cost 6 of 30 ms for `state` and 40 of 200 for `run`,
 * measured. The text of a script goes to V8 alone.
 *
 * The input is not any JavaScript but what the bundler writes: imports of other chunks first, one
 * `export {…}` last, `import("./x.js")` in between. Anything else is refused.
 *
 * @module
 */

/** Name of the chunk with the program's entry. */
export const ENTRY = "main.js";

/**
 * The module that is run: it evaluates chunks as they are asked for, each once.
 *
 * Its own text is all that Deno parses.
 */
export const LOADER: string = `const here = import.meta.dirname + "/";
function read(name) {
  const text = Deno.readTextFileSync(here + name);
  return (0, eval)(text + "\\n//# sourceURL=file://" + here + name);
}
const packed = read("${ENTRY}.txt");
const chunks = new Map();
function load(name) {
  if (!chunks.has(name)) {
    const chunk = packed[name] ?? read(name);
    chunks.set(name, chunk(load, async (name) => load(name)));
  }
  return chunks.get(name);
}
await load("${ENTRY}.txt");
`;

/**
 * Puts the entry and what it needs at once into one script: a file less to read and to compile for each chunk.
 *
 * @param scripts the chunks as scripts, by their names
 * @param also chunks that are nearly always needed, though not at once
 * @returns an expression for an object of chunks by file name
 */
export function packChunks(
  scripts: ReadonlyMap<string, string>,
  also: readonly string[],
): string {
  const names = new Set<string>();
  const add = (name: string): void => {
    const script = scripts.get(name);
    if (script === undefined || names.has(name)) return;
    names.add(name);
    const needed = script.matchAll(/= __nsinit_load\("([^"]+)\.txt"\)/g);
    for (const [, chunk] of needed) add(chunk!);
  };
  [ENTRY, ...also].forEach(add);
  const members = [...names].map((name) =>
    `${JSON.stringify(`${name}.txt`)}: ${scripts.get(name)},\n`
  );
  return `({\n${members.join("")}})`;
}

// names that no chunk uses itself; checked below
const LOAD = "__nsinit_load";
const LAZY = "__nsinit_lazy";

const IMPORT =
  /\s*import\s*(?:\{(?<names>[^}]*)\}\s*from\s*)?"\.\/(?<chunk>[\w.-]+)";?/y;
const EXPORT = /export\s*\{(?<names>[^}]*)\};?\s*$/;
const DYNAMIC = /\bimport\("\.\/([\w.-]+)"\)/g;

/**
 * Turns one chunk into a script: an expression for a function that takes the loader and returns the
 * chunk's exports.
 *
 * Exports are read once by an importer, so a chunk must not change an exported variable later.
 *
 * @param name file name of the chunk
 * @param text the chunk as the bundler wrote it
 * @throws {Error} if the text has imports or exports of another form
 */
export function classicChunk(name: string, text: string): string {
  if (text.includes(LOAD) || text.includes(LAZY)) {
    throw new Error(
      `Cannot turn chunk ${name} into a script: it uses our names`,
    );
  }
  const imports: string[] = [];
  let at = 0;
  for (;;) {
    IMPORT.lastIndex = at;
    const groups = IMPORT.exec(text)?.groups;
    if (!groups) break;
    at = IMPORT.lastIndex;
    const names = pairs(groups.names ?? "")
      .map(([theirs, ours]) => `${theirs}: ${ours}`).join(", ");
    imports.push(`const { ${names} } = ${LOAD}("${groups.chunk}.txt");`);
  }
  let body = text.slice(at);
  const exported = body.match(EXPORT);
  if (exported) body = body.slice(0, exported.index);
  const result = pairs(exported?.groups?.names ?? "")
    .map(([ours, theirs]) => `${theirs}: ${ours}`).join(", ");
  body = body.replaceAll(DYNAMIC, (_, chunk) => `${LAZY}("${chunk}.txt")`);
  const script = `(${
    name === ENTRY ? "async " : ""
  }(${LOAD}, ${LAZY}) => { "use strict";\n${
    imports.join("\n")
  }${body}\nreturn { ${result} };\n})`;
  checkScript(name, script);
  return script;
}

/** The pairs of `a, b as c`: name before and after `as`. */
function pairs(list: string): [string, string][] {
  return list.split(",").map((item) => item.trim()).filter(Boolean)
    .map((item) => {
      const [before = "", after = before] = item.split(/\s+as\s+/);
      return [before, after];
    });
}

/** Leftover module syntax is a syntax error in a script, and import.meta with it; V8 is the judge. */
function checkScript(name: string, script: string): void {
  try {
    new Function(`return ${script};`);
  } catch (error) {
    throw new Error(`Cannot turn chunk ${name} into a script`, {
      cause: error,
    });
  }
}
