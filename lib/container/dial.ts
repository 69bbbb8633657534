/**
 * Sockets of callers, which take what belongs to a process: `--console-socket`, `--pidfd-socket`.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import { connectUnix } from "../../ffi/socket.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { RuntimeError } from "../errors.ts";

/**
 * Connects to whoever listens there. To be done before anything else is: who asked for something must be able to take
 * it.
 *
 * @throws {RuntimeError} in runc's words, `dial unix PATH: connect: …`, if nobody listens
 */
export function dialUnix(path: string): Fd {
  try {
    return connectUnix(path);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const { syscall, reason } = error;
    const message = `dial unix ${path}: ${syscall}: ${reason}`;
    throw new RuntimeError("usage", message, { cause: error });
  }
}
