/**
 * Making and changing files by descriptor: mkdirat(2), mknodat(2), symlinkat(2), unlinkat(2), fchmodat(2),
 * fchownat(2), utimensat(2), and extended attributes, xattr(7).
 *
 * @module
 */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  RENAME_EXCHANGE,
} from "./abi/fcntl.ts";
import { errnoName } from "./abi/errno.ts";
import { SyscallError } from "./syscall_error.ts";
import type { Fd } from "./fd.ts";
import { type Directory, type FileTime, numberOf } from "./fs.ts";
import { check, syscall } from "./syscall.ts";

function detail(directory: Directory, name: string): string {
  const where = typeof directory === "number" ? "" : ` in ${directory.path}`;
  return `${JSON.stringify(name)}${where}`;
}

/**
 * Makes a directory. The umask applies.
 *
 * @returns false if there is something of that name already
 * @throws {SyscallError} for any other failure
 */
export function makeDirectory(
  directory: Directory,
  name: string,
  mode: number,
): boolean {
  const result = syscall(
    "mkdirat",
    numberOf(directory),
    name,
    mode,
  );
  if (result >= 0) return true;
  if (errnoName(-result) === "EEXIST") return false;
  throw new SyscallError("mkdirat", -result, detail(directory, name));
}

/** Makes a device node, fifo or socket; `mode` has the type. */
export function makeNode(
  directory: Directory,
  name: string,
  mode: number,
  device: { readonly major: number; readonly minor: number },
): void {
  check(
    "mknodat",
    detail(directory, name),
    numberOf(directory),
    name,
    mode,
    deviceNumber(device.major, device.minor),
  );
}

/** A device number as mknodat(2) takes it: <linux/kdev_t.h> new_encode_dev. Minors have 20 bits, majors 12. */
export function deviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}

/** Makes a symbolic link. */
export function makeLink(
  target: string,
  directory: Directory,
  name: string,
): void {
  check(
    "symlinkat",
    detail(directory, name),
    target,
    numberOf(directory),
    name,
  );
}

/**
 * Puts the file `from` in the place of the file `to` in one step; both are paths of the host.
 *
 * rename(2) over a file makes ext4 allocate and write the new one's blocks at once (1.5 ms); exchanging the two and
 * removing the old one does not.
 */
export function replaceFile(from: string, to: string): void {
  const result = syscall(
    "renameat2",
    AT_FDCWD,
    from,
    AT_FDCWD,
    to,
    RENAME_EXCHANGE,
  );
  if (result >= 0) return remove(AT_FDCWD, from);
  // There may be nothing to exchange it with, or a file system that can't.
  check("renameat2", detail(AT_FDCWD, to), AT_FDCWD, from, AT_FDCWD, to, 0);
}

/** Removes a file or, with `directory` true, an empty directory. */
export function remove(
  from: Directory,
  name: string,
  options: { readonly directory?: boolean } = {},
): void {
  const flags = options.directory ? AT_REMOVEDIR : 0;
  check(
    "unlinkat",
    detail(from, name),
    numberOf(from),
    name,
    flags,
  );
}

/** Changes the owner of an open file, of a link too; O_PATH is enough. -1 leaves an id alone. */
export function changeOwner(fd: Fd, uid: number, gid: number): void {
  check(
    "fchownat",
    `of ${fd.path}`,
    fd.number,
    "",
    uid,
    gid,
    AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
  );
}

/** Changes the permission bits of a file opened for reading or writing. */
export function changeMode(fd: Fd, mode: number): void {
  check("fchmod", `of ${fd.path}`, fd.number, mode & 0o7777);
}

/** Sets the times of a directory's entry; a link is not followed. */
export function setTimes(
  directory: Directory,
  name: string,
  times: { readonly atime: FileTime; readonly mtime: FileTime },
): void {
  const { atime, mtime } = times;
  const words = new BigInt64Array([
    atime.sec,
    BigInt(atime.nsec),
    mtime.sec,
    BigInt(mtime.nsec),
  ]);
  check(
    "utimensat",
    detail(directory, name),
    numberOf(directory),
    name,
    new Uint8Array(words.buffer),
    AT_SYMLINK_NOFOLLOW,
  );
}

/** The names of an open file's extended attributes; none where the file system has none. */
export function listAttributes(fd: Fd): string[] {
  const buffer = new Uint8Array(65536);
  const size = syscall("flistxattr", fd.number, buffer, buffer.length);
  if (size < 0) {
    if (errnoName(-size) === "EOPNOTSUPP") return [];
    throw new SyscallError("flistxattr", -size, `of ${fd.path}`);
  }
  const names = new TextDecoder().decode(buffer.subarray(0, size));
  return names.split("\0").filter((name) => name !== "");
}

/** The value of an extended attribute. */
export function getAttribute(fd: Fd, name: string): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(65536);
  const size = check(
    "fgetxattr",
    `${name} of ${fd.path}`,
    fd.number,
    name,
    buffer,
    buffer.length,
  );
  return buffer.slice(0, size);
}

/**
 * Sets an extended attribute.
 *
 * @returns false where the file system or the caller's rights don't allow one of this name
 */
export function setAttribute(
  fd: Fd,
  name: string,
  value: Uint8Array<ArrayBuffer>,
): boolean {
  const result = syscall(
    "fsetxattr",
    fd.number,
    name,
    value,
    value.length,
    0,
  );
  if (result >= 0) return true;
  const error = new SyscallError("fsetxattr", -result, `${name} of ${fd.path}`);
  if (["EOPNOTSUPP", "EPERM"].includes(error.errnoName)) return false;
  throw error;
}
