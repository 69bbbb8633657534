/** Machine code, by CPU. @module */
import type { Arch } from "../abi/syscalls.ts";
import {
  AARCH64_CODE,
  AARCH64_ENTRIES,
  AARCH64_SIGNAL_CODE,
  AARCH64_SIGNAL_ENTRIES,
} from "./aarch64.ts";
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

interface Assembled {
  readonly code: string;
  readonly entries: MachineCode["entries"];
  readonly signalCode: string;
  readonly signalEntries: SignalCode["entries"];
}

const ASSEMBLED: Readonly<Record<Arch, Assembled>> = {
  "x86_64": {
    code: X86_64_CODE,
    entries: X86_64_ENTRIES,
    signalCode: X86_64_SIGNAL_CODE,
    signalEntries: X86_64_SIGNAL_ENTRIES,
  },
  "aarch64": {
    code: AARCH64_CODE,
    entries: AARCH64_ENTRIES,
    signalCode: AARCH64_SIGNAL_CODE,
    signalEntries: AARCH64_SIGNAL_ENTRIES,
  },
};

/** Gives the machine code for a CPU. */
export function machineCode(arch: Arch): MachineCode {
  const { code, entries } = ASSEMBLED[arch];
  return { bytes: Uint8Array.fromHex(code), entries };
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

/** Gives the signal handler for a CPU. */
export function signalCode(arch: Arch): SignalCode {
  const { signalCode, signalEntries } = ASSEMBLED[arch];
  return { bytes: Uint8Array.fromHex(signalCode), entries: signalEntries };
}
