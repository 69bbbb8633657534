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

/** What a system call takes: a number, or memory by its address (`null` is a null pointer). */
export type SyscallOperand = number | bigint | Uint8Array<ArrayBuffer> | null;

/** The CPU's name as the tables here spell it. */
export const ARCH: Arch = Deno.build.arch === "aarch64" ? "aarch64" : "x86_64";

/** Words of a call's frame: number, six operands, result. */
const FRAME_WORDS = 8;
const FRAME_SIZE = 8 * FRAME_WORDS;
/** Frame 0 is for calls on this thread, the others for calls on other threads, each in use until its call returns. */
const FRAMES = 1024;

interface LoadedCode {
  readonly stub: Deno.PointerObject;
  readonly called: Deno.PointerObject;
  /** Address of frame 0, and a pointer to it. */
  readonly address: number;
  readonly frame: Deno.PointerObject;
  readonly words: BigInt64Array<ArrayBuffer>;
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
  const frames = mapAnywhere(FRAMES * FRAME_SIZE);
  // SAFETY: neither region is ever unmapped; each entry follows the C calling convention.
  const at = (address: number): Deno.PointerObject =>
    Deno.UnsafePointer.create(BigInt(address))!;
  loaded = {
    stub: at(code.address + entries.stub),
    called: at(code.address + entries.called),
    address: frames.address,
    frame: at(frames.address),
    words: new BigInt64Array(frames.bytes.buffer),
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

function toWord(operand: SyscallOperand | undefined): bigint {
  if (operand === undefined || operand === null) return 0n;
  if (typeof operand === "number") return BigInt(operand);
  return typeof operand === "bigint"
    ? BigInt.asIntN(64, operand)
    : addressOf(operand);
}

function fillFrame(
  words: BigInt64Array<ArrayBuffer>,
  frame: number,
  name: SyscallName,
  operands: readonly SyscallOperand[],
): void {
  const first = frame * FRAME_WORDS;
  words[first] = BigInt(syscallNumber(name));
  for (let i = 0; i < 6; i++) words[first + 1 + i] = toWord(operands[i]);
}

/**
 * Makes a system call.
 *
 * @returns the result, or -errno
 * @example
 * ```ts ignore
 * const fd = syscall("openat", AT_FDCWD, cString("/etc"), O_PATH | O_CLOEXEC, 0);
 * ```
 */
export function syscall(
  name: SyscallName,
  ...operands: SyscallOperand[]
): number {
  const { stub, frame, words } = load();
  fillFrame(words, 0, name, operands);
  libc().bsearch(frame, frame, 1n, 1n, stub);
  keepAlive(operands);
  return Number(words[FRAME_WORDS - 1]);
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
  const { stub, address, words, free } = code;
  const frame = free.pop() ?? code.next++;
  if (frame >= FRAMES) {
    throw new RuntimeError(
      "host",
      `Cannot call ${name}: ${FRAMES} calls wait already`,
    );
  }
  fillFrame(words, frame, name, operands);
  const pointer = Deno.UnsafePointer.create(
    BigInt(address + frame * FRAME_SIZE),
  );
  await asyncLibc().bsearch(pointer, pointer, 1n, 1n, stub);
  keepAlive(operands);
  const result = Number(words[(frame + 1) * FRAME_WORDS - 1]);
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
  if (text.includes("\0")) {
    throw new RuntimeError(
      "usage",
      `Cannot pass a string with a NUL byte: ${JSON.stringify(text)}`,
    );
  }
  return new TextEncoder().encode(text + "\0");
}
