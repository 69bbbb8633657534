/**
 * Removing cgroups.
 *
 * @module
 */
import { pause } from "../../ffi/poll.ts";
import { CgroupError } from "../errors.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { failure } from "./_explain.ts";
import { type CgroupFiles, isErrno } from "./files.ts";
import { childrenOf, pidsOf } from "./processes.ts";

/** Ten tries, from 1 ms doubling: half a second in all. A killed process leaves its cgroup only when it has ended. */
const TRIES = 10;

/** Removes one directory; false if something is still in it. */
export function removeOne(files: CgroupFiles, directory: string): boolean {
  try {
    files.removeDirectory(directory);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENODEV")) return true;
    // v1 says EBUSY for processes and for directories within.
    if (isErrno(error, "EBUSY", "ENOTEMPTY")) return false;
    // Of a file system that can't be written to, the kernel says so before it looks.
    if (isErrno(error, "EROFS") && !files.exists(directory)) return true;
    if (!(error instanceof SyscallError)) throw error;
    throw failure("remove", `${files.mountPoint}/${directory}`, error);
  }
}

/** Removes what can be removed at once, from below; true if nothing is left. */
function removeTree(files: CgroupFiles, directory: string): boolean {
  if (removeOne(files, directory)) return true;
  const children = childrenOf(files, directory);
  if (children.length === 0) return false;
  const gone = children.map((child) => removeTree(files, child));
  return gone.every((isGone) => isGone) && removeOne(files, directory);
}

/**
 * Removes a cgroup and all below it. That it is gone already is fine. While processes are leaving it, it waits.
 *
 * @throws {CgroupError} if it is still in use after half a second, or can't be removed
 */
export async function removeCgroup(
  files: CgroupFiles,
  directory: string,
): Promise<void> {
  const path = `${files.mountPoint}/${directory}`;
  try {
    for (let tried = 0; !removeTree(files, directory); tried++) {
      if (tried === TRIES) {
        const count = pidsOf(files, directory).length;
        throw new CgroupError(
          path,
          `Cannot remove ${path}: ${count} process(es) still in it`,
        );
      }
      await pause(2 ** tried);
    }
  } catch (error) {
    if (error instanceof SyscallError) throw failure("remove", path, error);
    throw error;
  }
}

/** Removes what is below a cgroup that was there before us, but not the cgroup. Throws as {@linkcode removeCgroup}. */
export async function emptyCgroup(
  files: CgroupFiles,
  directory: string,
): Promise<void> {
  for (const child of childrenOf(files, directory)) {
    await removeCgroup(files, child);
  }
}
