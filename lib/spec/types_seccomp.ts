/**
 * System call filters: runtime-spec 1.3, config-linux.md#seccomp. The names are libseccomp's.
 *
 * @module
 */
import type { Uint64 } from "./types_numbers.ts";

/** What happens to a system call. */
export type SeccompAction =
  | "SCMP_ACT_KILL"
  | "SCMP_ACT_KILL_PROCESS"
  | "SCMP_ACT_KILL_THREAD"
  | "SCMP_ACT_TRAP"
  | "SCMP_ACT_ERRNO"
  | "SCMP_ACT_TRACE"
  | "SCMP_ACT_ALLOW"
  | "SCMP_ACT_LOG"
  | "SCMP_ACT_NOTIFY";

/** Architectures that a filter is made for, beside the native one. */
export type SeccompArch =
  | "SCMP_ARCH_X86"
  | "SCMP_ARCH_X86_64"
  | "SCMP_ARCH_X32"
  | "SCMP_ARCH_ARM"
  | "SCMP_ARCH_AARCH64"
  | "SCMP_ARCH_LOONGARCH64"
  | "SCMP_ARCH_M68K"
  | "SCMP_ARCH_MIPS"
  | "SCMP_ARCH_MIPS64"
  | "SCMP_ARCH_MIPS64N32"
  | "SCMP_ARCH_MIPSEL"
  | "SCMP_ARCH_MIPSEL64"
  | "SCMP_ARCH_MIPSEL64N32"
  | "SCMP_ARCH_PPC"
  | "SCMP_ARCH_PPC64"
  | "SCMP_ARCH_PPC64LE"
  | "SCMP_ARCH_S390"
  | "SCMP_ARCH_S390X"
  | "SCMP_ARCH_SH"
  | "SCMP_ARCH_SHEB"
  | "SCMP_ARCH_PARISC"
  | "SCMP_ARCH_PARISC64"
  | "SCMP_ARCH_RISCV64";

/** Flags of seccomp(2) by name. */
export type SeccompFlag =
  | "SECCOMP_FILTER_FLAG_TSYNC"
  | "SECCOMP_FILTER_FLAG_LOG"
  | "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
  | "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";

/** Comparisons of an argument. */
export type SeccompOperator =
  | "SCMP_CMP_NE"
  | "SCMP_CMP_LT"
  | "SCMP_CMP_LE"
  | "SCMP_CMP_EQ"
  | "SCMP_CMP_GE"
  | "SCMP_CMP_GT"
  | "SCMP_CMP_MASKED_EQ";

/** A system call filter. */
export interface Seccomp {
  /** What happens to a call that no rule matches. */
  defaultAction: SeccompAction;
  /** Error number of an SCMP_ACT_ERRNO or SCMP_ACT_TRACE default. Absent: EPERM. */
  defaultErrnoRet?: number;
  /** Architectures beside the native one. */
  architectures?: SeccompArch[];
  /** Flags of seccomp(2). */
  flags?: SeccompFlag[];
  /** AF_UNIX socket that the notification descriptor is sent to. */
  listenerPath?: string;
  /** Opaque text for the program that listens there. */
  listenerMetadata?: string;
  /** Rules. */
  syscalls?: SeccompSyscall[];
}

/** What happens to some system calls. */
export interface SeccompSyscall {
  /** Names of the calls; names that the architecture does not know are skipped. */
  names: string[];
  /** What happens to them. */
  action: SeccompAction;
  /** Error number of SCMP_ACT_ERRNO or SCMP_ACT_TRACE. Absent: EPERM. */
  errnoRet?: number;
  /** Conditions, all of which must hold. */
  args?: SeccompArg[];
}

/** A condition on one argument. */
export interface SeccompArg {
  /** Which argument, 0 to 5. */
  index: number;
  /** What it is compared with; SCMP_CMP_MASKED_EQ: the mask. */
  value: Uint64;
  /** SCMP_CMP_MASKED_EQ: what the masked argument is compared with. */
  valueTwo?: Uint64;
  /** How it is compared. */
  op: SeccompOperator;
}
