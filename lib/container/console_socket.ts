/**
 * The socket that takes the master of a process's terminal: `--console-socket`.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import { sendMessage } from "../../ffi/socket.ts";

/**
 * Hands a pty master over: one message, the terminal's name, with the descriptor, which stays open here.
 *
 * @throws {SyscallError} EPIPE if nobody is at the other end any more
 */
export function sendConsole(master: Fd, socket: Fd): void {
  sendMessage(socket, new TextEncoder().encode("/dev/ptmx"), [master]);
}
