/**
 * `struct winsize` of ioctl_tty(2), <asm-generic/termios.h>.
 *
 * @module
 */

/** Size of a terminal in characters and, where that is known, in pixels. */
export interface Winsize {
  readonly rows: number;
  readonly columns: number;
  /** Pixels across. @default {0} for unknown */
  readonly pixelWidth?: number;
  /** Pixels down. @default {0} for unknown */
  readonly pixelHeight?: number;
}

/** How long it is. */
export const WINSIZE_SIZE = 8;

/** Encodes it: rows, columns, pixels across and down. */
export function encodeWinsize(
  { rows, columns, pixelWidth = 0, pixelHeight = 0 }: Winsize,
): Uint8Array<ArrayBuffer> {
  const numbers = new Uint16Array([rows, columns, pixelWidth, pixelHeight]);
  return new Uint8Array(numbers.buffer);
}

/** Decodes it; the bytes must be aligned for 16-bit numbers. */
export function decodeWinsize(bytes: Uint8Array<ArrayBuffer>): Winsize {
  const numbers = new Uint16Array(bytes.buffer, bytes.byteOffset, 4);
  const [rows = 0, columns = 0, pixelWidth = 0, pixelHeight = 0] = numbers;
  return { rows, columns, pixelWidth, pixelHeight };
}
