/**
 * Schema of system call filters: runtime-spec 1.3, config-linux.md#seccomp.
 *
 * @module
 */
import {
  list,
  object,
  oneOf,
  optional,
  type Schema,
  text,
  texts,
  uint32,
  uint64,
} from "./schema_base.ts";
import type {
  Seccomp,
  SeccompAction,
  SeccompArch,
  SeccompArg,
  SeccompFlag,
  SeccompOperator,
  SeccompSyscall,
} from "./types_seccomp.ts";

const action: Schema<SeccompAction> = oneOf([
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_LOG",
  "SCMP_ACT_NOTIFY",
]);

const architecture: Schema<SeccompArch> = oneOf([
  "SCMP_ARCH_X86",
  "SCMP_ARCH_X86_64",
  "SCMP_ARCH_X32",
  "SCMP_ARCH_ARM",
  "SCMP_ARCH_AARCH64",
  "SCMP_ARCH_LOONGARCH64",
  "SCMP_ARCH_M68K",
  "SCMP_ARCH_MIPS",
  "SCMP_ARCH_MIPS64",
  "SCMP_ARCH_MIPS64N32",
  "SCMP_ARCH_MIPSEL",
  "SCMP_ARCH_MIPSEL64",
  "SCMP_ARCH_MIPSEL64N32",
  "SCMP_ARCH_PPC",
  "SCMP_ARCH_PPC64",
  "SCMP_ARCH_PPC64LE",
  "SCMP_ARCH_S390",
  "SCMP_ARCH_S390X",
  "SCMP_ARCH_SH",
  "SCMP_ARCH_SHEB",
  "SCMP_ARCH_PARISC",
  "SCMP_ARCH_PARISC64",
  "SCMP_ARCH_RISCV64",
]);

const flag: Schema<SeccompFlag> = oneOf([
  "SECCOMP_FILTER_FLAG_TSYNC",
  "SECCOMP_FILTER_FLAG_LOG",
  "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
]);

const operator: Schema<SeccompOperator> = oneOf([
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
]);

const argument: Schema<SeccompArg> = object<SeccompArg>(() => ({
  index: uint32,
  value: uint64,
  valueTwo: optional(uint64),
  op: operator,
}));

const syscall: Schema<SeccompSyscall> = object<SeccompSyscall>(() => ({
  names: texts,
  action,
  errnoRet: optional(uint32),
  args: optional(list(argument)),
}));

/** The `linux.seccomp` block. */
export const seccompSchema: Schema<Seccomp> = object<Seccomp>(() => ({
  defaultAction: action,
  defaultErrnoRet: optional(uint32),
  architectures: optional(list(architecture)),
  flags: optional(list(flag)),
  listenerPath: optional(text()),
  listenerMetadata: optional(text()),
  syscalls: optional(list(syscall)),
}));
