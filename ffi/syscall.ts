/**
 * System calls, raw: each returns a result or -errno, straight from the kernel.
 *
 * @module
 */
import { type Arch, type SyscallName, SYSCALLS } from "./abi/syscalls.ts";
import { errnoName } from "./abi/errno.ts";
import { RuntimeError } from "./errors.ts";
import { SyscallError } from "./syscall_error.ts";
import { asyncLibc, libc } from "./libc.ts";
import { machineCode } from "./machine/mod.ts";
import { mapAnywhere } from "./memory.ts";

/** What a system call takes: a number, a string, or memory by its address (`null` is a null pointer). */
export type SyscallOperand =
  | number
  | bigint
  | string
  | Uint8Array<ArrayBuffer>
  | null;

/** The CPU's name as the tables here spell it. */
export const ARCH: Arch = Deno.build.arch === "aarch64" ? "aarch64" : "x86_64";

/** Words of a call's frame: number, six operands, result. */
const FRAME_WORDS = 8;
const FRAME_SIZE = 8 * FRAME_WORDS;
/** Frame 0 is for calls on this thread, the others for calls on other threads, each in use until its call returns. */
const FRAMES = 1024;
/** Room behind the frames for the strings of a call on this thread: an array of its own costs more than the call. */
const STRINGS_SIZE = 16_384;
const HALF = 0x1_0000_0000;

const encoder = new TextEncoder();

interface LoadedCode {
  readonly stub: Deno.PointerObject;
  readonly called: Deno.PointerObject;
  /** Address of frame 0, and a pointer to it. */
  readonly address: number;
  readonly frame: Deno.PointerObject;
  /** The frames as 32-bit halves, which are written faster than bigints. */
  readonly halves: Int32Array<ArrayBuffer>;
  readonly words: BigInt64Array<ArrayBuffer>;
  /** Memory for strings, its address, and how much of it is in use. */
  readonly strings: Uint8Array<ArrayBuffer>;
  readonly stringsAddress: number;
  used: number;
  /** Frames that were used and are free, and the first that was never used. */
  readonly free: number[];
  next: number;
}

let loaded: LoadedCode | undefined;

function load(): LoadedCode {
  if (loaded !== undefined) return loaded;
  const { bytes, entries } = machineCode(ARCH);
  const code = mapAnywhere(4096);
  code.bytes.set(bytes);
  code.protect();
  const size = FRAMES * FRAME_SIZE;
  const frames = mapAnywhere(size + STRINGS_SIZE);
  // SAFETY: neither region is ever unmapped; each entry follows the C calling convention.
  const at = (address: number): Deno.PointerObject =>
    Deno.UnsafePointer.create(BigInt(address))!;
  loaded = {
    stub: at(code.address + entries.stub),
    called: at(code.address + entries.called),
    address: frames.address,
    frame: at(frames.address),
    halves: new Int32Array(frames.bytes.buffer, 0, size / 4),
    words: new BigInt64Array(frames.bytes.buffer, 0, size / 8),
    strings: new Uint8Array(frames.bytes.buffer, size),
    stringsAddress: frames.address + size,
    used: 0,
    free: [],
    next: 1,
  };
  return loaded;
}

/** The number of a system call on this CPU. */
export function syscallNumber(name: SyscallName, arch: Arch = ARCH): number {
  const table: Partial<Record<SyscallName, number>> = SYSCALLS[arch];
  const number = table[name];
  if (number === undefined) {
    throw new RuntimeError(
      "host",
      `Cannot call ${name}: ${arch} has no such system call`,
    );
  }
  return number;
}

/**
 * Memory's address. SAFETY: the caller keeps `buffer` alive until the kernel is done with it; V8 does not move the
 * backing store of an array buffer, and an empty one has no address (null is as good).
 */
function addressOf(buffer: Uint8Array<ArrayBuffer>): bigint {
  return buffer.byteLength === 0
    ? 0n
    : Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer));
}

/** Puts a string where the kernel finds it until the next call on this thread; undefined if there is no room. */
function placeString(code: LoadedCode, text: string): number | undefined {
  if (text.includes("\0")) throw nulInside(text);
  const start = code.used;
  if (start + 3 * text.length >= STRINGS_SIZE) return undefined;
  const end = start + placeBytes(code.strings, start, text);
  code.strings[end] = 0;
  code.used = end + 1;
  return code.stringsAddress + start;
}

