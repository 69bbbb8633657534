/**
 * Web streams on our ends of pipes.
 *
 * Deno's own need a thread of its pool for each read that waits, and there are 32.
 *
 * @module
 */
import type { Fd } from "./fd.ts";
import { readSome, setNonblocking, writeWhole } from "./nonblocking.ts";

/**
 * What comes out of a pipe, until the last of its writers is gone.
 *
 * @param fd the end to read from; the stream closes it at its end, when it is cancelled, and when a read fails
 */
export function readableStream(fd: Fd): ReadableStream<Uint8Array> {
  setNonblocking(fd);
  let reading: Promise<unknown> = Promise.resolve();
  return new ReadableStream({
    type: "bytes",
    async pull(controller): Promise<void> {
      const read = orClose(fd, readSome(fd));
      reading = read;
      const bytes = await read;
      if (fd.isClosed) return; // cancelled
      if (bytes.length > 0) return controller.enqueue(bytes);
      fd.close();
      controller.close();
      controller.byobRequest?.respond(0);
    },
    async cancel(): Promise<void> {
      fd.close();
      await reading; // it ends now, and with it what waited
    },
  });
}

/**
 * What goes into a pipe. A write is done when all of it is in the pipe; one fails with `Deno.errors.BrokenPipe` when
 * nobody will read it.
 *
 * @param fd the end to write to; the stream closes it when it is closed or aborted, and when a write fails
 */
export function writableStream(fd: Fd): WritableStream<Uint8Array> {
  setNonblocking(fd);
  const close = (): void => fd.close();
  return new WritableStream<Uint8Array>({
    // A write that waits would hold an abort up.
    start: ({ signal }): void => signal.addEventListener("abort", close),
    write: (bytes): Promise<void> => orClose(fd, writeWhole(fd, bytes)),
    close,
    abort: close,
  });
}

/** Closes the descriptor if the work fails: nobody will use it again. */
async function orClose<T>(fd: Fd, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    fd.close();
    throw error;
  }
}
