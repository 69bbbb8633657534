/**
 * Asks the C compiler what a kernel header says, without running anything: the
 * program is only compiled to assembly, so AArch64 values come out on an x86-64
 * machine as long as a cross compiler is there.
 *
 * @module
 */
import type { Arch } from "../../ffi/abi/syscalls.ts";

/** A compiler for one architecture. */
export interface Compiler {
  readonly arch: Arch;
  readonly command: string;
}

/** What a header says about one name. */
export interface Found {
  /** The value as C sees it, widened to 64 bits with its sign. */
  readonly value: bigint;
  /** The source text of the definition, which tells the radix; empty for a plain enumerator. */
  readonly text: string;
}

const decoder = new TextDecoder();

function names(arch: Arch): string[] {
  return arch === Deno.build.arch
    ? ["cc", `${arch}-linux-gnu-gcc`]
    : [`${arch}-linux-gnu-gcc`];
}

/** The compilers this machine has, at most one for each architecture. */
export function compilers(): Compiler[] {
  const found: Compiler[] = [];
  for (const arch of ["x86_64", "aarch64"] as const) {
    for (const command of names(arch)) {
      if (!runs(command)) continue;
      found.push({ arch, command });
      break;
    }
  }
  return found;
}

function runs(command: string): boolean {
  try {
    return new Deno.Command(command, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs the compiler on a C text. Throws with the compiler's own words when it refuses it. */
export function compile(
  compiler: Compiler,
  args: string[],
  source: string,
): string {
  const file = Deno.makeTempFileSync({ suffix: ".c" });
  try {
    Deno.writeTextFileSync(file, source);
    const { success, stdout, stderr } = new Deno.Command(compiler.command, {
      args: ["-D_GNU_SOURCE", ...args, "-o", "-", file],
    }).outputSync();
    if (!success) {
      throw new Error(`Cannot compile for ${compiler.arch}`, {
        cause: decoder.decode(stderr),
      });
    }
    return decoder.decode(stdout);
  } finally {
    Deno.removeSync(file);
  }
}

const cache = new Map<string, Map<string, string>>();

/** The macros without arguments, and the enumerators, that the headers define: name to source text. */
export function definitions(
  compiler: Compiler,
  headers: readonly string[],
): Map<string, string> {
  const key = [compiler.command, ...headers].join(" ");
  const known = cache.get(key);
  if (known) return known;
  const found = new Map<string, string>();
  const text = compile(compiler, ["-E", "-dD"], includes(headers));
  const code = text.replaceAll(/^#.*$/gm, "");
  for (const [, body] of code.matchAll(/\benum\b[^{};]*\{([^}]*)\}/g)) {
    for (const item of (body ?? "").split(",")) {
      const [, name, value] = item.match(/^\s*(\w+)\s*(?:=\s*([^]*))?$/) ?? [];
      if (name) found.set(name, value?.trim() ?? "");
    }
  }
  for (const [, name, body] of text.matchAll(/^#define (\w+) +(.+)$/gm)) {
    // <linux/if.h> and others define an enumerator a second time as itself, for #ifdef
    if (name && body && body !== name) found.set(name, body);
  }
  cache.set(key, found);
  return found;
}

/** Evaluates constant C expressions in the context of the headers. */
export function evaluate(
  compiler: Compiler,
  headers: readonly string[],
  expressions: readonly string[],
): bigint[] {
  const lines = expressions.map((expression, index) =>
    `  __asm__ volatile("\\n@@${index} %0" : : "i"((long long)(${expression})));`
  );
  const assembly = compile(
    compiler,
    ["-S", "-O1", "-w"],
    `${includes(headers)}#include <stddef.h>\nvoid values(void) {\n${
      lines.join("\n")
    }\n}\n`,
  );
  const values: bigint[] = [];
  for (const [, index, value] of assembly.matchAll(/^@@(\d+) \$?(-?\d+)/gm)) {
    values[Number(index)] = BigInt(value ?? "");
  }
  if (values.length !== expressions.length) {
    throw new Error("Cannot read back every value from the assembly text");
  }
  return values;
}

function includes(headers: readonly string[]): string {
  return headers.map((header) => `#include <${header}>\n`).join("");
}
