/**
 * Terminals: ioctl_tty(2), pty(7).
 *
 * @module
 */
import { TCGETS, TCSETS, TIOCGWINSZ, TIOCSWINSZ } from "./abi/ioctl.ts";
import type { Fd } from "./fd.ts";
import {
  decodeWinsize,
  encodeWinsize,
  type Winsize,
  WINSIZE_SIZE,
} from "./structs/winsize.ts";
import { check, syscall } from "./syscall.ts";

/** struct termios of the kernel, <asm-generic/termbits.h>: its size, where c_oflag is, and a flag of that. */
const TERMIOS_SIZE = 36;
const TERMIOS_OFLAG = 4;
const ONLCR = 0o4;

/** The size of a terminal; undefined if the descriptor is none, or is one that nobody is at any more. */
export function windowSize(fd: Fd): Winsize | undefined {
  const bytes = new Uint8Array(WINSIZE_SIZE);
  const result = syscall("ioctl", fd.number, TIOCGWINSZ, bytes);
  return result < 0 ? undefined : decodeWinsize(bytes);
}

/** Tells a terminal its size; if it is another than before, programs in its foreground get SIGWINCH. Throws {SyscallError}. */
export function setWindowSize(fd: Fd, size: Winsize): void {
  const where = `TIOCSWINSZ on ${fd.path}`;
  check("ioctl", where, fd.number, TIOCSWINSZ, encodeWinsize(size));
}

/** Has a terminal leave the ends of lines as they are written: termios(3), ONLCR. Throws {SyscallError}. */
export function leaveLineEnds(fd: Fd): void {
  const modes = new Uint8Array(TERMIOS_SIZE);
  const ioctl = (request: number): unknown =>
    check("ioctl", `on ${fd.path}`, fd.number, request, modes);
  ioctl(TCGETS);
  const view = new DataView(modes.buffer);
  const output = view.getUint32(TERMIOS_OFLAG, true);
  view.setUint32(TERMIOS_OFLAG, output & ~ONLCR, true);
  ioctl(TCSETS);
}
