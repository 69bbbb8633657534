/**
 * The kernel's log: /dev/kmsg (Documentation/ABI/testing/dev-kmsg).
 *
 * @module
 */
import { AT_FDCWD, O_NONBLOCK, O_RDONLY } from "./abi/fcntl.ts";
import { errnoName } from "./abi/errno.ts";
import { CLOCK_MONOTONIC } from "./abi/poll.ts";
import { tryOpenIn } from "./fs.ts";
import { check, syscall } from "./syscall.ts";
import { SyscallError } from "./syscall_error.ts";

/** One line of it. */
export interface KernelLogLine {
  /** When it was written, in microseconds since boot, times of suspension left out. */
  readonly timeUs: number;
  /** What it says. */
  readonly text: string;
}

/** Longest record that the kernel gives (PRINTKRB_RECORD_MAX, and its predecessors). */
const RECORD_SIZE = 8192;
const decoder = new TextDecoder();

/**
 * Reads all lines that the kernel still has.
 *
 * @returns the lines; undefined if we may not read them (dmesg_restrict without CAP_SYSLOG), or there is no such device
 * @throws {SyscallError} for what else may go wrong
 */
export function readKernelLog(): KernelLogLine[] | undefined {
  using fd = tryOpenIn(
    ["EPERM", "EACCES", "ENOENT", "ENXIO", "ENODEV"],
    AT_FDCWD,
    "/dev/kmsg",
    O_RDONLY | O_NONBLOCK,
  );
  if (fd === undefined) return undefined;
  const lines: KernelLogLine[] = [];
  const buffer = new Uint8Array(RECORD_SIZE);
  for (;;) {
    // One record with each call.
    const size = syscall("read", fd.number, buffer, buffer.length);
    if (size > 0) {
      const line = parseRecord(decoder.decode(buffer.subarray(0, size)));
      if (line !== undefined) lines.push(line);
      continue;
    }
    const name = errnoName(-size);
    // EPIPE: records were overwritten before we came to them.
    if (size === 0 || name === "EAGAIN") return lines;
    if (name === "EPERM") return undefined; // not a real device: seen in sandboxes
    if (name !== "EPIPE" && name !== "EINTR") {
      throw new SyscallError("read", -size, `from ${fd.path}`);
    }
  }
}

/** A record: `6,339,5140900,-;text`, then lines of a dictionary, each behind a space. */
export function parseRecord(record: string): KernelLogLine | undefined {
  const [, time, text] = /^\d+,\d+,(\d+),[^;]*;([^\n]*)/.exec(record) ?? [];
  return text === undefined
    ? undefined
    : { timeUs: Number(time), text: unescapeBytes(text) };
}

/** Undoes `\x5c`: so the kernel writes backslashes, and each byte that is not printable ASCII. */
function unescapeBytes(text: string): string {
  if (!text.includes("\\x")) return text;
  return text.replace(/(?:\\x[0-9a-f]{2})+/g, (escaped) => {
    const bytes = escaped.slice(2).split("\\x").map((hex) => parseInt(hex, 16));
    return decoder.decode(new Uint8Array(bytes));
  });
}

/** Now, as the log counts. */
export function kernelLogTimeUs(): number {
  const time = new BigInt64Array(2);
  const bytes = new Uint8Array(time.buffer);
  check("clock_gettime", "", CLOCK_MONOTONIC, bytes);
  return Number(time[0]! * 1_000_000n + time[1]! / 1000n);
}
