/**
 * Our filters beside those of libseccomp.
 *
 * @module
 */
import type { Arch } from "../../../ffi/abi/syscalls.ts";
import { SYSCALLS_I386 } from "../../../ffi/abi/syscalls_i386.ts";
import {
  LibseccompFilter,
  resolveName,
} from "../../../ffi/testdata/libseccomp.ts";
import { assertEquals } from "../../deps/assert.ts";
import type { Seccomp, SeccompArch, SeccompSyscall } from "../../spec/types.ts";
import { hidesNewCalls, NO_SUCH_CALL, returnValue } from "../actions.ts";
import { compileFilter } from "../compile.ts";
import { type Call, runFilter } from "./interpreter.ts";
import { AUDIT } from "./profiles.ts";

/** Tokens of <seccomp.h>. */
const TOKENS: Partial<Record<SeccompArch, number>> = {
  SCMP_ARCH_X86_64: 0xc000_003e,
  SCMP_ARCH_X86: 0x4000_0003,
  SCMP_ARCH_X32: 0x4000_003e,
  SCMP_ARCH_AARCH64: 0xc000_00b7,
  SCMP_ARCH_ARM: 0x4000_0028,
};
const NATIVE: Record<Arch, SeccompArch> = {
  "x86_64": "SCMP_ARCH_X86_64",
  aarch64: "SCMP_ARCH_AARCH64",
};
/** In the order of enum scmp_compare, which begins with 1. */
const OPERATORS = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
];
const X32 = 0x4000_0000;
const ARM_PRIVATE = 0xf_0000;
/** <linux/seccomp.h> of libseccomp: numbers of calls that are made through another one. */
const PSEUDO = { socketcall: [-120, -100, 102], ipc: [-224, -200, 117] };

/** Whether any architecture has the call, as far as the library knows. */
export function isKnown(name: string): boolean {
  return resolveName(TOKENS.SCMP_ARCH_X86_64!, name) !== undefined;
}

function architectures(seccomp: Seccomp, native: Arch): SeccompArch[] {
  return [...new Set([NATIVE[native], ...seccomp.architectures ?? []])]
    .filter((name) => TOKENS[name] !== undefined);
}

/** What libseccomp makes of a profile. Rules that it refuses are taken out of the profile. */
export function libseccompFilter(
  seccomp: Seccomp,
  native: Arch,
): Uint8Array<ArrayBuffer> {
  const standard = returnValue(seccomp.defaultAction, seccomp.defaultErrnoRet);
  using filter = new LibseccompFilter(standard);
  const [, ...others] = architectures(seccomp, native);
  if (native !== Deno.build.arch) {
    filter.addArch(TOKENS[NATIVE[native]]!);
    filter.removeNative();
  }
  for (const name of others) filter.addArch(TOKENS[name]!);
  const kept = (seccomp.syscalls ?? []).filter((rule) =>
    addRule(filter, rule, standard)
  );
  seccomp.syscalls = kept;
  return filter.export();
}

function addRule(
  filter: LibseccompFilter,
  { names, action, errnoRet, args = [] }: SeccompSyscall,
  standard: number,
): boolean {
  const value = returnValue(action, errnoRet);
  if (value === standard) return true;
  const comparisons = args.map(({ index, op, value, valueTwo = 0 }) => ({
    index,
    op: OPERATORS.indexOf(op) + 1,
    a: BigInt(value),
    b: BigInt(valueTwo),
  }));
  return names.every((name) => filter.addRule(value, name, comparisons));
}

/** The numbers of a call; with those of the calls that it can be made through. */
function numbersOf(arch: SeccompArch, name: string): number[] {
  const number = resolveName(TOKENS[arch]!, name) ?? -1;
  const through = Object.values(PSEUDO).find(([from, to]) =>
    arch === "SCMP_ARCH_X86" && number >= from! && number <= to!
  );
  // The library does not tell the number that such a call has had of its own since Linux 4.3.
  return through === undefined
    ? [number]
    : [SYSCALLS_I386[name] ?? -1, through[2]!];
}

/** The largest number of the profile by libseccomp's tables: above it we have ENOSYS, as runc has. */
function lastNumbers(
  seccomp: Seccomp,
  native: Arch,
): Map<SeccompArch, number> {
  const names = (seccomp.syscalls ?? []).flatMap(({ names }) => names);
  return new Map(
    architectures(seccomp, native).map((arch) => {
      const numbers = names.flatMap((name) => numbersOf(arch, name))
        .filter((nr) => arch !== "SCMP_ARCH_ARM" || nr < ARM_PRIVATE);
      return [arch, Math.max(-1, ...numbers)];
    }),
  );
}

function archOf(audit: number, nr: number): SeccompArch | undefined {
  switch (audit) {
    case AUDIT.x86_64:
      return nr < X32 ? "SCMP_ARCH_X86_64" : "SCMP_ARCH_X32";
    case AUDIT.i386:
      return "SCMP_ARCH_X86";
    case AUDIT.aarch64:
      return "SCMP_ARCH_AARCH64";
    case AUDIT.arm:
      return "SCMP_ARCH_ARM";
  }
  return undefined;
}

/** Every number that any architecture here has, with room behind. */
function* numbers(): Generator<number> {
  for (const base of [0, X32]) for (let i = 0; i < 600; i++) yield base + i;
  for (let i = 0; i < 16; i++) yield ARM_PRIVATE + i;
  for (let i = 0; i < 16; i++) yield 0xffff_fff0 + i;
}

/**
 * Asks both filters about every number, with some arguments.
 *
 * @returns how often both were asked
 */
export function compare(
  seccomp: Seccomp,
  native: Arch,
  argumentsOf: (audit: number, nr: number) => readonly bigint[][] = () => [[]],
): number {
  const theirs = libseccompFilter(seccomp, native);
  const ours = compileFilter(seccomp, native);
  const standard = returnValue(seccomp.defaultAction, seccomp.defaultErrnoRet);
  const hides = hidesNewCalls(standard);
  const last = lastNumbers(seccomp, native);
  let asked = 0;
  for (const arch of [...Object.values(AUDIT), 0]) {
    for (const nr of numbers()) {
      const end = hides ? last.get(archOf(arch, nr)!) ?? -1 : -1;
      // Of x86-64 alone it is the number that a tracer gives a call to cancel it.
      const isCancelled = nr === 0xffff_ffff && arch === AUDIT.x86_64 &&
        !last.has("SCMP_ARCH_X32");
      const isNew = end >= 0 && nr > end && !isCancelled &&
        !(arch === AUDIT.arm && nr >= ARM_PRIVATE);
      for (const args of argumentsOf(arch, nr)) {
        const call: Call = { arch, nr, args };
        const expected = isNew ? NO_SUCH_CALL : runFilter(theirs, call);
        asked++;
        if (runFilter(ours, call) === expected) continue;
        assertEquals(
          runFilter(ours, call).toString(16),
          expected.toString(16),
          `arch ${arch.toString(16)} nr ${nr} args ${args}`,
        );
      }
    }
  }
  return asked;
}
