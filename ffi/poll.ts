/**
 * Waiting for descriptors: ppoll(2).
 *
 * @module
 */
import { POLLIN } from "./abi/poll.ts";
import { SyscallError } from "./syscall_error.ts";
import type { Fd } from "./fd.ts";
import { syscall, syscallAsync } from "./syscall.ts";

/** How long the calling thread may be held before the wait moves to another one; a hand-over costs some 0.1 ms. */
const HOLD_MS = 1;

/**
 * Waits until one of the descriptors can be read, or its other side is gone.
 *
 * @param timeoutMs how long at most; negative: for ever
 * @returns for each descriptor whether it is ready; all false when the time is up
 * @throws {SyscallError}
 */
export async function waitReadable(
  fds: readonly Fd[],
  timeoutMs = -1,
): Promise<boolean[]> {
  const first = timeoutMs < 0 ? HOLD_MS : Math.min(HOLD_MS, timeoutMs);
  const polled = pollStructs(fds);
  let count = outcome(
    syscall("ppoll", polled, fds.length, timespec(first), null, 0),
  );
  const rest = timeoutMs < 0 ? undefined : timeoutMs - first;
  if (count <= 0 && (rest === undefined || rest > 0)) {
    const timeout = rest === undefined ? null : timespec(rest);
    do count = outcome(
      await syscallAsync("ppoll", polled, fds.length, timeout, null, 0),
    ); while (count < 0);
  }
  const view = new DataView(polled.buffer);
  return fds.map((_, i) => view.getInt16(8 * i + 6, true) !== 0);
}

function pollStructs(fds: readonly Fd[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 * fds.length);
  const view = new DataView(bytes.buffer);
  fds.forEach((fd, i) => {
    view.setInt32(8 * i, fd.number, true);
    view.setInt16(8 * i + 4, POLLIN, true);
  });
  return bytes;
}

function timespec(ms: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(Math.floor(ms / 1000)), true);
  view.setBigInt64(8, BigInt(Math.floor((ms % 1000) * 1e6)), true);
  return bytes;
}

/** How many descriptors are ready; -1 to try again. */
function outcome(result: number): number {
  if (result >= 0) return result;
  const error = new SyscallError("ppoll", -result);
  if (error.errnoName === "EINTR") return -1;
  throw error;
}

/**
 * Waits for a while. A program's first timer of Deno's own costs 12 ms: it loads what Node's compatibility is made of.
 *
 * @param ms how long
 */
export async function pause(ms: number): Promise<void> {
  await waitReadable([], ms);
}
