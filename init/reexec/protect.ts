/**
 * Protection of the program that a container's first process executes, against an attack through /proc/PID/exe
 * (CVE-2019-5736): whoever is in the container could have it executed once more, and write to it behind that.
 *
 * @module
 */
import { AT_EACCESS, AT_FDCWD, O_PATH } from "../../ffi/abi/fcntl.ts";
import { MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY } from "../../ffi/abi/mount.ts";
import { RuntimeError } from "../../ffi/errors.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn, statFd } from "../../ffi/fs.ts";
import { changeMount, cloneTree } from "../../ffi/mount.ts";
import type { Stat } from "../../ffi/structs/statx.ts";
import { syscall } from "../../ffi/syscall.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";

const W_OK = 2; // <unistd.h>

/**
 * Opens a program so that it can't be written to through the process that executes it: on a read-only clone of its
 * mount that is attached nowhere and, when this returns, in no mount namespace. The kernel neither lets anybody change
 * such a mount nor clone it again.
 *
 * Who may not clone mounts can only execute what is not his to write to.
 *
 * @param path absolute
 * @throws {RuntimeError} for a program that can't be protected; {SyscallError} when it can't be opened
 */
export function openProtected(path: string): Fd {
  const file = openIn(AT_FDCWD, path, O_PATH);
  try {
    return onReadOnlyMount(path, file);
  } catch (error) {
    const refused = error instanceof SyscallError &&
      ["EPERM", "EINVAL"].includes(error.errnoName);
    if (!refused) throw error;
    requireUnwritable(path, file);
    return file.duplicate();
  } finally {
    file.close();
  }
}

/** The root's mount comes first: there /proc/PID/exe shows the program's path, from which it may read itself. */
function onReadOnlyMount(path: string, file: Fd): Fd {
  const wanted = statFd(file);
  const slash = path.lastIndexOf("/");
  for (
    const [root, name] of [["/", path.slice(1)], [
      path.slice(0, slash) || "/",
      path.slice(slash + 1),
    ]] as const
  ) {
    using mount = cloneTree(root);
    changeMount(mount, { set: MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID });
    try {
      const found = openIn(mount, name, O_PATH);
      if (isSame(statFd(found), wanted)) return found;
      found.close();
    } catch (error) {
      // Another mount covers the way there.
      if (!(error instanceof SyscallError && error.errnoName === "ENOENT")) {
        throw error;
      }
    }
  }
  throw new RuntimeError("host", `Cannot find ${path} on its own mount`);
}

function isSame(one: Stat, other: Stat): boolean {
  return one.ino === other.ino && one.dev.major === other.dev.major &&
    one.dev.minor === other.dev.minor;
}

function requireUnwritable(path: string, file: Fd): void {
  const { uid } = statFd(file);
  const denied = syscall("faccessat2", AT_FDCWD, path, W_OK, AT_EACCESS) < 0;
  if (denied && uid !== Deno.uid()) return;
  throw new RuntimeError(
    "host",
    `Cannot re-execute ${path}: a container could overwrite it, for it is writable for the user who starts the container, who may not clone its mount; use --init image`,
  );
}