/** A string as UTF-8, and how many bytes that is. Nearly all paths are ASCII; the encoder takes longer to be asked. */
function placeBytes(
  target: Uint8Array<ArrayBuffer>,
  start: number,
  text: string,
): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) {
      return encoder.encodeInto(text, target.subarray(start)).written;
    }
    target[start + at] = code;
  }
  return text.length;
}

function fillFrame(
  code: LoadedCode,
  frame: number,
  name: SyscallName,
  operands: SyscallOperand[],
): void {
  const { halves, words } = code;
  const first = frame * FRAME_WORDS;
  code.used = 0;
  halves[2 * first] = syscallNumber(name);
  halves[2 * first + 1] = 0;
  for (let i = 0; i < 6; i++) {
    const word = first + 1 + i;
    let operand = operands[i] ?? 0;
    if (typeof operand === "string") {
      // On another thread the call may be made after the next one here: its strings are its own.
      const address = frame === 0 ? placeString(code, operand) : undefined;
      operand = address ?? (operands[i] = cString(operand));
    }
    if (typeof operand === "number") {
      halves[2 * word] = operand;
      halves[2 * word + 1] = Math.floor(operand / HALF);
    } else {
      words[word] = typeof operand === "bigint"
        ? BigInt.asIntN(64, operand)
        : addressOf(operand);
    }
  }
}

function resultOf({ halves }: LoadedCode, frame: number): number {
  const word = (frame + 1) * FRAME_WORDS - 1;
  return halves[2 * word + 1]! * HALF + (halves[2 * word]! >>> 0);
}

/**
 * Makes a system call.
 *
 * @returns the result, or -errno
 * @example
 * ```ts ignore
 * const fd = syscall("openat", AT_FDCWD, "/etc", O_PATH | O_CLOEXEC, 0);
 * ```
 */
export function syscall(
  name: SyscallName,
  ...operands: SyscallOperand[]
): number {
  const code = load();
  fillFrame(code, 0, name, operands);
  libc().bsearch(code.frame, code.frame, 1n, 1n, code.stub);
  keepAlive(operands);
  return resultOf(code, 0);
}

/**
 * Makes a system call that may wait, on another thread. Never use it for what belongs to a thread (setns, prctl,
 * capset …). The buffers are kept alive until it is done.
 *
 * @returns the result, or -errno
 * @throws {RuntimeError} if 1023 such calls wait already
 */
export async function syscallAsync(
  name: SyscallName,
  ...operands: SyscallOperand[]
): Promise<number> {
  const code = load();
  const { stub, address, free } = code;
  const frame = free.pop() ?? code.next++;
  if (frame >= FRAMES) {
    throw new RuntimeError(
      "host",
      `Cannot call ${name}: ${FRAMES} calls wait already`,
    );
  }
  fillFrame(code, frame, name, operands);
  const pointer = Deno.UnsafePointer.create(
    BigInt(address + frame * FRAME_SIZE),
  );
  await asyncLibc().bsearch(pointer, pointer, 1n, 1n, stub);
  keepAlive(operands);
  const result = resultOf(code, frame);
  free.push(frame);
  return result;
}

/** Keeps buffers reachable up to here: the kernel knew only their addresses. */
function keepAlive(operands: SyscallOperand[]): void {
  operands.length = 0;
}

/**
 * Makes a system call, and throws if it fails. EINTR is tried again.
 *
 * @param detail what the call was made on, for the message
 * @throws {SyscallError}
 */
export function check(
  name: SyscallName,
  detail: string,
  ...operands: SyscallOperand[]
): number {
  for (;;) {
    const result = syscall(name, ...operands);
    if (result >= 0) return result;
    if (errnoName(-result) !== "EINTR") {
      throw new SyscallError(name, -result, detail);
    }
  }
}

/**
 * Runs the program at `address` in this process (see init/layout.ts). What became of it is in its results.
 */
export function runProgram(address: number): void {
  const { called } = load();
  // SAFETY: the program lies in memory that is never unmapped.
  const program = Deno.UnsafePointer.create(BigInt(address));
  libc().bsearch(program, program, 1n, 1n, called);
}

/** A string as C has it: UTF-8 with a NUL behind. Throws if it holds a NUL, which would cut it short unseen. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw nulInside(text);
  return encoder.encode(text + "\0");
}

function nulInside(text: string): RuntimeError {
  return new RuntimeError(
    "usage",
    `Cannot pass a string with a NUL byte: ${JSON.stringify(text)}`,
  );
}
