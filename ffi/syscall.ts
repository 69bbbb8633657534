/**
 * System calls, raw: each returns a result or -errno, straight from the kernel.
 *
 * @module
 */
import { type Arch, type SyscallName, SYSCALLS } from "./abi/syscalls.ts";
import { errnoName } from "./abi/errno.ts";
import { RuntimeError, SyscallError } from "./errors.ts";
import { type MachineCode, machineCode } from "./machine/mod.ts";
import { mapAnywhere } from "./memory.ts";

/** What a system call takes: a number, or memory by its address (`null` is a null pointer). */
export type SyscallOperand = number | bigint | Uint8Array<ArrayBuffer> | null;

const STUB = {
  parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"],
  result: "i64",
} as const;
const STUB_ASYNC = { ...STUB, nonblocking: true } as const;
const CALLED = { parameters: ["i64"], result: "i64" } as const;

/** The CPU's name as the tables here spell it. */
export const ARCH: Arch = Deno.build.arch === "aarch64" ? "aarch64" : "x86_64";

interface LoadedCode {
  stub: Deno.UnsafeFnPointer<typeof STUB>;
  stubAsync: Deno.UnsafeFnPointer<typeof STUB_ASYNC>;
  called: Deno.UnsafeFnPointer<typeof CALLED>;
}

let loaded: LoadedCode | undefined;

function load(): LoadedCode {
  if (loaded !== undefined) return loaded;
  const code: MachineCode = machineCode(ARCH);
  const region = mapAnywhere(4096);
  region.bytes.set(code.bytes);
  region.protect();
  // SAFETY: the region is never unmapped; each entry follows the C calling convention declared for it.
  const at = <Definition>(entry: number): Deno.PointerObject<Definition> =>
    Deno.UnsafePointer.create<Definition>(BigInt(region.address + entry))!;
  loaded = {
    stub: new Deno.UnsafeFnPointer(at(code.entries.stub), STUB),
    stubAsync: new Deno.UnsafeFnPointer(at(code.entries.stub), STUB_ASYNC),
    called: new Deno.UnsafeFnPointer(at(code.entries.called), CALLED),
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
  const [a, b, c, d, e, f] = operands;
  return Number(
    load().stub.call(
      BigInt(syscallNumber(name)),
      toWord(a),
      toWord(b),
      toWord(c),
      toWord(d),
      toWord(e),
      toWord(f),
    ),
  );
}

/**
 * Makes a system call that may wait, on another thread. Never use it for what belongs to a thread (setns, prctl,
 * capset …). The buffers are kept alive until it is done.
 *
 * @returns the result, or -errno
 */
export async function syscallAsync(
  name: SyscallName,
  ...operands: SyscallOperand[]
): Promise<number> {
  const [a, b, c, d, e, f] = operands;
  const result = await load().stubAsync.call(
    BigInt(syscallNumber(name)),
    toWord(a),
    toWord(b),
    toWord(c),
    toWord(d),
    toWord(e),
    toWord(f),
  );
  // Keeps the operands reachable across the wait: the kernel writes to them from the other thread.
  operands.length = 0;
  return Number(result);
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
 * Runs the program at `address` in this process (see init/layout.ts).
 *
 * @returns the operand of its RETURN, or -errno of the call that failed
 */
export function runProgram(address: number): number {
  return Number(load().called.call(BigInt(address)));
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
