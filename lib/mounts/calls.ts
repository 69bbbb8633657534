/**
 * The system calls that mounts are made of, as steps: openat2(2), open_tree(2), move_mount(2), mount_setattr(2),
 * statx(2). New file systems are in new_mount.ts.
 *
 * @module
 */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOCTTY,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  STATX_BASIC_STATS,
  STATX_MNT_ID,
} from "../../ffi/abi/fcntl.ts";
import * as MOUNT from "../../ffi/abi/mount.ts";
import {
  encodeMountAttr,
  MOUNT_ATTR_SIZE,
  type MountAttr,
} from "../../ffi/structs/mount_attr.ts";
import {
  encodeOpenHow,
  OPEN_HOW_SIZE,
  type OpenHow,
} from "../../ffi/structs/open_how.ts";
import { STATX_OFFSET, STATX_SIZE } from "../../ffi/structs/statx.ts";
import {
  block,
  flagNames,
  flags,
  type ProgramBuilder,
  type StepOptions,
  text,
  word,
} from "../../init/builder.ts";
import type {
  Address,
  Block,
  Flags,
  Label,
  Operand,
  Result,
  Word,
} from "../../init/program.ts";

const OPEN_TREE_FLAGS = {
  OPEN_TREE_CLONE: MOUNT.OPEN_TREE_CLONE,
  OPEN_TREE_CLOEXEC: MOUNT.OPEN_TREE_CLOEXEC,
  AT_RECURSIVE: MOUNT.AT_RECURSIVE,
  AT_EMPTY_PATH,
};
const RESOLVE_FLAGS = {
  RESOLVE_NO_XDEV,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
};
const PROPAGATION_FLAGS = {
  MS_SHARED: MOUNT.MS_SHARED,
  MS_SLAVE: MOUNT.MS_SLAVE,
  MS_PRIVATE: MOUNT.MS_PRIVATE,
  MS_UNBINDABLE: MOUNT.MS_UNBINDABLE,
};
/** MOUNT_ATTR_ flags by name. */
export const ATTRIBUTE_FLAGS: Readonly<Record<string, number>> = {
  MOUNT_ATTR_RDONLY: MOUNT.MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_NOSUID: MOUNT.MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NODEV: MOUNT.MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC: MOUNT.MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR__ATIME: MOUNT.MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME: MOUNT.MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_STRICTATIME: MOUNT.MOUNT_ATTR_STRICTATIME,
  MOUNT_ATTR_NODIRATIME: MOUNT.MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOSYMFOLLOW: MOUNT.MOUNT_ATTR_NOSYMFOLLOW,
};

/** MS_ flags of mount(2), with their names. */
export function mountFlags(value: number): Flags {
  const { MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_SYNCHRONOUS } = MOUNT;
  const { MS_REMOUNT, MS_MANDLOCK, MS_DIRSYNC, MS_NOSYMFOLLOW } = MOUNT;
  const { MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_SILENT, MS_POSIXACL } = MOUNT;
  const { MS_RELATIME, MS_I_VERSION, MS_STRICTATIME, MS_LAZYTIME } = MOUNT;
  return flags(value, {
    MS_RDONLY,
    MS_NOSUID,
    MS_NODEV,
    MS_NOEXEC,
    MS_SYNCHRONOUS,
    MS_REMOUNT,
    MS_MANDLOCK,
    MS_DIRSYNC,
    MS_NOSYMFOLLOW,
    MS_NOATIME,
    MS_NODIRATIME,
    MS_BIND,
    MS_SILENT,
    MS_POSIXACL,
    MS_RELATIME,
    MS_I_VERSION,
    MS_STRICTATIME,
    MS_LAZYTIME,
  });
}

/** Opens a path; the flags get O_CLOEXEC. */
export function open(
  b: ProgramBuilder,
  directory: Operand,
  path: string,
  how: OpenHow,
  options?: StepOptions,
): Result {
  const openFlags = how.flags | O_CLOEXEC;
  const names = () =>
    flagNames(openFlags, {
      O_PATH,
      O_DIRECTORY: O_DIRECTORY[b.arch],
      O_NOFOLLOW: O_NOFOLLOW[b.arch],
      O_RDWR,
      O_WRONLY,
      O_CREAT,
      O_EXCL,
      O_NOCTTY,
      O_CLOEXEC,
    });
  const mode = how.mode === undefined ? "" : `, 0${how.mode.toString(8)}`;
  const resolve = (): string =>
    how.resolve ? `, ${flagNames(how.resolve, RESOLVE_FLAGS)}` : "";
  const struct = block(
    () => `${names()}${mode}${resolve()}`,
    encodeOpenHow({ ...how, flags: openFlags }),
  );
  return b.call(
    "openat2",
    [directory, text(path), struct, OPEN_HOW_SIZE],
    options,
  );
}

