/**
 * Writes ffi/abi/*.ts from the kernel's headers: `deno task gen:abi`.
 *
 * Needs a C compiler for x86-64 and one for AArch64 (Debian: gcc,
 * gcc-aarch64-linux-gnu), and the headers of 32-bit ARM (linux-libc-dev-armhf-cross).
 * Nothing compiled is run, so either machine will do.
 *
 * @module
 */
import type { Arch } from "../ffi/abi/syscalls.ts";
import {
  type Compiler,
  compilers,
  definitions,
  evaluate,
} from "./abi/probe.ts";
import { COMPAT_TABLES, renderCompat } from "./abi/compat.ts";
import { banner, renderTable } from "./abi/render.ts";
import { NEWER_SYSCALLS, NEWER_SYSCALLS_OF, TABLES } from "./abi/tables.ts";

const OUT = new URL("../ffi/abi/", import.meta.url);

function kernelRelease(compiler: Compiler): string {
  const [code = 0n] = evaluate(compiler, ["linux/version.h"], [
    "LINUX_VERSION_CODE",
  ]);
  return `${code >> 16n}.${(code >> 8n) & 0xffn}`;
}

function syscallNumbers(compiler: Compiler): [string, number][] {
  const headers = ["asm/unistd.h"];
  const names = [...definitions(compiler, headers).keys()].filter((name) =>
    name.startsWith("__NR_") &&
    !["__NR_syscalls", "__NR_arch_specific_syscall"].includes(name)
  );
  const values = evaluate(compiler, headers, names);
  const table = new Map<string, number>(
    names.map((name, index) => [name.slice(5), Number(values[index])]),
  );
  const newer = { ...NEWER_SYSCALLS, ...NEWER_SYSCALLS_OF[compiler.arch] };
  for (const [name, number] of Object.entries(newer)) {
    const known = table.get(name);
    if (known !== undefined && known !== number) {
      throw new Error(`${name} is ${known} in the header, not ${number}`);
    }
    table.set(name, number);
  }
  return [...table].sort((a, b) => a[1] - b[1]);
}

function renderSyscalls(all: readonly Compiler[], release: string): string {
  const tables = all.map((compiler) => {
    const lines = syscallNumbers(compiler).map(([name, nr]) =>
      `${name}: ${nr},`
    );
    return `// from <asm/unistd.h> of ${compiler.arch}, Linux ${release}, and a supplement up to 6.18
const ${compiler.arch.toUpperCase()} = {\n${lines.join("\n")}\n} as const;`;
  });
  return `${banner("System call numbers of both architectures.", true)}

/** The architectures this project has machine code and tables for, spelled as in \`Deno.build.arch\`. */
export type Arch = "x86_64" | "aarch64";

${tables.join("\n\n")}

/** Every system call that at least one of the architectures has. */
export type SyscallName = keyof typeof X86_64 | keyof typeof AARCH64;

/** System call name to number; a call that the architecture lacks is absent. */
export const SYSCALLS: Readonly<
  Record<Arch, Readonly<Partial<Record<SyscallName, number>>>>
> = { x86_64: X86_64, aarch64: AARCH64 };

/**
 * The name of a system call, for messages and listings.
 *
 * @returns the name, or \`syscall_<nr>\` for a number not in the table
 */
export function syscallName(arch: Arch, nr: number): string {
  for (const [name, number] of Object.entries(SYSCALLS[arch])) {
    if (number === nr) return name;
  }
  return \`syscall_\${nr}\`;
}
`;
}

/** The C library's texts, first letter in lower case unless the word is an abbreviation. */
function errnoTexts(numbers: readonly number[]): string[] {
  const file = Deno.makeTempFileSync({ suffix: ".c" });
  const program = `${file}.out`;
  try {
    Deno.writeTextFileSync(
      file,
      `#include <stdio.h>\n#include <string.h>\nint main(void) {\n${
        numbers.map((number) => `puts(strerror(${number}));`).join("\n")
      }\n}\n`,
    );
    const built = new Deno.Command("cc", { args: ["-o", program, file] })
      .outputSync();
    if (!built.success) throw new Error("Cannot compile the strerror program");
    const { stdout } = new Deno.Command(program, { env: { LC_ALL: "C" } })
      .outputSync();
    return new TextDecoder().decode(stdout).trimEnd().split("\n").map((text) =>
      /^.[A-Z]/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1)
    );
  } finally {
    Deno.removeSync(file);
    Deno.removeSync(program);
  }
}

