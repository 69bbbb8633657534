/**
 * Reading what a call's arguments point to.
 *
 * A process id may name another process as soon as the call does not wait any more. So the call is asked for once the
 * memory is open, which from then on is the caller's; and again when it was read, for a caller that has gone on may use
 * the place for something else.
 *
 * @module
 */
import type { Fd } from "../../../ffi/fd.ts";
import { openMemory, readProcessMemory } from "../../../ffi/process_memory.ts";
import { SyscallError } from "../../../ffi/syscall_error.ts";
import { RuntimeError } from "../../errors.ts";
import type { Listener } from "./listener.ts";

const PAGE = 4096;

/** A call, as far as reading needs it. */
interface Waiting {
  readonly pid: number;
  isValid(): boolean;
}

/** A place in the caller's memory. */
export interface MemoryRange {
  readonly address: bigint;
  /** Bytes. */
  readonly size: number;
}

/** See `SeccompNotification.readMemory()`. */
export function readMemory(
  listener: Listener,
  call: Waiting,
  { address, size }: MemoryRange,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return whileValid(
    listener,
    call,
    (memory) => readProcessMemory(memory, address, size),
  );
}

/** See `SeccompNotification.readString()`. */
export async function readString(
  listener: Listener,
  call: Waiting,
  range: MemoryRange,
): Promise<string | undefined> {
  const bytes = await whileValid(
    listener,
    call,
    (memory) => readToZero(memory, range),
  );
  return bytes && new TextDecoder().decode(bytes);
}

/** Page by page: what lies behind a string may be no memory. */
async function readToZero(
  memory: Fd,
  { address, size }: MemoryRange,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size;) {
    const at = address + BigInt(done);
    const rest = PAGE - Number(at % BigInt(PAGE));
    const length = Math.min(rest, size - done);
    const part = await readProcessMemory(memory, at, length);
    if (part.length === 0) return undefined;
    bytes.set(part, done);
    const end = part.indexOf(0);
    if (end >= 0) return bytes.slice(0, done + end);
    done += part.length;
  }
  return undefined;
}

async function whileValid<T>(
  listener: Listener,
  call: Waiting,
  read: (memory: Fd) => Promise<T>,
): Promise<T | undefined> {
  if (call.pid === 0) {
    throw new RuntimeError(
      "host",
      "Cannot read the caller's memory: it is in a PID namespace that this process does not see",
    );
  }
  return await listener.oneAtATime(async () => {
    if (!call.isValid()) return undefined;
    using memory = open(call);
    if (memory === undefined || !call.isValid()) return undefined;
    const result = await read(memory);
    return call.isValid() ? result : undefined;
  });
}

function open(call: Waiting): Fd | undefined {
  try {
    return openMemory(call.pid);
  } catch (error) {
    if (error instanceof SyscallError && !call.isValid()) return undefined;
    throw error;
  }
}
