/**
 * What a filter answers: the return values of seccomp(2).
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import {
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_DATA,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_TRAP,
  SECCOMP_RET_USER_NOTIF,
} from "../../ffi/abi/seccomp.ts";
import type { SeccompAction } from "../spec/types.ts";

/** SCMP_ACT_KILL is the older name of SCMP_ACT_KILL_THREAD. */
const VALUES: Readonly<Record<SeccompAction, number>> = {
  SCMP_ACT_KILL: SECCOMP_RET_KILL_THREAD,
  SCMP_ACT_KILL_THREAD: SECCOMP_RET_KILL_THREAD,
  SCMP_ACT_KILL_PROCESS: SECCOMP_RET_KILL_PROCESS,
  SCMP_ACT_TRAP: SECCOMP_RET_TRAP,
  SCMP_ACT_ERRNO: SECCOMP_RET_ERRNO,
  SCMP_ACT_TRACE: SECCOMP_RET_TRACE,
  SCMP_ACT_ALLOW: SECCOMP_RET_ALLOW,
  SCMP_ACT_LOG: SECCOMP_RET_LOG,
  SCMP_ACT_NOTIFY: SECCOMP_RET_USER_NOTIF,
};

/** A call that the kernel does not have. */
export const NO_SUCH_CALL: number = SECCOMP_RET_ERRNO | ERRNO.ENOSYS;

/** A call of an architecture that the filter is not made for: libseccomp's bad architecture action. */
export const BAD_ARCHITECTURE: number = SECCOMP_RET_KILL_THREAD;

/**
 * The return value of an action.
 *
 * @param errno for SCMP_ACT_ERRNO and SCMP_ACT_TRACE, 0 to 65535; EPERM if left out. Others carry none.
 */
export function returnValue(
  action: SeccompAction,
  errno: number = ERRNO.EPERM,
): number {
  const value = VALUES[action];
  return action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE"
    ? value | (errno & SECCOMP_RET_DATA)
    : value;
}

/**
 * Whether numbers that a profile can't know yet get ENOSYS instead of the default action, as runc has it: a C library
 * that tries a new call, and is told EPERM, does not fall back to the old one.
 */
export function hidesNewCalls(defaultValue: number): boolean {
  return defaultValue !== NO_SUCH_CALL && defaultValue !== SECCOMP_RET_ALLOW &&
    defaultValue !== SECCOMP_RET_LOG &&
    (defaultValue & ~SECCOMP_RET_DATA) !== SECCOMP_RET_TRACE;
}
