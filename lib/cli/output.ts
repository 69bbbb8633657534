/**
 * Writing to the standard streams.
 *
 * @module
 */

/** The part of a stream that is needed here. */
export interface SyncWriter {
  /** Writes some of the bytes and returns how many. */
  writeSync(bytes: Uint8Array): number;
}

/**
 * Writes a whole text, however many writes that takes.
 *
 * @param writer where to
 * @param text what
 * @throws {Deno.errors.BrokenPipe} when nobody reads the pipe any more
 */
export function writeText(writer: SyncWriter, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(writer.writeSync(bytes));
}

/**
 * Writes a whole text to standard output.
 *
 * @param text what
 * @throws {Deno.errors.BrokenPipe} when nobody reads the pipe any more
 */
export function print(text: string): void {
  writeText(Deno.stdout, text);
}