function renderErrno(all: readonly Compiler[], release: string): string {
  const tables = all.map((compiler) => {
    const headers = ["errno.h"]; // the C library adds ENOTSUP to <asm/errno.h>
    const names = [...definitions(compiler, headers).keys()].filter((name) =>
      /^E[A-Z0-9]+$/.test(name)
    );
    const values = evaluate(compiler, headers, names);
    return names.map((name, i): [string, number] => [name, Number(values[i])]);
  });
  const entries = (tables[0] ?? []).sort((a, b) => a[1] - b[1]);
  for (const other of tables.slice(1)) {
    const sorted = other.sort((a, b) => a[1] - b[1]);
    if (JSON.stringify(sorted) !== JSON.stringify(entries)) {
      throw new Error("errno numbers differ between architectures");
    }
  }
  const aliases = new Set(["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"]);
  entries.sort((a, b) =>
    a[1] - b[1] || Number(aliases.has(a[0])) - Number(aliases.has(b[0]))
  );
  const main = entries.filter(([name]) => !aliases.has(name));
  const texts = errnoTexts(main.map(([, number]) => number));
  return `${banner("Error numbers: errno(3), with the C library's texts.")}

// from <errno.h>, Linux ${release}
/** Error names to their numbers; the same on both architectures. */
export const ERRNO = {
${entries.map(([name, number]) => `${name}: ${number},`).join("\n")}
} as const;

/** A name from errno(3). */
export type ErrnoName = keyof typeof ERRNO;

// strerror(3) of the GNU C library, the first letter in lower case
const TEXTS: Readonly<Record<number, string>> = {
${main.map(([, nr], i) => `${nr}: ${JSON.stringify(texts[i])},`).join("\n")}
};

/**
 * The name of an error number.
 *
 * @param errno the positive number
 * @returns a name such as \`ENOENT\`; \`E<n>\` for a number without one. Of two names for one number
 * (\`EAGAIN\` and \`EWOULDBLOCK\`) the one kernel code uses.
 */
export function errnoName(errno: number): string {
  names ??= new Map(
    // Of two names for one number (EAGAIN, EWOULDBLOCK) the first one counts.
    Object.entries(ERRNO).reverse().map(([name, number]) => [number, name]),
  );
  return names.get(errno) ?? \`E\${errno}\`;
}

let names: Map<number, string> | undefined;

/**
 * What an error number means, as the C library says it, such as \`no such file or directory\`.
 *
 * @param errno the positive number
 */
export function errnoText(errno: number): string {
  return TEXTS[errno] ?? \`unknown error \${errno}\`;
}
`;
}

/** Signals by name, as callers of the command line spell them. */
const SIGNAL_FUNCTIONS = `
/** A name from signal(7), such as \`SIGTERM\`. */
export type SignalName = keyof typeof SIGNALS;

/**
 * The number of a signal written as a name, with or without \`SIG\`, in any case.
 *
 * @returns undefined for an unknown name. Real-time signals have no names here (callers send numbers).
 */
export function signalNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  const full = upper.startsWith("SIG") ? upper : \`SIG\${upper}\`;
  return Object.hasOwn(SIGNALS, full)
    ? SIGNALS[full as SignalName]
    : undefined;
}

/** The name of a signal, such as \`SIGTERM\`; undefined for real-time signals and bad numbers. */
export function signalName(number: number): SignalName | undefined {
  for (const [name, value] of Object.entries(SIGNALS)) {
    if (value === number) return name as SignalName;
  }
  return undefined;
}
`;

/** The text of every generated file, by file name. */
export function generate(): Map<string, string> {
  const all = compilers();
  const missing = (["x86_64", "aarch64"] satisfies Arch[]).filter((arch) =>
    !all.some((compiler) => compiler.arch === arch)
  );
  const [first] = all;
  if (missing.length > 0 || !first) {
    throw new Error(`No C compiler for ${missing.join(" and ")}`);
  }
  const release = kernelRelease(first);
  const files = new Map<string, string>();
  files.set("syscalls.ts", renderSyscalls(all, release));
  files.set("errno.ts", renderErrno(all, release));
  const x86 = all.find(({ arch }) => arch === "x86_64")!;
  for (const table of COMPAT_TABLES) {
    files.set(`${table.file}.ts`, renderCompat(x86, table, release));
  }
  for (const table of TABLES) {
    const tail = table.file === "signal" ? SIGNAL_FUNCTIONS : "";
    files.set(`${table.file}.ts`, renderTable(all, table, release) + tail);
  }
  return files;
}

if (import.meta.main) {
  const files = generate();
  for (const [name, text] of files) {
    Deno.writeTextFileSync(new URL(name, OUT), text);
  }
  const { success } = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", ...files.keys()],
    cwd: OUT,
  }).outputSync();
  if (!success) throw new Error("deno fmt refused the generated files");
  console.log(`${files.size} files written to ffi/abi/`);
}
