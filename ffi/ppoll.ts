/**
 * One look at some descriptors, on this thread: ppoll(2).
 *
 * @module
 */
import type { Fd } from "./fd.ts";
import { SyscallError } from "./syscall_error.ts";
import { syscall } from "./syscall.ts";

/** A descriptor, and what it should be ready for. */
export interface Interest {
  readonly fd: Fd;
  /** POLLIN, POLLOUT or POLLPRI. Errors and the other side's end always count. */
  readonly events: number;
  /**
   * Whether being asked takes the readiness away, as it does with pressure triggers (psi.rst): then it is kept in
   * {@linkcode Interest.seen}.
   */
  readonly once?: true;
  /** Whether it has been seen to be ready. */
  seen?: boolean;
}

const POLLFD_SIZE = 8; // struct pollfd of <asm/poll.h>: int fd, short events, short revents

/**
 * Tells of each descriptor whether it is ready, holding the thread until one is. A closed one is ready, as in poll(2):
 * nothing will come of it any more. A signal may end this early.
 *
 * @param timeoutMs how long to hold the thread at most
 * @throws {SyscallError} ENOMEM, EINVAL for more than RLIMIT_NOFILE
 */
export function ppoll(
  interests: readonly Interest[],
  timeoutMs: number,
): boolean[] {
  const bytes = new Uint8Array(POLLFD_SIZE * interests.length);
  const view = new DataView(bytes.buffer);
  let timeout = timeoutMs;
  interests.forEach(({ fd, events, seen }, i) => {
    if (fd.isClosed || seen) timeout = 0;
    // A negative number is passed over.
    view.setInt32(POLLFD_SIZE * i, fd.isClosed ? -1 : fd.number, true);
    view.setInt16(POLLFD_SIZE * i + 4, events, true);
  });
  const time = timespec(timeout);
  const result = syscall("ppoll", bytes, interests.length, time, null, 0);
  if (result < 0) {
    const error = new SyscallError("ppoll", -result);
    if (error.errnoName !== "EINTR") throw error; // which has left all as it was: nothing is ready
  }
  return interests.map((interest, i) => {
    const isReady = view.getInt16(POLLFD_SIZE * i + 6, true) !== 0;
    if (isReady && interest.once) interest.seen = true;
    return isReady || interest.seen === true || interest.fd.isClosed;
  });
}

/** A `struct timespec`, rounded up: whoever waits until a time must not be asked again just before it. */
function timespec(ms: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const ns = Math.ceil(ms * 1e6);
  view.setBigInt64(0, BigInt(Math.floor(ns / 1e9)), true);
  view.setBigInt64(8, BigInt(ns % 1e9), true);
  return bytes;
}
