/**
 * `struct winsize` of ioctl_tty(2), <asm-generic/termios.h>.
 *
 * @module
 */

/** Size of a terminal in characters. */
export interface Winsize {
  readonly rows: number;
  readonly columns: number;
}

/** Encodes it: rows, columns, and two numbers of pixels that nobody sets. */
export function encodeWinsize(
  { rows, columns }: Winsize,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint16Array([rows, columns, 0, 0]).buffer);
}
