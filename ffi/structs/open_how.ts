/**
 * `struct open_how` of openat2(2), <linux/openat2.h>, Linux 5.6.
 *
 * @module
 */

/** Its size in bytes, the last operand of openat2(2). */
export const OPEN_HOW_SIZE = 24;

/** What openat2(2) is asked for. */
export interface OpenHow {
  /** O_ flags. Unlike open(2), unknown ones are refused. */
  readonly flags: number;
  /** Permission bits of a file to be made; must be 0 unless the flags have O_CREAT. */
  readonly mode?: number;
  /** RESOLVE_ flags. */
  readonly resolve?: number;
}

/** Encodes it: three 64-bit words. */
export function encodeOpenHow(how: OpenHow): Uint8Array<ArrayBuffer> {
  const words = new BigUint64Array([
    BigInt(how.flags),
    BigInt(how.mode ?? 0),
    BigInt(how.resolve ?? 0),
  ]);
  return new Uint8Array(words.buffer);
}
