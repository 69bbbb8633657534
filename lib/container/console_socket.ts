/**
 * The socket that takes the master of a process's terminal: `--console-socket`.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import { connectUnix, sendMessage } from "../../ffi/socket.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { RuntimeError } from "../errors.ts";

/**
 * Connects to whoever listens there. To be done before anything else is: who asked for a terminal must be able to take
 * it.
 *
 * @throws {RuntimeError} in runc's words, `dial unix PATH: connect: …`, if nobody listens
 */
export function connectConsoleSocket(path: string): Fd {
  try {
    return connectUnix(path);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const { syscall, reason } = error;
    const message = `dial unix ${path}: ${syscall}: ${reason}`;
    throw new RuntimeError("usage", message, { cause: error });
  }
}

/**
 * Hands a pty master over: one message, the terminal's name, with the descriptor, which stays open here.
 *
 * @throws {SyscallError} EPIPE if nobody is at the other end any more
 */
export function sendConsole(master: Fd, socket: Fd): void {
  sendMessage(socket, new TextEncoder().encode("/dev/ptmx"), [master]);
}
