/**
 * Filters and calls for tests.
 *
 * @module
 */
import { type Arch, SYSCALLS } from "../../../ffi/abi/syscalls.ts";
import type {
  Seccomp,
  SeccompAction,
  SeccompArg,
  SeccompOperator,
  SeccompSyscall,
} from "../../spec/types.ts";

/** Return values of <linux/seccomp.h>, written by hand. */
export const RET = {
  kill: 0,
  killProcess: 0x8000_0000,
  trap: 0x0003_0000,
  errno: 0x0005_0000,
  trace: 0x7ff0_0000,
  log: 0x7ffc_0000,
  allow: 0x7fff_0000,
} as const;

/** Architectures of <linux/audit.h>, written by hand. */
export const AUDIT = {
  x86_64: 0xc000_003e,
  i386: 0x4000_0003,
  aarch64: 0xc000_00b7,
  arm: 0x4000_0028,
} as const;

/** A filter of rules; EPERM for all else. */
export function filter(
  syscalls: SeccompSyscall[],
  more: Partial<Seccomp> = {},
): Seccomp {
  return { defaultAction: "SCMP_ACT_ERRNO", syscalls, ...more };
}

/** A rule. */
export function rule(
  names: string,
  action: SeccompAction = "SCMP_ACT_ALLOW",
  args?: SeccompArg[],
): SeccompSyscall {
  return {
    names: names.split(" "),
    action,
    ...(args === undefined ? {} : { args }),
  };
}

/** A condition. */
export function arg(
  index: number,
  op: SeccompOperator,
  value: number | bigint,
  valueTwo?: number | bigint,
): SeccompArg {
  return { index, op, value, ...(valueTwo === undefined ? {} : { valueTwo }) };
}

/** What no container needs, as in the filters that container engines have by default. */
const FORBIDDEN =
  "acct add_key bpf clock_adjtime clock_settime create_module delete_module finit_module fsconfig fsmount fsopen fspick init_module ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mount mount_setattr move_mount move_pages open_by_handle_at open_tree perf_event_open personality pivot_root process_vm_readv process_vm_writev ptrace quotactl reboot request_key setns settimeofday socket swapoff swapon umount2 unshare uprobe uretprobe userfaultfd ustat vhangup vm86 clone clone3"
    .split(" ");

/** A filter of the shape that container engines have by default: a long list of what is allowed, and a few conditions. */
export function engineProfile(arch: Arch): Seccomp {
  const names = Object.entries(SYSCALLS[arch])
    .filter(([name, number]) => !FORBIDDEN.includes(name) && number < 450)
    .map(([name]) => name);
  const personalities = [0, 8, 0x20000, 0x20008, 0xffff_ffff];
  return filter([
    rule(names.join(" ")),
    rule("send recv waitpid _llseek fstat64 mmap2 no_such_call socketcall ipc"),
    ...personalities.map((value) =>
      rule("personality", "SCMP_ACT_ALLOW", [arg(0, "SCMP_CMP_EQ", value)])
    ),
    rule("socket", "SCMP_ACT_ALLOW", [arg(0, "SCMP_CMP_NE", 40)]),
    rule("clone", "SCMP_ACT_ALLOW", [
      arg(0, "SCMP_CMP_MASKED_EQ", 0x7e02_0000, 0),
    ]),
    { ...rule("clone3", "SCMP_ACT_ERRNO"), errnoRet: 38 },
  ], {
    architectures: arch === "x86_64"
      ? ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
      : ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
  });
}
