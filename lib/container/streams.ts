/**
 * Standard streams of a container's process.
 *
 * @module
 */
import { AT_FDCWD, O_RDWR } from "../../ffi/abi/fcntl.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn } from "../../ffi/fs.ts";
import { makePipe } from "../../ffi/pipe.ts";

/**
 * Where a standard stream leads: to ours, to nowhere, to a web stream, or by way of a pipe and of us to ours.
 *
 * A program that is not root can't open an inherited stream of ours again by /dev/stdout, unless it becomes its owner;
 * the pipe of a relayed one is its own.
 */
export type StreamChoice = "inherit" | "null" | "piped" | "relay";

/** The standard streams' choices: input, output, error. */
export type StreamChoices = readonly [StreamChoice, StreamChoice, StreamChoice];

/** The child's ends, to be passed and then closed, and ours. */
export interface Streams {
  readonly child: readonly (Fd | undefined)[];
  readonly stdin: WritableStream<Uint8Array> | undefined;
  readonly stdout: ReadableStream<Uint8Array> | undefined;
  readonly stderr: ReadableStream<Uint8Array> | undefined;
  /** Resolves when all relayed output is out. */
  readonly relayed: Promise<void>;
  /** Closes the child's ends here. */
  closeChildEnds(): void;
  /** Closes our ends: no process has come to be. */
  abandon(): Promise<void>;
}

/** Opens the streams as chosen; inherited ones are `undefined` in `child`. */
export function openStreams(choices: StreamChoices): Streams {
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
  const [stdin, stdout, stderr] = ours;
  const isRelayed = (number: number): boolean => choices[number] === "relay";
  const piped = {
    stdin: isRelayed(0) ? undefined : stdin?.writable,
    stdout: isRelayed(1) ? undefined : stdout?.readable,
    stderr: isRelayed(2) ? undefined : stderr?.readable,
  };
  return {
    child,
    ...piped,
    relayed: relay(
      isRelayed(0) ? stdin : undefined,
      isRelayed(1) ? stdout : undefined,
      isRelayed(2) ? stderr : undefined,
    ),
    closeChildEnds: () => child.forEach((fd) => fd?.close()),
    abandon: () => closeStreams(piped),
  };
}

/** Closes web streams of a process, unless somebody else reads or writes them. */
export async function closeStreams(
  { stdin, stdout, stderr }: Pick<Streams, "stdin" | "stdout" | "stderr">,
): Promise<void> {
  if (stdin?.locked === false) await stdin.abort();
  if (stdout?.locked === false) await stdout.cancel();
  if (stderr?.locked === false) await stderr.cancel();
}

/** Copies between our streams and the ends of pipes. Nobody waits for our input to end. */
async function relay(
  stdin: Deno.FsFile | undefined,
  stdout: Deno.FsFile | undefined,
  stderr: Deno.FsFile | undefined,
): Promise<void> {
  // The program may end, or close its input, before ours does.
  if (stdin !== undefined) {
    Deno.stdin.readable.pipeTo(stdin.writable, { preventCancel: true }).catch(
      () => {},
    );
  }
  const options = { preventClose: true };
  await Promise.all([
    stdout?.readable.pipeTo(Deno.stdout.writable, options),
    stderr?.readable.pipeTo(Deno.stderr.writable, options),
  ]);
}

/** A file of Deno's for our end of a pipe, which /proc opens once more. */
function adopt(fd: Fd, write: boolean): Deno.FsFile {
  using end = fd;
  return Deno.openSync(
    `/proc/self/fd/${end.number}`,
    write ? { write } : { read: true },
  );
}
