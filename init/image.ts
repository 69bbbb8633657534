/**
 * The init image: interpreter and program as a static ELF file, in a sealed memfd.
 *
 * It takes the place of a re-executed runtime: it starts in 0.1 ms, has one thread, and takes some ten kB while it
 * waits for `start`. Its /proc/PID/exe is this sealed file, so an attack on the runtime's binary through
 * /proc/self/exe (CVE-2019-5736) has nothing to write to.
 *
 * elf(5): ELF header, three program headers (code, data, stack not executable). Segments are aligned to 64 KiB, the
 * largest page size of AArch64, and lie above vm.mmap_min_addr (64 KiB).
 *
 * @module
 */
import type { Fd } from "../ffi/fd.ts";
import { ELF_MACHINE, machineCode } from "../ffi/machine/mod.ts";
import { sealedExecutable } from "../ffi/memfd.ts";
import { layOut } from "./layout.ts";
import type { Program } from "./program.ts";

const CODE_ADDRESS = 0x0040_0000;
/** Where the program lies in an image; the interpreter's entry has this number in its first instruction. */
export const IMAGE_BASE = 0x0041_0000;
const ALIGNMENT = 0x0001_0000;
const ELF_HEADER_SIZE = 64;
const SEGMENT_HEADER_SIZE = 56;
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const [PF_X, PF_W, PF_R] = [1, 2, 4];

/** A piece of the image file. */
export interface ImagePiece {
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The pieces of the ELF file for `program`; what lies between them is a hole. */
export function imagePieces(program: Program): ImagePiece[] {
  const code = machineCode(program.arch);
  const data = layOut(program, IMAGE_BASE).bytes;
  const headers = elfHeaders(
    ELF_MACHINE[program.arch],
    code.bytes.length,
    code.entries.image,
    data.length,
  );
  const first = new Uint8Array(headers.length + code.bytes.length);
  first.set(headers);
  first.set(code.bytes, headers.length);
  return [{ offset: 0, bytes: first }, { offset: ALIGNMENT, bytes: data }];
}

/** Makes the sealed image file of `program`. Throws {SyscallError} where executable memfds are forbidden. */
export function makeImage(program: Program): Fd {
  return sealedExecutable("nsinit", imagePieces(program));
}

/** How many images are kept open: one takes as much memory as its program has bytes, some 60 kB. */
const KEPT = 16;
const kept = new Map<Program, Fd>();

/**
 * The sealed image file of `program`, which is the same for each run of it, and stays open for the next ones; use it at
 * once, and leave it open.
 *
 * @throws {SyscallError} where executable memfds are forbidden
 */
export function imageOf(program: Program): Fd {
  const image = kept.get(program) ?? makeImage(program);
  kept.delete(program);
  kept.set(program, image);
  if (kept.size > KEPT) {
    const [oldest, file] = kept.entries().next().value!;
    kept.delete(oldest);
    file.close();
  }
  return image;
}

function elfHeaders(
  machine: number,
  codeSize: number,
  entry: number,
  dataSize: number,
): Uint8Array<ArrayBuffer> {
  const size = ELF_HEADER_SIZE + 3 * SEGMENT_HEADER_SIZE;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64 bits, little-endian, version 1
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true); // EV_CURRENT
  view.setBigUint64(24, BigInt(CODE_ADDRESS + size + entry), true);
  view.setBigUint64(32, BigInt(ELF_HEADER_SIZE), true); // e_phoff
  view.setUint16(52, ELF_HEADER_SIZE, true);
  view.setUint16(54, SEGMENT_HEADER_SIZE, true);
  view.setUint16(56, 3, true); // e_phnum
  segment(view, 0, {
    type: PT_LOAD,
    flags: PF_R | PF_X,
    offset: 0,
    address: CODE_ADDRESS,
    size: size + codeSize,
  });
  segment(view, 1, {
    type: PT_LOAD,
    flags: PF_R | PF_W,
    offset: ALIGNMENT,
    address: IMAGE_BASE,
    size: dataSize,
  });
  segment(view, 2, {
    type: PT_GNU_STACK,
    flags: PF_R | PF_W,
    offset: 0,
    address: 0,
    size: 0,
  });
  return bytes;
}

interface Segment {
  type: number;
  flags: number;
  offset: number;
  address: number;
  size: number;
}

function segment(
  view: DataView,
  index: number,
  { type, flags, offset, address, size }: Segment,
): void {
  const start = ELF_HEADER_SIZE + SEGMENT_HEADER_SIZE * index;
  view.setUint32(start, type, true);
  view.setUint32(start + 4, flags, true);
  [offset, address, address, size, size, ALIGNMENT].forEach((value, i) => {
    view.setBigUint64(start + 8 + 8 * i, BigInt(value), true);
  });
}
