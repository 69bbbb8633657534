/**
 * Files by descriptor: openat2(2), statx(2), read(2), write(2), getdents64(2), readlinkat(2).
 *
 * Paths are resolved from a descriptor and under RESOLVE_ flags, so that nobody who writes to a container's root file
 * system can lead the runtime out of it.
 *
 * @module
 */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  STATX_BASIC_STATS,
  STATX_MNT_ID,
} from "./abi/fcntl.ts";
import { SyscallError } from "./syscall_error.ts";
import { Fd } from "./fd.ts";
import { OPEN_HOW_SIZE } from "./structs/open_how.ts";
import { decodeStatx, type Stat, STATX_SIZE } from "./structs/statx.ts";
import { ARCH, check, syscall } from "./syscall.ts";

export type { FileTime, Stat } from "./structs/statx.ts";

/** A directory that a path starts from: a descriptor, or its number (AT_FDCWD included). */
export type Directory = Fd | number;

/** How often openat2(2) is tried when a rename elsewhere makes it give up (EAGAIN). */
const TRIES = 128;
const CHUNK = 65536;
const decoder = new TextDecoder();
// Memory for calls on this thread, which are done with it when they return: a new array costs more than such a call.
/** struct open_how: flags, mode, resolve. */
const openHow = new BigUint64Array(3);
const openHowBytes = new Uint8Array(openHow.buffer);
const statxBuffer = new Uint8Array(STATX_SIZE);
let readBuffer: Uint8Array<ArrayBuffer> | undefined;

/** A descriptor's number. */
export function numberOf(directory: Directory): number {
  return typeof directory === "number" ? directory : directory.number;
}

function detail(directory: Directory, path: string): string {
  const quoted = JSON.stringify(path);
  if (typeof directory === "number" || path.startsWith("/")) return quoted;
  return `${quoted} in ${directory.path}`;
}

function labelOf(directory: Directory, path: string): string {
  if (typeof directory === "number") return path;
  return path === "" ? directory.path : `${directory.path}/${path}`;
}

/**
 * Opens a file, close-on-exec. EAGAIN (a rename elsewhere while `..` was resolved) and EINTR are tried again.
 *
 * @param flags O_ flags; O_CLOEXEC is added
 * @param resolve RESOLVE_ flags
 * @param mode permission bits, only with O_CREAT
 * @throws {SyscallError} such as ENOENT, ELOOP, EXDEV (the path leads out of what RESOLVE_ allows)
 */
export function openIn(
  directory: Directory,
  path: string,
  flags: number,
  resolve = 0,
  mode = 0,
): Fd {
  openHow[0] = BigInt(flags | O_CLOEXEC);
  openHow[1] = BigInt(mode);
  openHow[2] = BigInt(resolve);
  for (let left = TRIES;; left--) {
    const result = syscall(
      "openat2",
      numberOf(directory),
      path,
      openHowBytes,
      OPEN_HOW_SIZE,
    );
    if (result >= 0) return new Fd(result, labelOf(directory, path));
    const error = new SyscallError(
      "openat2",
      -result,
      detail(directory, path),
    );
    const again = error.errnoName === "EAGAIN" || error.errnoName === "EINTR";
    if (!again || left === 0) throw error;
  }
}

/**
 * As {@linkcode openIn}, but gives undefined where that fails with one of `errnos`, such as `["ENOENT"]`.
 *
 * @throws {SyscallError} for any other failure
 */
export function tryOpenIn(
  errnos: readonly string[],
  ...operands: Parameters<typeof openIn>
): Fd | undefined {
  try {
    return openIn(...operands);
  } catch (error) {
    if (error instanceof SyscallError && errnos.includes(error.errnoName)) {
      return undefined;
    }
    throw error;
  }
}

/** What is known of an open file; O_PATH is enough. */
export function statFd(fd: Directory): Stat {
  return stat(fd, "", AT_EMPTY_PATH);
}

/** What is known of a directory's entry; a symbolic link is not followed. */
export function statIn(directory: Directory, path: string): Stat {
  return stat(directory, path, AT_SYMLINK_NOFOLLOW);
}

function stat(directory: Directory, path: string, flags: number): Stat {
  const mask = STATX_BASIC_STATS | STATX_MNT_ID;
  const number = numberOf(directory);
  const result = syscall("statx", number, path, flags, mask, statxBuffer);
  if (result < 0) {
    throw new SyscallError("statx", -result, detail(directory, path));
  }
  return decodeStatx(statxBuffer);
}

/** The magic number of the file system that an open file is on (f_type of fstatfs(2)); O_PATH is enough. */
export function fileSystemOf(fd: Fd): number {
  const buffer = new Uint8Array(120);
  check("fstatfs", `on ${fd.path}`, fd.number, buffer);
  return new DataView(buffer.buffer).getUint32(0, true);
}

/**
 * Reads from where the descriptor stands, up to the end.
 *
 * @param limit how many bytes at most
 */
export function readAll(fd: Fd, limit = Infinity): Uint8Array<ArrayBuffer> {
  const chunk = readBuffer ??= new Uint8Array(CHUNK);
  let bytes = new Uint8Array(0);
  while (bytes.length < limit) {
    const most = Math.min(CHUNK, limit - bytes.length);
    const size = check("read", `from ${fd.path}`, fd.number, chunk, most);
    if (size === 0) break;
    const longer = new Uint8Array(bytes.length + size);
    longer.set(bytes);
    longer.set(chunk.subarray(0, size), bytes.length);
    bytes = longer;
  }
  return bytes;
}

/** As {@linkcode readAll}, as text. */
export function readText(fd: Fd): string {
  return decoder.decode(readAll(fd));
}

/** Writes all of it. For files of /proc, /sys and cgroups: the whole of a short text is one write(2). */
export function writeAll(
  fd: Fd,
  data: string | Uint8Array<ArrayBuffer>,
): void {
  let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
  do {
    const size = check("write", `to ${fd.path}`, fd.number, rest, rest.length);
    rest = rest.subarray(size);
  } while (rest.length > 0);
}

/** The target of a symbolic link; an empty path means the link that `directory` was opened on (O_PATH|O_NOFOLLOW). */
export function readLink(directory: Directory, path: string): string {
  const buffer = new Uint8Array(4096);
  const size = check(
    "readlinkat",
    detail(directory, path),
    numberOf(directory),
    path,
    buffer,
    buffer.length,
  );
  return decoder.decode(buffer.subarray(0, size));
}

/** The names in a directory, `.` and `..` left out, in the order of the disk. `fd` may be O_PATH. */
export function listDirectory(fd: Directory): string[] {
  const flags = O_RDONLY | O_DIRECTORY[ARCH] | O_NOFOLLOW[ARCH];
  using directory = openIn(fd, ".", flags);
  const names: string[] = [];
  const buffer = new Uint8Array(CHUNK);
  const view = new DataView(buffer.buffer);
  for (;;) {
    const size = check(
      "getdents64",
      `of ${directory.path}`,
      directory.number,
      buffer,
      CHUNK,
    );
    if (size === 0) return names;
    // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name
    for (let at = 0; at < size; at += view.getUint16(at + 16, true)) {
      const end = buffer.indexOf(0, at + 19);
      const name = decoder.decode(buffer.subarray(at + 19, end));
      if (name !== "." && name !== "..") names.push(name);
    }
  }
}

/** Opens a directory of the host by its path, following links. */
export function openHostDirectory(path: string, flags = 0): Fd {
  return openIn(AT_FDCWD, path, flags | O_DIRECTORY[ARCH]);
}
