/**
 * seccomp(2), as far as the runtime calls it for itself: what the kernel knows.
 *
 * @module
 */
import {
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
  SECCOMP_SET_MODE_FILTER,
} from "./abi/seccomp.ts";
import { ERRNO } from "./abi/errno.ts";
import { syscall } from "./syscall.ts";

/**
 * Whether the kernel knows a flag of SECCOMP_SET_MODE_FILTER. It is asked with a filter at address 0: a flag that it
 * does not know is EINVAL, a known one gets as far as EFAULT. Nothing is loaded.
 *
 * @param flag one SECCOMP_FILTER_FLAG_* bit
 */
export function kernelKnowsFilterFlag(flag: number): boolean {
  // The kernel takes this one beside a listener only.
  const needed = flag === SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    ? SECCOMP_FILTER_FLAG_NEW_LISTENER
    : 0;
  const result = syscall(
    "seccomp",
    SECCOMP_SET_MODE_FILTER,
    flag | needed,
    0,
  );
  return -result === ERRNO.EFAULT;
}
