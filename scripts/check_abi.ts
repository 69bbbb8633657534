/**
 * Compares ffi/abi/*.ts, and the layouts of structures, with the C headers of
 * this machine: `deno task check:abi`. A constant that the installed headers
 * are too old for is listed, not failed.
 *
 * @module
 */
import { ERRNO } from "../ffi/abi/errno.ts";
import { type Arch, SYSCALLS } from "../ffi/abi/syscalls.ts";
import { COMPAT_TABLES, readCompat } from "./abi/compat.ts";
import {
  type Compiler,
  compilers,
  definitions,
  evaluate,
} from "./abi/probe.ts";
import { readBlock } from "./abi/render.ts";
import { type Block, TABLES } from "./abi/tables.ts";

/** What a comparison with the headers found. */
export interface AbiReport {
  /** Architectures whose headers were there to compare with. */
  readonly arches: Arch[];
  /** How many values were compared. */
  compared: number;
  /** One line for each value that differs. */
  readonly differing: string[];
  /** Names the headers of at least one architecture don't define. */
  readonly missing: Set<string>;
}

/** The layout of a C structure, as a codec has it. */
export interface Layout {
  /** Headers to include, such as `linux/sched.h`. */
  readonly headers: readonly string[];
  /** The C type, such as `struct clone_args`. */
  readonly type: string;
  /** Size in bytes; absent where only offsets matter. */
  readonly size?: number;
  /** Byte offset of each field. */
  readonly offsets: Readonly<Record<string, number>>;
}

type Values = Readonly<Record<string, unknown>>;

/** Compares names with what a header says; names it lacks are only listed, so an old header is no failure. */
function compare(
  report: AbiReport,
  arch: Arch,
  ours: Values,
  theirs: ReadonlyMap<string, bigint>,
): void {
  for (const [name, value] of Object.entries(ours)) {
    const known = theirs.get(name);
    const own = numeric(value, arch);
    if (own === undefined) continue;
    if (known === undefined) {
      report.missing.add(name);
      continue;
    }
    report.compared++;
    const same = [32, 64].some((bits) =>
      BigInt.asUintN(bits, own) === BigInt.asUintN(bits, known) &&
      (bits === 64 || fits32(own, known))
    );
    if (!same) {
      report.differing.push(
        `${name} is ${own} here, ${known} in the header of ${arch}`,
      );
    }
  }
}

/** A constant's value on an architecture; undefined for what is no constant. */
function numeric(value: unknown, arch: Arch): bigint | undefined {
  if (typeof value === "number" || typeof value === "bigint") {
    return BigInt(value);
  }
  if (typeof value !== "object" || value === null || !(arch in value)) {
    return undefined;
  }
  return numeric((value as Values)[arch], arch);
}

/** C gives `1 << 31` and the like a sign that the kernel ignores. */
function fits32(own: bigint, known: bigint): boolean {
  return own <= 0xffff_ffffn && known >= -(2n ** 31n);
}

function headerValues(
  compiler: Compiler,
  blocks: readonly Block[],
): Map<string, bigint> {
  const values = new Map<string, bigint>();
  for (const block of blocks) {
    const found = readBlock([compiler], { ...block, newer: {} });
    for (const [name, { value }] of found.get(compiler.arch) ?? []) {
      if (!values.has(name)) values.set(name, value);
    }
  }
  return values;
}

/** Values by name, for system calls and errno, which are not in TABLES. */
function named(
  compiler: Compiler,
  header: string,
  prefix: string,
): Map<string, bigint> {
  const all = definitions(compiler, [header]);
  const names = [...all.keys()].filter((name) => name.startsWith(prefix));
  const values = evaluate(compiler, [header], names);
  return new Map(
    names.map((name, index) => [
      prefix === "__NR_" ? name.slice(prefix.length) : name,
      values[index] ?? -1n,
    ]),
  );
}

/** Compares the tables of architectures beside the native ones, as far as their headers are here. */
async function compareCompat(
  report: AbiReport,
  compiler: Compiler,
): Promise<void> {
  for (const table of COMPAT_TABLES) {
    const isMissing = table.headers.some((header) =>
      header.startsWith("/") && !exists(header)
    );
    if (isMissing) {
      report.missing.add(`${table.constant} (${table.package})`);
      continue;
    }
    const module: Values = await import(
      new URL(`../ffi/abi/${table.file}.ts`, import.meta.url).href
    );
    const theirs = [...readCompat(compiler, table)].map((
      [name, number],
    ): [string, bigint] => [name, BigInt(number)]);
    compare(
      report,
      compiler.arch,
      module[table.constant] as Values,
      new Map(theirs),
    );
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Compares every constant of ffi/abi/ with the headers of each architecture that has a compiler here. */
export async function checkConstants(): Promise<AbiReport> {
  const all = compilers();
  const report: AbiReport = {
    arches: all.map(({ arch }) => arch),
    compared: 0,
    differing: [],
    missing: new Set(),
  };
  for (const compiler of all) {
    const { arch } = compiler;
    compare(
      report,
      arch,
      SYSCALLS[arch],
      named(compiler, "asm/unistd.h", "__NR_"),
    );
    const errnos = named(compiler, "errno.h", "E");
    compare(report, arch, ERRNO, errnos);
    if (arch === "x86_64") await compareCompat(report, compiler);
    for (const table of TABLES) {
      const module: Values = await import(
        new URL(`../ffi/abi/${table.file}.ts`, import.meta.url).href
      );
      const theirs = headerValues(compiler, table.blocks);
      for (const [name, value] of Object.entries(module)) {
        const isTable = table.blocks.some((block) =>
          block.table?.name === name
        );
        compare(
          report,
          arch,
          isTable ? value as Values : { [name]: value },
          theirs,
        );
      }
    }
  }
  return report;
}

/**
 * Compares layouts of structures with the headers of each architecture that has a compiler here.
 *
 * @returns one line for each size or offset that differs
 * @throws {Error} if a header, type or field is unknown to the compiler
 */
export function checkLayouts(layouts: readonly Layout[]): string[] {
  const differing: string[] = [];
  for (const compiler of compilers()) {
    for (const { headers, type, size, offsets } of layouts) {
      const fields = Object.entries(offsets);
      const [sizeInC, ...offsetsInC] = evaluate(compiler, headers, [
        `sizeof(${type})`,
        ...fields.map(([field]) => `offsetof(${type}, ${field})`),
      ]);
      if (size !== undefined && sizeInC !== BigInt(size)) {
        differing.push(
          `${type} has ${size} bytes here, ${sizeInC} on ${compiler.arch}`,
        );
      }
      fields.forEach(([field, offset], index) => {
        if (offsetsInC[index] === BigInt(offset)) return;
        differing.push(
          `${type}.${field} is at ${offset} here, at ${
            offsetsInC[index]
          } on ${compiler.arch}`,
        );
      });
    }
  }
  return differing;
}

if (import.meta.main) {
  const { arches, compared, differing, missing } = await checkConstants();
  console.log(`${compared} values compared, on ${arches.join(" and ")}`);
  if (missing.size > 0) {
    console.log(`not in the installed headers: ${[...missing].join(", ")}`);
  }
  for (const line of differing) console.log(line);
  if (arches.length === 0) console.log("no C compiler: nothing compared");
  if (differing.length > 0) Deno.exit(1);
}
