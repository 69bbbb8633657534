/**
 * What of `linux.seccomp` is carried out, by the names of the configuration: features-linux.md#seccomp.
 *
 * @module
 */
import {
  SECCOMP_FILTER_FLAG_LOG,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW,
  SECCOMP_FILTER_FLAG_TSYNC,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
} from "../../ffi/abi/seccomp.ts";
import { kernelKnowsFilterFlag } from "../../ffi/seccomp.ts";
import type {
  SeccompAction,
  SeccompArch,
  SeccompFlag,
  SeccompOperator,
} from "../spec/types.ts";

/** The names of a union, each of which must be there: one that is added to the type is missing here. */
function names<Name extends string>(all: Record<Name, true>): readonly Name[] {
  return Object.keys(all) as Name[];
}

/** Actions of rules, and of the default but for SCMP_ACT_NOTIFY. */
export const SECCOMP_ACTIONS: readonly SeccompAction[] = names<SeccompAction>({
  SCMP_ACT_ALLOW: true,
  SCMP_ACT_ERRNO: true,
  SCMP_ACT_KILL: true,
  SCMP_ACT_KILL_PROCESS: true,
  SCMP_ACT_KILL_THREAD: true,
  SCMP_ACT_LOG: true,
  SCMP_ACT_NOTIFY: true,
  SCMP_ACT_TRACE: true,
  SCMP_ACT_TRAP: true,
});

/** Comparisons of arguments. */
export const SECCOMP_OPERATORS: readonly SeccompOperator[] = names<
  SeccompOperator
>({
  SCMP_CMP_EQ: true,
  SCMP_CMP_GE: true,
  SCMP_CMP_GT: true,
  SCMP_CMP_LE: true,
  SCMP_CMP_LT: true,
  SCMP_CMP_MASKED_EQ: true,
  SCMP_CMP_NE: true,
});

/**
 * Architectures that a configuration may list. Those that the kernel does not run are taken and make no difference:
 * their calls can't come, and would be killed.
 */
export const SECCOMP_ARCHS: readonly SeccompArch[] = names<SeccompArch>({
  SCMP_ARCH_AARCH64: true,
  SCMP_ARCH_ARM: true,
  SCMP_ARCH_LOONGARCH64: true,
  SCMP_ARCH_M68K: true,
  SCMP_ARCH_MIPS: true,
  SCMP_ARCH_MIPS64: true,
  SCMP_ARCH_MIPS64N32: true,
  SCMP_ARCH_MIPSEL: true,
  SCMP_ARCH_MIPSEL64: true,
  SCMP_ARCH_MIPSEL64N32: true,
  SCMP_ARCH_PARISC: true,
  SCMP_ARCH_PARISC64: true,
  SCMP_ARCH_PPC: true,
  SCMP_ARCH_PPC64: true,
  SCMP_ARCH_PPC64LE: true,
  SCMP_ARCH_RISCV64: true,
  SCMP_ARCH_S390: true,
  SCMP_ARCH_S390X: true,
  SCMP_ARCH_SH: true,
  SCMP_ARCH_SHEB: true,
  SCMP_ARCH_X32: true,
  SCMP_ARCH_X86: true,
  SCMP_ARCH_X86_64: true,
});

/** The kernel's bit of each flag. */
const FLAG_BITS: Readonly<Record<SeccompFlag, number>> = {
  SECCOMP_FILTER_FLAG_LOG,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW,
  SECCOMP_FILTER_FLAG_TSYNC,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
};

/** Flags that a configuration may have. */
export const SECCOMP_KNOWN_FLAGS: readonly SeccompFlag[] = Object.keys(
  FLAG_BITS,
) as SeccompFlag[];

/**
 * Those of {@linkcode SECCOMP_KNOWN_FLAGS} that this kernel takes.
 *
 * @param isKnown whether the kernel knows a bit; it is asked if left out
 */
export function supportedSeccompFlags(
  isKnown: (bit: number) => boolean = kernelKnowsFilterFlag,
): SeccompFlag[] {
  return SECCOMP_KNOWN_FLAGS.filter((flag) => isKnown(FLAG_BITS[flag]));
}
