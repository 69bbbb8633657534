/** Cloning a process into a cgroup. @module */
import type { Fd } from "../../ffi/fd.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import {
  type BootstrapOptions,
  spawn,
  type Spawned,
} from "../../init/bootstrap.ts";

/** Refusals of a cgroup at clone. */
const REFUSALS = ["EACCES", "EPERM", "EOPNOTSUPP", "EBUSY"];

/**
 * Clones a process that is born in a cgroup, if there is one that can be entered so (CLONE_INTO_CGROUP).
 *
 * One that may not be entered at clone may still be joined, for instance by a migration from a common parent; and one that
 * can't be joined either (EBUSY) says why when that is tried.
 *
 * @param cgroup its directory
 * @returns the process, and whether it has to be moved yet
 * @throws {SyscallError} as spawn() does
 */
export function spawnIn(
  cgroup: Fd | undefined,
  options: Omit<BootstrapOptions, "cgroup">,
): { readonly process: Spawned; readonly isPlaced: boolean } {
  if (cgroup === undefined) return { process: spawn(options), isPlaced: false };
  try {
    return { process: spawn({ ...options, cgroup }), isPlaced: true };
  } catch (error) {
    const isRefused = error instanceof SyscallError &&
      REFUSALS.includes(error.errnoName);
    if (!isRefused) throw error;
    return { process: spawn(options), isPlaced: false };
  }
}
