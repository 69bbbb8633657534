/**
 * The architectures whose system calls a filter sees, and their numbers.
 *
 * @module
 */
import {
  AUDIT_ARCH_AARCH64,
  AUDIT_ARCH_ARM,
  AUDIT_ARCH_I386,
  AUDIT_ARCH_X86_64,
} from "../../ffi/abi/seccomp.ts";
import { type Arch, SYSCALLS } from "../../ffi/abi/syscalls.ts";
import { SYSCALLS_ARM } from "../../ffi/abi/syscalls_arm.ts";
import { SYSCALLS_I386 } from "../../ffi/abi/syscalls_i386.ts";
import { SYSCALLS_X32 } from "../../ffi/abi/syscalls_x32.ts";
import type { SeccompArch } from "../spec/types.ts";

/** Numbers of x32 have this bit, and share the audit architecture of x86-64: <asm/unistd.h>. */
const X32_BIT = 0x4000_0000;
/** Numbers of ARM's private calls, far above all others: <asm/unistd.h> of ARM. */
const ARM_PRIVATE = 0xf_0000;
const NUMBERS_END = 0x1_0000_0000;

/** One architecture, as a filter sees it. */
export interface FilterArch {
  readonly name: SeccompArch;
  /** `arch` of struct seccomp_data. */
  readonly audit: number;
  /** System call numbers by name. */
  readonly numbers: Readonly<Partial<Record<string, number>>>;
  /** Width of an argument: of 32-bit ones only the low half is compared, as libseccomp does. */
  readonly argumentBits: 32 | 64;
  /** First of its numbers. */
  readonly first: number;
  /** First number behind them. */
  readonly end: number;
  /** From here on numbers are private: too large to tell how new a profile is. */
  readonly privateFrom: number;
}

const X86_64: FilterArch = {
  name: "SCMP_ARCH_X86_64",
  audit: AUDIT_ARCH_X86_64,
  numbers: SYSCALLS.x86_64,
  argumentBits: 64,
  first: 0,
  end: X32_BIT,
  privateFrom: X32_BIT,
};

const X32: FilterArch = {
  name: "SCMP_ARCH_X32",
  audit: AUDIT_ARCH_X86_64,
  numbers: SYSCALLS_X32,
  argumentBits: 32,
  first: X32_BIT,
  end: NUMBERS_END,
  privateFrom: NUMBERS_END,
};

const I386: FilterArch = {
  name: "SCMP_ARCH_X86",
  audit: AUDIT_ARCH_I386,
  numbers: SYSCALLS_I386,
  argumentBits: 32,
  first: 0,
  end: NUMBERS_END,
  privateFrom: NUMBERS_END,
};

const AARCH64: FilterArch = {
  name: "SCMP_ARCH_AARCH64",
  audit: AUDIT_ARCH_AARCH64,
  numbers: SYSCALLS.aarch64,
  argumentBits: 64,
  first: 0,
  end: NUMBERS_END,
  privateFrom: NUMBERS_END,
};

const ARM: FilterArch = {
  name: "SCMP_ARCH_ARM",
  audit: AUDIT_ARCH_ARM,
  numbers: SYSCALLS_ARM,
  argumentBits: 32,
  first: 0,
  end: NUMBERS_END,
  privateFrom: ARM_PRIVATE,
};

/** What a kernel of each architecture runs: the native one first. */
const RUN_BY: Readonly<Record<Arch, readonly FilterArch[]>> = {
  "x86_64": [X86_64, X32, I386],
  aarch64: [AARCH64, ARM],
};

/** Whether any architecture has a call of this name. */
export function isCallName(name: string): boolean {
  return Object.values(RUN_BY).flat().some(({ numbers }) =>
    Object.hasOwn(numbers, name)
  );
}

/** The architecture of a call, by `arch` and `nr` of struct seccomp_data; undefined for one of no kernel here. */
export function architectureOf(
  audit: number,
  nr: number,
): FilterArch | undefined {
  return Object.values(RUN_BY).flat().find((arch) =>
    arch.audit === audit && nr >= arch.first && nr < arch.end
  );
}

/**
 * The architectures a filter is made for: the native one, and those of the list that its kernel runs as well. Others
 * of the list are left out, for no call of theirs can come.
 */
export function filterArchitectures(
  native: Arch,
  listed: readonly SeccompArch[],
): readonly FilterArch[] {
  return RUN_BY[native].filter(({ name }, index) =>
    index === 0 || listed.includes(name)
  );
}
