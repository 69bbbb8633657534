/**
 * Reading small files of the kernel quickly: openat(2), read(2), close(2), and nothing else.
 *
 * Statistics of a container are some forty files; a descriptor object and a decoder's state for each would take as long
 * as the kernel does.
 *
 * @module
 */
import { AT_FDCWD, O_CLOEXEC, O_RDONLY } from "./abi/fcntl.ts";
import { errnoName } from "./abi/errno.ts";
import type { SyscallName } from "./abi/syscalls.ts";
import type { Fd } from "./fd.ts";
import { mapAnywhere, type Region } from "./memory.ts";
import { SyscallError } from "./syscall_error.ts";
import { syscall } from "./syscall.ts";

const CHUNK = 65_536;
/**
 * What the kernel makes for one read of such a file. A read gives whole records as far as they fit, and no record has
 * half a page: so one of less than that is the last.
 */
const PAGE = 4096;
const decoder = new TextDecoder();
let place: Region | undefined;

/** Where each read puts its bytes. It never moves: to ask V8 where an array lies takes longer than a call. */
function buffer(): Region {
  return place ??= mapAnywhere(CHUNK);
}

/**
 * Reads a file of cgroupfs, procfs or sysfs.
 *
 * @param path its absolute path
 * @returns its text; undefined if it is not there (ENOENT, ENOTDIR), its cgroup or process is gone (ENODEV, ESRCH), or
 * the kernel was told to do without it (EOPNOTSUPP: pressure that is switched off)
 * @throws {SyscallError} such as EACCES
 */
export function readKernelFile(path: string): string | undefined {
  const flags = O_RDONLY | O_CLOEXEC;
  const fd = syscall("openat", AT_FDCWD, path, flags, 0);
  if (fd < 0) return absent("openat", -fd, path);
  let text = "";
  let size: number;
  do {
    size = syscall("read", fd, buffer().address, CHUNK);
    if (size < 0) break;
    text += textOf(size);
  } while (size > PAGE / 2);
  syscall("close", fd);
  return size < 0 ? absent("read", -size, path) : text;
}

/**
 * Reads an open file once more from its beginning: from then on, it has not changed for who waits for that.
 *
 * @returns its text, of which there may be 64 KiB; undefined as in {@linkcode readKernelFile}
 * @throws {SyscallError} such as EIO
 */
export function rereadKernelFile(fd: Fd): string | undefined {
  const size = syscall("pread64", fd.number, buffer().address, CHUNK, 0);
  if (size < 0) return absent("pread64", -size, fd.path);
  return textOf(size);
}

/** Up to so many bytes are put together faster than the decoder is asked: measured, 0.2 µs in place of 0.5. */
const SHORT = 12;

/** What was read, as text. */
function textOf(size: number): string {
  const { bytes } = buffer();
  let text = "";
  for (let at = 0; at < size; at++) {
    const byte = bytes[at]!;
    if (size > SHORT || byte > 0x7f) {
      return decoder.decode(bytes.subarray(0, size));
    }
    text += String.fromCharCode(byte);
  }
  return text;
}

const ABSENT = ["ENOENT", "ENOTDIR", "ENODEV", "ESRCH", "EOPNOTSUPP"];

function absent(op: SyscallName, errno: number, path: string): undefined {
  if (ABSENT.includes(errnoName(errno))) return undefined;
  throw new SyscallError(op, errno, JSON.stringify(path));
}
