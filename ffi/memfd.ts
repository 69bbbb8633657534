/**
 * Files in memory: memfd_create(2).
 *
 * @module
 */
import { F_ADD_SEALS } from "./abi/fcntl.ts";
import { SyscallError } from "./syscall_error.ts";
import { Fd } from "./fd.ts";
import { check, syscall } from "./syscall.ts";

const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;
const MFD_EXEC = 0x10;
const F_SEAL_SEAL = 0x1;
const F_SEAL_SHRINK = 0x2;
const F_SEAL_GROW = 0x4;
const F_SEAL_WRITE = 0x8;

/**
 * Makes an executable file in memory out of pieces, and seals it: nobody can change it any more.
 *
 * @param name shown as /memfd:name in /proc/PID/maps
 * @param pieces what to write, and at which offset; holes read as zeros
 * @throws {SyscallError} EACCES where vm.memfd_noexec is 2
 */
export function sealedExecutable(
  name: string,
  pieces: readonly {
    readonly offset: number;
    readonly bytes: Uint8Array<ArrayBuffer>;
  }[],
): Fd {
  const base = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  let number = syscall("memfd_create", name, base | MFD_EXEC);
  // Linux before 6.3 does not know MFD_EXEC, and makes files executable without it.
  if (number === -22) number = syscall("memfd_create", name, base);
  if (number < 0) throw new SyscallError("memfd_create", -number, name);
  const file = new Fd(number, `memfd ${name}`);
  try {
    for (const { offset, bytes } of pieces) {
      check("pwrite64", `to ${file.path}`, number, bytes, bytes.length, offset);
    }
    check(
      "fcntl",
      `on ${file.path}`,
      number,
      F_ADD_SEALS,
      F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
    );
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/** Makes a file in memory that holds `bytes`, to be read from its start. */
export function memoryFile(name: string, bytes: Uint8Array<ArrayBuffer>): Fd {
  const file = new Fd(
    check("memfd_create", name, name, MFD_CLOEXEC),
    `memfd ${name}`,
  );
  check("pwrite64", `to ${file.path}`, file.number, bytes, bytes.length, 0);
  return file;
}

/** Reads a file in memory from its start, at most `limit` bytes. */
export function readMemoryFile(
  file: Fd,
  limit = 65536,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(limit);
  return bytes.slice(
    0,
    check("pread64", `from ${file.path}`, file.number, bytes, limit, 0),
  );
}
