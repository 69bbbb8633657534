/**
 * Reading and writing what may take long, without a thread that waits: pipe(7), pty(7).
 *
 * @module
 */
import { F_GETFL, F_SETFL, O_NONBLOCK } from "./abi/fcntl.ts";
import type { Fd } from "./fd.ts";
import { waitReadable, waitWritable } from "./poll.ts";
import { check, syscall } from "./syscall.ts";
import { SyscallError } from "./syscall_error.ts";

/** As much as a pipe holds, if nobody has changed that: pipe(7). */
const CHUNK = 64 * 1024;
let chunk: Uint8Array<ArrayBuffer> | undefined;

/** Whether calls on a descriptor that would wait fail instead. */
export function isNonblocking(fd: Fd): boolean {
  const flags = check("fcntl", `on ${fd.path}`, fd.number, F_GETFL, 0);
  return (flags & O_NONBLOCK) !== 0;
}

/** Prepares a descriptor for the functions below. Others that share it, by a fork or as a copy, get EAGAIN as well. */
export function setNonblocking(fd: Fd): void {
  const flags = check("fcntl", `on ${fd.path}`, fd.number, F_GETFL, 0);
  const added = flags | O_NONBLOCK;
  check("fcntl", `on ${fd.path}`, fd.number, F_SETFL, added);
}

/**
 * Waits for bytes. Deno's event loop goes round in between, even if there are some already: who writes without end does
 * not keep us from everything else.
 *
 * @returns at most 64 KiB; none at the end, or if the descriptor is closed meanwhile
 * @throws {SyscallError} EIO from a terminal whose other side is gone
 */
export async function readSome(fd: Fd): Promise<Uint8Array<ArrayBuffer>> {
  for (;;) {
    await waitReadable([fd], -1, { patient: true });
    if (fd.isClosed) return new Uint8Array(0);
    const bytes = readNow(fd);
    if (bytes !== undefined) return bytes;
  }
}

/**
 * Reads what is there by now.
 *
 * @returns at most 64 KiB; none at the end; undefined if there is nothing yet
 * @throws {SyscallError} EIO from a terminal whose other side is gone
 */
export function readNow(fd: Fd): Uint8Array<ArrayBuffer> | undefined {
  const buffer = chunk ??= new Uint8Array(CHUNK);
  const result = syscall("read", fd.number, buffer, CHUNK);
  if (result >= 0) return buffer.slice(0, result);
  checkAgain("read", result, fd);
  return undefined;
}

/**
 * Writes all of it; the event loop goes round as in {@linkcode readSome}.
 *
 * @throws {Deno.errors.BrokenPipe} when nobody will read it; {RuntimeError} if the descriptor is closed meanwhile;
 * {SyscallError}
 */
export async function writeWhole(fd: Fd, bytes: Uint8Array): Promise<void> {
  // A copy: the caller's memory may be shared with others, who change it.
  for (let rest = new Uint8Array(bytes); rest.length > 0;) {
    await waitWritable([fd], -1, { patient: true });
    const result = syscall("write", fd.number, rest, rest.length);
    if (result >= 0) rest = rest.subarray(result);
    else checkAgain("write", result, fd);
  }
}

/** Throws unless the call is worth another try. */
function checkAgain(name: "read" | "write", result: number, fd: Fd): void {
  const where = name === "read" ? "from" : "to";
  const error = new SyscallError(name, -result, `${where} ${fd.path}`);
  if (["EAGAIN", "EINTR"].includes(error.errnoName)) return;
  if (error.errnoName === "EPIPE") {
    throw new Deno.errors.BrokenPipe(error.message);
  }
  throw error;
}