/** Closes a descriptor. */
export function close(b: ProgramBuilder, fd: Operand): void {
  b.call("close", [fd]);
}

/** Clones the mount that a descriptor is on, or with `path` that one of the host. The clone is attached nowhere. */
export function cloneMount(
  b: ProgramBuilder,
  from:
    | { readonly fd: Operand; readonly name?: Address }
    | { readonly path: string },
  recursive: boolean,
  options?: StepOptions,
): Result {
  const [directory, path] = "fd" in from
    ? [from.fd, from.name ?? text("")]
    : [AT_FDCWD, text(from.path)];
  const isFile = "fd" in from && from.name === undefined;
  const value = MOUNT.OPEN_TREE_CLONE | MOUNT.OPEN_TREE_CLOEXEC |
    (isFile ? AT_EMPTY_PATH : 0) | (recursive ? MOUNT.AT_RECURSIVE : 0);
  return b.call(
    "open_tree",
    [directory, path, flags(value, OPEN_TREE_FLAGS)],
    options,
  );
}

/** Attaches a mount on an open file or directory. */
export function attach(
  b: ProgramBuilder,
  mount: Operand,
  target: Operand,
  options?: StepOptions,
): void {
  const { MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH } = MOUNT;
  const value = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  const names = flags(value, {
    MOVE_MOUNT_F_EMPTY_PATH,
    MOVE_MOUNT_T_EMPTY_PATH,
  });
  b.call("move_mount", [mount, text(""), target, text(""), names], options);
}

/** Changes attributes or propagation of a mount: one that is open, or one of the host by its path. */
export function setAttributes(
  b: ProgramBuilder,
  on: { readonly fd: Operand } | { readonly path: string },
  attr: MountAttr,
  recursive: boolean,
  options?: StepOptions,
): void {
  const [directory, path] = "fd" in on
    ? [on.fd, text("")]
    : [AT_FDCWD, text(on.path)];
  const value = ("fd" in on ? AT_EMPTY_PATH : 0) |
    (recursive ? MOUNT.AT_RECURSIVE : 0);
  b.call("mount_setattr", [
    directory,
    path,
    value === 0 ? 0 : flags(value, OPEN_TREE_FLAGS),
    block(() => attributeNames(attr), encodeMountAttr(attr)),
    MOUNT_ATTR_SIZE,
  ], options);
}

function attributeNames(attr: MountAttr): string {
  const parts: string[] = [];
  if (attr.set) parts.push(`set ${flagNames(attr.set, ATTRIBUTE_FLAGS)}`);
  if (attr.clear) parts.push(`clear ${flagNames(attr.clear, ATTRIBUTE_FLAGS)}`);
  if (attr.propagation) {
    parts.push(flagNames(attr.propagation, PROPAGATION_FLAGS));
  }
  return parts.join(", ");
}

/**
 * What is known of an open file, at the time the step runs; until the next call, unless it is to be kept.
 *
 * @param options.keep what to call it if it is kept
 */
export function stat(
  b: ProgramBuilder,
  fd: Operand,
  options: StepOptions & { readonly keep?: string } = {},
): Block {
  const buffer = options.keep !== undefined
    ? block(options.keep, STATX_SIZE)
    : b.scratch("statx", STATX_SIZE);
  const mask = flags(STATX_BASIC_STATS | STATX_MNT_ID, {
    STATX_BASIC_STATS,
    STATX_MNT_ID,
  });
  const empty = flags(AT_EMPTY_PATH, { AT_EMPTY_PATH });
  b.call("statx", [fd, text(""), empty, mask, buffer], options);
  return buffer;
}

/** A 32-bit field of {@linkcode stat}. */
export function statField(
  buffer: Block,
  field: keyof typeof STATX_OFFSET,
): Word {
  return word(buffer, STATX_OFFSET[field]);
}

/** A place for a descriptor that different steps may bring; it starts as none (-1). */
export function descriptorSlot(label: string): Block {
  return block(label, new Uint8Array([255, 255, 255, 255]));
}

/** Goes on at `to` unless the descriptor is on a file system with this magic number, fstatfs(2). */
export function unlessFileSystem(
  b: ProgramBuilder,
  fd: Operand,
  magic: number,
  to: Label,
): void {
  const buffer = block("statfs", 120);
  b.call("fstatfs", [fd, buffer]);
  b.unless(word(buffer), -1, magic, to);
}
