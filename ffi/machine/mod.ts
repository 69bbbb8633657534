/** Machine code for the CPU that runs this program. @module */
import type { Arch } from "../abi/syscalls.ts";
import { RuntimeError } from "../errors.ts";
import {
  X86_64_CODE,
  X86_64_ENTRIES,
  X86_64_SIGNAL_CODE,
  X86_64_SIGNAL_ENTRIES,
} from "./x86_64.ts";

/** Assembled code and the offsets of its entries. */
export interface MachineCode {
  /** The code, free of relocations. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Offsets: an init image's start, the interpreter as a C function, a system call as a C function. */
  readonly entries: {
    readonly image: number;
    readonly called: number;
    readonly stub: number;
  };
}

/** The ELF machine numbers (elf.h, EM_*). */
export const ELF_MACHINE: Record<Arch, number> = {
  "x86_64": 62,
  "aarch64": 183,
};

/**
 * Gives the machine code for a CPU.
 *
 * @throws {RuntimeError} when there is none for it
 */
export function machineCode(arch: Arch): MachineCode {
  requireX86(arch);
  return { bytes: Uint8Array.fromHex(X86_64_CODE), entries: X86_64_ENTRIES };
}

/** A signal handler that writes the signal's number to a descriptor. */
export interface SignalCode {
  /** The code; the descriptor's number has to be put into it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Offsets: the handler, where handlers return to, and the descriptor's number (32 bits). */
  readonly entries: {
    readonly handler: number;
    readonly restorer: number;
    readonly target: number;
  };
}

/**
 * Gives the signal handler for a CPU.
 *
 * @throws {RuntimeError} when there is none for it
 */
export function signalCode(arch: Arch): SignalCode {
  requireX86(arch);
  const bytes = Uint8Array.fromHex(X86_64_SIGNAL_CODE);
  return { bytes, entries: X86_64_SIGNAL_ENTRIES };
}

function requireX86(arch: Arch): void {
  if (arch === "x86_64") return;
  const text = `Cannot run containers on this CPU: no machine code for ${arch}`;
  throw new RuntimeError("host", text);
}
