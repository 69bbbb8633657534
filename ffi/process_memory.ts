/**
 * Reading the memory of another process: proc_pid_mem(5).
 *
 * @module
 */
import { AT_FDCWD, O_RDONLY } from "./abi/fcntl.ts";
import { ERRNO } from "./abi/errno.ts";
import type { Fd } from "./fd.ts";
import { openIn } from "./fs.ts";
import { syscallAsync } from "./syscall.ts";
import { SyscallError } from "./syscall_error.ts";

/**
 * Opens the memory of a process. It is that of what the process executes now: after an exec nothing comes of it.
 *
 * @throws {SyscallError} ENOENT or ESRCH if the process is gone, EACCES or EPERM if we may not trace it
 */
export function openMemory(pid: number): Fd {
  return openIn(AT_FDCWD, `/proc/${pid}/mem`, O_RDONLY);
}

/**
 * Reads memory, on another thread: a page may be one of a file that somebody serves in their own time (fuse(4)).
 *
 * @returns what could be read from the address on; less, or nothing, where the memory ends
 * @throws {SyscallError}
 */
export async function readProcessMemory(
  memory: Fd,
  address: bigint,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  const result = await syscallAsync(
    "pread64",
    memory.number,
    bytes,
    size,
    address,
  );
  if (result >= 0) return bytes.slice(0, result);
  // There is no memory, or the address is none.
  if ([ERRNO.EIO, ERRNO.EINVAL, ERRNO.EFAULT].includes(-result as 5)) {
    return new Uint8Array(0);
  }
  throw new SyscallError("pread64", -result, `of ${memory.path}`);
}
