/**
 * Standard streams of a container's process.
 *
 * @module
 */
import { AT_FDCWD, O_RDWR } from "../../ffi/abi/fcntl.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn } from "../../ffi/fs.ts";
import { makePipe } from "../../ffi/pipe.ts";

/** Where a standard stream leads: to ours, to nowhere, or to a web stream. */
export type StreamChoice = "inherit" | "null" | "piped";

/** The child's ends, to be passed and then closed, and ours. */
export interface Streams {
  readonly child: readonly (Fd | undefined)[];
  readonly stdin: WritableStream<Uint8Array> | undefined;
  readonly stdout: ReadableStream<Uint8Array> | undefined;
  readonly stderr: ReadableStream<Uint8Array> | undefined;
  /** Closes the child's ends here. */
  closeChildEnds(): void;
}

/** Opens the streams as chosen; inherited ones are `undefined` in `child`. */
export function openStreams(
  choices: readonly [StreamChoice, StreamChoice, StreamChoice],
): Streams {
  const child: (Fd | undefined)[] = [];
  const ours: (Deno.FsFile | undefined)[] = [];
  choices.forEach((choice, number) => {
    if (choice === "inherit") {
      child.push(undefined);
      ours.push(undefined);
    } else if (choice === "null") {
      child.push(openIn(AT_FDCWD, "/dev/null", O_RDWR));
      ours.push(undefined);
    } else {
      const [reader, writer] = makePipe();
      const [inside, outside] = number === 0
        ? [reader, writer]
        : [writer, reader];
      child.push(inside);
      ours.push(adopt(outside, number === 0));
    }
  });
  return {
    child,
    stdin: ours[0]?.writable,
    stdout: ours[1]?.readable,
    stderr: ours[2]?.readable,
    closeChildEnds: () => child.forEach((fd) => fd?.close()),
  };
}

/** A file of Deno's for our end of a pipe, which /proc opens once more. */
function adopt(fd: Fd, write: boolean): Deno.FsFile {
  using end = fd;
  return Deno.openSync(
    `/proc/self/fd/${end.number}`,
    write ? { write } : { read: true },
  );
}
