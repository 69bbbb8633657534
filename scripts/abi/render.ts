/**
 * Turns what the headers say into the text of ffi/abi/*.ts.
 *
 * @module
 */
import type { Arch } from "../../ffi/abi/syscalls.ts";
import { type Compiler, definitions, evaluate, type Found } from "./probe.ts";
import type { Block, Table } from "./tables.ts";

/** Values of one block on every architecture probed. */
export type BlockValues = Map<Arch, Map<string, Found>>;

/** Reads one block's names and values from the installed headers. */
export function readBlock(
  compilers: readonly Compiler[],
  block: Block,
): BlockValues {
  const result: BlockValues = new Map();
  for (const compiler of compilers) {
    const all = definitions(compiler, block.headers);
    const names = [...all.keys()].filter((name) => wanted(block, name));
    const values = evaluate(compiler, block.headers, names);
    const found = new Map<string, Found>();
    names.forEach((name, index) =>
      found.set(name, {
        value: values[index] ?? 0n,
        text: source(all, name),
      })
    );
    for (const [name, literal] of Object.entries(block.newer ?? {})) {
      if (found.has(name)) continue;
      found.set(name, {
        value: BigInt(literal.replace(/U?L*$/i, "")),
        text: literal,
      });
    }
    result.set(compiler.arch, found);
  }
  return result;
}

function wanted(block: Block, name: string): boolean {
  const whole = (pattern: RegExp): boolean =>
    new RegExp(`^(?:${pattern.source})$`).test(name);
  return whole(block.match) && !(block.except && whole(block.except));
}

/** The definition's text, following names that stand for other names, so that the radix shows. */
function source(all: Map<string, string>, name: string): string {
  let text = all.get(name) ?? "";
  for (let depth = 0; depth < 8; depth++) {
    const next = text.replaceAll(
      /[A-Za-z_]\w*/g,
      (word) => all.get(word) ?? word,
    );
    if (next === text) break;
    text = next;
  }
  return text;
}

/** Writes a value in the radix the header uses; above 32 bits as a bigint, which can't be cut short by `|`. */
export function literal({ value, text }: Found): string {
  const hex = /0x|<<|_IO|~/i.test(text);
  const octal = /(^|[^\w.])0[0-7]+\b/.test(text);
  let unsigned = value;
  if ((hex || octal) && value < 0n) {
    unsigned = BigInt.asUintN(
      value >= -(2n ** 31n) && !/~0?UL/i.test(text) ? 32 : 64,
      value,
    );
  }
  const suffix = unsigned > 0xffff_ffffn ? "n" : "";
  if (hex) return `0x${unsigned.toString(16)}${suffix}`;
  if (octal && unsigned > 0n) return `0o${unsigned.toString(8)}${suffix}`;
  return `${unsigned}${suffix}`;
}

/** The whole text of one generated file. */
export function renderTable(
  compilers: readonly Compiler[],
  table: Table,
  release: string,
): string {
  const seen = new Set<string>();
  const blocks: string[] = [];
  let perArch = false;
  for (const block of table.blocks) {
    const values = readBlock(compilers, block);
    const lines: string[] = [];
    for (const name of allNames(values)) {
      const each = perArchitecture(compilers, values, name);
      const [first] = each;
      if (!first) continue;
      const differs = each.some(({ found }) =>
        found.value !== first.found.value
      );
      const text = literal(first.found);
      if (block.table) {
        if (differs) throw new Error(`${name} differs between architectures`);
        lines.push(`${name}: ${text},`);
        continue;
      }
      if (seen.has(name)) continue;
      seen.add(name);
      if (!differs) {
        lines.push(`export const ${name} = ${text};`);
        continue;
      }
      perArch = true;
      const entries = each.map(({ arch, found }) =>
        `${arch}: ${literal(found)}`
      );
      lines.push(
        "/** Differs between architectures. */",
        `export const ${name}: Readonly<Record<Arch, number>> = { ${
          entries.join(", ")
        } };`,
      );
    }
    if (lines.length > 0) blocks.push(renderBlock(block, lines, release));
  }
  const head = `${banner(table.title, perArch)}\n${
    perArch ? `import type { Arch } from "./syscalls.ts";\n` : ""
  }`;
  return `${head}\n${blocks.join("\n\n")}\n`;
}

/** One name's value on each architecture; empty when one of them lacks it. */
function perArchitecture(
  compilers: readonly Compiler[],
  values: BlockValues,
  name: string,
): { arch: Arch; found: Found }[] {
  const each: { arch: Arch; found: Found }[] = [];
  for (const { arch } of compilers) {
    const found = values.get(arch)?.get(name);
    if (!found) return [];
    each.push({ arch, found });
  }
  return each;
}

function renderBlock(block: Block, lines: string[], release: string): string {
  const cite = `// from <${block.headers[0]}>, Linux ${release}${
    block.newer ? " and a supplement for what is newer" : ""
  }`;
  if (!block.table) return `${cite}\n${lines.join("\n")}`;
  return `${cite}\n/** ${block.table.doc} */\nexport const ${block.table.name} = {\n${
    lines.join("\n")
  }\n} as const;`;
}

function allNames(values: BlockValues): Set<string> {
  const names = new Set<string>();
  for (const found of values.values()) {
    for (const name of found.keys()) names.add(name);
  }
  return names;
}

/** Head of every generated file; `snakeCase` for files with names like `x86_64`, which lint would refuse. */
export function banner(title: string, snakeCase = false): string {
  const ignore = snakeCase
    ? "\n// deno-lint-ignore-file camelcase -- kernel names keep their spelling"
    : "";
  return `/**\n * ${title}\n *\n * Generated by scripts/gen_abi.ts; do not edit.\n *\n * @module\n */${ignore}`;
}
