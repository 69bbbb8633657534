/**
 * bpf(2), as far as device filters of cgroups need it: load, attach, list and detach programs.
 *
 * @module
 */
import {
  BPF_CGROUP_DEVICE,
  BPF_F_ALLOW_MULTI,
  BPF_F_REPLACE,
  BPF_PROG_ATTACH,
  BPF_PROG_DETACH,
  BPF_PROG_GET_FD_BY_ID,
  BPF_PROG_LOAD,
  BPF_PROG_QUERY,
  BPF_PROG_TYPE_CGROUP_DEVICE,
} from "./abi/bpf.ts";
import { RuntimeError } from "./errors.ts";
import { Fd } from "./fd.ts";
import { ALL_SIGNALS, setSignalMask } from "./process.ts";
import { check, cString } from "./syscall.ts";

/** One instruction: `struct bpf_insn` of <linux/bpf.h>. */
export interface BpfInstruction {
  /** Class, operation and source mode. */
  readonly code: number;
  /** Destination register. */
  readonly dst: number;
  /** Source register. */
  readonly src: number;
  /** Of a jump: instructions to pass over; of a load: bytes. Signed, 16 bits. */
  readonly offset: number;
  /** Constant operand. Signed, 32 bits. */
  readonly immediate: number;
}

const INSTRUCTION_SIZE = 8;
/** Programs attached to one cgroup; the kernel's own BPF_CGROUP_MAX_PROGS. */
const MAX_PROGRAMS = 64;

/** Attributes of a call, with the memory they point to behind them. */
interface Attributes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of the attributes alone. */
  readonly size: number;
}

/**
 * Instructions as the kernel takes them (little-endian, as all CPUs here are).
 *
 * @throws {RuntimeError} on a number that does not fit its field
 */
export function encodeInstructions(
  program: readonly BpfInstruction[],
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(program.length * INSTRUCTION_SIZE));
  program.forEach(({ code, dst, src, offset, immediate }, index) => {
    const fits = (code & 0xff) === code && (dst & 0xf) === dst &&
      (src & 0xf) === src &&
      (offset << 16) >> 16 === offset && (immediate | 0) === immediate;
    if (!fits) {
      throw new RuntimeError(
        "program",
        `Cannot encode BPF instruction ${index}: a field is out of range`,
      );
    }
    const at = index * INSTRUCTION_SIZE;
    view.setUint8(at, code);
    view.setUint8(at + 1, dst | (src << 4));
    view.setInt16(at + 2, offset, true);
    view.setInt32(at + 4, immediate, true);
  });
  return new Uint8Array(view.buffer);
}

/**
 * A part of `union bpf_attr`: 32-bit words by byte offset, and memory by the offset of its 64-bit address.
 *
 * The memory is copied behind the attributes, into the one buffer the system call is given and thereby kept alive.
 */
function attributes(
  size: number,
  words: Readonly<Record<number, number>>,
  memory: Readonly<Record<number, Uint8Array>> = {},
): Attributes {
  const pieces = Object.values(memory);
  const aligned = (length: number): number => Math.ceil(length / 8) * 8;
  const total = pieces.reduce(
    (sum, piece) => sum + aligned(piece.length),
    aligned(size),
  );
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  for (const [offset, value] of Object.entries(words)) {
    view.setUint32(Number(offset), value, true);
  }
  // SAFETY: V8 does not move the backing store, and `bytes` is an operand of the call that uses the addresses.
  const base = Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  let at = aligned(size);
  for (const [offset, piece] of Object.entries(memory)) {
    bytes.set(piece, at);
    view.setBigUint64(Number(offset), base + BigInt(at), true);
    at += aligned(piece.length);
  }
  return { bytes, size };
}

function bpf(
  command: number,
  detail: string,
  { bytes, size }: Attributes,
): number {
  return check("bpf", detail, command, bytes, size);
}

/**
 * Loads a device program.
 *
 * @throws {SyscallError} EPERM without CAP_BPF and CAP_SYS_ADMIN, EINVAL or EACCES if the verifier refuses it,
 * ENOSYS if the kernel has no bpf(2)
 */
export function loadDeviceProgram(program: readonly BpfInstruction[]): Fd {
  const words = { 0: BPF_PROG_TYPE_CGROUP_DEVICE, 4: program.length };
  const attr = attributes(72, words, {
    8: encodeInstructions(program),
    16: cString("Apache"),
  });
  // The verifier gives up (EAGAIN) when a signal comes.
  const mask = setSignalMask(ALL_SIGNALS);
  try {
    const number = bpf(BPF_PROG_LOAD, "BPF_PROG_LOAD", attr);
    return new Fd(number, "device program");
  } finally {
    setSignalMask(mask);
  }
}

/** The ids of the device programs attached to a cgroup itself. @throws {SyscallError} EPERM, EINVAL without support */
export function attachedDevicePrograms(cgroup: Fd): number[] {
  const idsAt = 32;
  const words = { 0: cgroup.number, 4: BPF_CGROUP_DEVICE, 24: MAX_PROGRAMS };
  const attr = attributes(idsAt, words, {
    16: new Uint8Array(MAX_PROGRAMS * 4),
  });
  bpf(BPF_PROG_QUERY, `BPF_PROG_QUERY on ${cgroup.path}`, attr);
  const view = new DataView(attr.bytes.buffer);
  return Array.from(
    { length: view.getUint32(24, true) },
    (_, index) => view.getUint32(idsAt + index * 4, true),
  );
}

/** Opens a loaded program. @throws {SyscallError} EPERM without CAP_SYS_ADMIN, ENOENT if it is gone */
export function openProgram(id: number): Fd {
  return new Fd(
    bpf(BPF_PROG_GET_FD_BY_ID, `of program ${id}`, attributes(12, { 0: id })),
    `BPF program ${id}`,
  );
}

/**
 * Attaches a device program to a cgroup, beside those of its ancestors: all of them must permit an access.
 *
 * @param replaced a program of this cgroup whose place it takes, without a moment in between
 */
export function attachDeviceProgram(
  cgroup: Fd,
  program: Fd,
  replaced?: Fd,
): void {
  const flags = BPF_F_ALLOW_MULTI |
    (replaced === undefined ? 0 : BPF_F_REPLACE);
  const words = {
    0: cgroup.number,
    4: program.number,
    8: BPF_CGROUP_DEVICE,
    12: flags,
    16: replaced?.number ?? 0,
  };
  bpf(
    BPF_PROG_ATTACH,
    `BPF_PROG_ATTACH to ${cgroup.path}`,
    attributes(20, words),
  );
}

/** Takes a device program off a cgroup. */
export function detachDeviceProgram(cgroup: Fd, program: Fd): void {
  const words = { 0: cgroup.number, 4: program.number, 8: BPF_CGROUP_DEVICE };
  bpf(
    BPF_PROG_DETACH,
    `BPF_PROG_DETACH from ${cgroup.path}`,
    attributes(20, words),
  );
}
