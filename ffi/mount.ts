/**
 * Mounts by descriptor, for the runtime's own process: open_tree(2), mount_setattr(2).
 *
 * @module
 */
import { AT_EMPTY_PATH, AT_FDCWD } from "./abi/fcntl.ts";
import {
  AT_RECURSIVE,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from "./abi/mount.ts";
import { Fd } from "./fd.ts";
import {
  encodeMountAttr,
  MOUNT_ATTR_SIZE,
  type MountAttr,
} from "./structs/mount_attr.ts";
import { check } from "./syscall.ts";

/**
 * Clones the mount at `path`, from its directory or file on; the clone is attached nowhere, and gone when it is closed.
 *
 * @param options `recursive`: with all mounts below
 * @throws {SyscallError} ENOENT, EACCES; EPERM without CAP_SYS_ADMIN in the mount namespace's user namespace
 */
export function cloneTree(
  path: string,
  options: { readonly recursive?: boolean } = {},
): Fd {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
    (options.recursive ? AT_RECURSIVE : 0);
  const quoted = JSON.stringify(path);
  return new Fd(
    check("open_tree", quoted, AT_FDCWD, path, flags),
    path,
  );
}

/**
 * Changes the attributes of an open mount.
 *
 * @param options `recursive`: of all mounts below too
 * @throws {SyscallError} EPERM for locked attributes; EINVAL for ids that the file system can't map
 */
export function changeMount(
  mount: Fd,
  attr: MountAttr,
  options: { readonly recursive?: boolean } = {},
): void {
  check(
    "mount_setattr",
    `on ${mount.path}`,
    mount.number,
    "",
    AT_EMPTY_PATH | (options.recursive ? AT_RECURSIVE : 0),
    encodeMountAttr(attr),
    MOUNT_ATTR_SIZE,
  );
}
