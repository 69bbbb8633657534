/**
 * Memory outside V8's heap: for machine code, and for what a child of `clone` must still see (V8 marks its own
 * memory MADV_DONTFORK).
 *
 * @module
 */
import { RuntimeError } from "./errors.ts";
import { libc } from "./libc.ts";

const PROT_READ = 1;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const MAP_PRIVATE = 0x02;
const MAP_ANONYMOUS = 0x20;
const MAP_FIXED_NOREPLACE = 0x100000;

/** A mapping that is never moved and never freed: there are few in the life of a process. */
export interface Region {
  /** Where it starts; below 2 GiB for {@linkcode mapLow}. */
  readonly address: number;
  /** Its bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Makes the region executable and no longer writable. */
  protect(): void;
}

function map(
  address: number,
  size: number,
  flags: number,
  file = -1,
): Region | undefined {
  const prot = PROT_READ | PROT_WRITE;
  const kind = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE;
  const pointer = libc().mmap(
    BigInt(address),
    BigInt(size),
    prot,
    flags | kind,
    file,
    0n,
  );
  const at = pointer === null ? 0n : Deno.UnsafePointer.value(pointer);
  if (pointer === null || at > 0xffff_ffff_ffff_f000n) return undefined; // MAP_FAILED is -1
  // SAFETY: the mapping is never unmapped, so the buffer stays valid as long as the process lives.
  const bytes = new Uint8Array(
    Deno.UnsafePointerView.getArrayBuffer(pointer, size),
  );
  return {
    address: Number(at),
    bytes,
    protect(): void {
      if (libc().mprotect(pointer, BigInt(size), PROT_READ | PROT_EXEC) !== 0) {
        throw new RuntimeError(
          "host",
          "Cannot make memory executable: a security policy forbids it",
        );
      }
    },
  };
}

/**
 * Maps memory anywhere.
 *
 * @param size bytes
 * @throws {RuntimeError} when the kernel has none
 */
export function mapAnywhere(size: number): Region {
  const region = map(0, size, 0);
  if (region === undefined) {
    throw new RuntimeError("host", `Cannot map ${size} bytes of memory`);
  }
  return region;
}

/**
 * Maps memory below 2 GiB, where an address is a positive 32-bit number, as program records have them.
 *
 * @param size bytes, at most 16 MiB
 * @throws {RuntimeError} when all places tried are taken
 */
export function mapLow(size: number): Region {
  for (
    let address = 0x1000_0000;
    address < 0x7000_0000;
    address += 0x0100_0000
  ) {
    const region = mapAt(address, size);
    if (region !== undefined) return region;
  }
  throw new RuntimeError(
    "host",
    "Cannot map memory below 2 GiB: every place tried is taken",
  );
}

/**
 * Maps memory at a given address: anonymous, or a private copy of a file.
 *
 * @param size bytes
 * @param file number of the file's descriptor; none: zeros
 * @returns undefined when the place is taken
 */
export function mapAt(
  address: number,
  size: number,
  file = -1,
): Region | undefined {
  const region = map(address, size, MAP_FIXED_NOREPLACE, file);
  return region?.address === address ? region : undefined;
}
