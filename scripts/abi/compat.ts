/**
 * System call tables of the architectures that a kernel runs beside its own: a filter must know their numbers too.
 *
 * @module
 */
import { type Compiler, definitions } from "./probe.ts";
import { banner } from "./render.ts";
import { NEWER_SYSCALLS } from "./tables.ts";

/** One such architecture. */
export interface CompatTable {
  /** File name in ffi/abi/, without `.ts`. */
  readonly file: string;
  /** Name of the exported table. */
  readonly constant: string;
  /** What the table is for. */
  readonly title: string;
  /** Headers with the numbers, and the Debian package that has them. */
  readonly headers: readonly string[];
  readonly package: string;
  /** What the macros' base stands for. */
  readonly base: number;
  /** Newer calls that it does not have. */
  readonly lacks: readonly string[];
  /** Calls that the headers define in a way of their own. */
  readonly extra: Readonly<Record<string, number>>;
}

const ARM = "/usr/arm-linux-gnueabihf/include/asm";

/** The tables. */
export const COMPAT_TABLES: readonly CompatTable[] = [
  {
    file: "syscalls_i386",
    constant: "SYSCALLS_I386",
    title: "System call numbers of i386, which x86-64 kernels run too.",
    headers: ["asm/unistd_32.h"],
    package: "linux-libc-dev",
    base: 0,
    lacks: [],
    extra: {},
  },
  {
    file: "syscalls_x32",
    constant: "SYSCALLS_X32",
    title:
      "System call numbers of x32, which x86-64 kernels may run too; with bit 30, as they are called.",
    headers: ["asm/unistd_x32.h"],
    package: "linux-libc-dev",
    base: 0x4000_0000,
    // of the ABI "64" in arch/x86/entry/syscalls/syscall_64.tbl of Linux
    lacks: ["map_shadow_stack"],
    extra: {},
  },
  {
    file: "syscalls_arm",
    constant: "SYSCALLS_ARM",
    title:
      "System call numbers of 32-bit ARM (EABI), which AArch64 kernels may run too.",
    headers: [`${ARM}/unistd-eabi.h`],
    package: "linux-libc-dev-armhf-cross",
    base: 0,
    lacks: [],
    // <asm/unistd.h> of ARM: an alias, and the private calls
    extra: {
      sync_file_range2: 341,
      breakpoint: 0xf0001,
      cacheflush: 0xf0002,
      usr26: 0xf0003,
      usr32: 0xf0004,
      set_tls: 0xf0005,
      get_tls: 0xf0006,
    },
  },
];

/**
 * The numbers that the headers give, by name. The macros are read as text: they can't be evaluated, for the compiler is
 * one of another architecture.
 */
export function readCompat(
  compiler: Compiler,
  { headers, base }: CompatTable,
): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const [name, body] of definitions(compiler, headers)) {
    const [, offset] = body.match(/^(?:\(\s*\w+\s*\+\s*)?(\d+)(?:\s*\))?$/) ??
      [];
    if (name.startsWith("__NR_") && offset !== undefined) {
      numbers.set(name.slice("__NR_".length), base + Number(offset));
    }
  }
  return numbers;
}

/** The text of one generated file. */
export function renderCompat(
  compiler: Compiler,
  table: CompatTable,
  release: string,
): string {
  const numbers = readCompat(compiler, table);
  for (const [name, number] of Object.entries(NEWER_SYSCALLS)) {
    if (!table.lacks.includes(name)) numbers.set(name, table.base + number);
  }
  for (const [name, number] of Object.entries(table.extra)) {
    numbers.set(name, number);
  }
  const lines = [...numbers].sort((a, b) => a[1] - b[1])
    .map(([name, number]) => `${name}: ${number},`);
  return `${banner(table.title, true)}

// from <asm/${
    table.headers[0]!.split("/").at(-1)
  }>, Linux ${release}, and a supplement up to 6.18
/** System call name to number. */
export const ${table.constant}: Readonly<Record<string, number>> = {
${lines.join("\n")}
};
`;
}
