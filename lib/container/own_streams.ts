/**
 * Our own standard streams, whatever they are. Whoever started us, or shares them with us, may have made them
 * non-blocking: then Deno's calls fail where they should wait.
 *
 * @module
 */
import { Fd } from "../../ffi/fd.ts";
import { isNonblocking, writeWhole } from "../../ffi/nonblocking.ts";
import { waitReadable } from "../../ffi/poll.ts";

const CHUNK = 32 * 1024;
const INPUT = new Fd(0, "standard input");
const OUTPUTS = {
  stdout: new Fd(1, "standard output"),
  stderr: new Fd(2, "standard error"),
} as const;

/**
 * Writes all of it to one of our streams.
 *
 * @throws {Deno.errors.BrokenPipe} when nobody will read it; {Error} with what the system says otherwise
 */
export async function writeOut(
  name: keyof typeof OUTPUTS,
  bytes: Uint8Array,
): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    // Deno's write would not say how much is out when the rest has to wait.
    if (isNonblocking(OUTPUTS[name])) {
      return await writeWhole(OUTPUTS[name], rest);
    }
    rest = rest.subarray(await Deno[name].write(rest));
  }
}

/**
 * Yields what comes in from our standard input, until its end. Each piece is valid until the next is asked for.
 *
 * @throws {Error} with what the system says, such as EIO from a terminal when we are in the background and no shell
 * controls us
 */
export async function* input(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const chunk = new Uint8Array(CHUNK);
  for (;;) {
    try {
      const count = await Deno.stdin.read(chunk);
      if (count === null) return;
      yield chunk.subarray(0, count);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await waitReadable([INPUT], -1, { patient: true });
    }
  }
}
