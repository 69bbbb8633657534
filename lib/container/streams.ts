/**
 * Standard streams of a container's process.
 *
 * @module
 */
import { AT_FDCWD, O_RDWR } from "../../ffi/abi/fcntl.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn } from "../../ffi/fs.ts";
import { makePipe } from "../../ffi/pipe.ts";
import { readableStream, writableStream } from "../../ffi/pipe_stream.ts";
import { input, writeOut } from "./own_streams.ts";

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
  const ours: (Fd | undefined)[] = [];
  choices.forEach((choice, number) => {
    let [inside, outside]: (Fd | undefined)[] = [];
    if (choice === "null") inside = openIn(AT_FDCWD, "/dev/null", O_RDWR);
    else if (choice !== "inherit") {
      const [reader, writer] = makePipe();
      [inside, outside] = number === 0 ? [reader, writer] : [writer, reader];
    }
    child.push(inside);
    ours.push(outside);
  });
  const [input, output, error] = ours;
  const stdin = input && writableStream(input);
  const stdout = output && readableStream(output);
  const stderr = error && readableStream(error);
  const pick = <T>(
    number: number,
    choice: StreamChoice,
    stream: T | undefined,
  ): T | undefined => choices[number] === choice ? stream : undefined;
  const piped = {
    stdin: pick(0, "piped", stdin),
    stdout: pick(1, "piped", stdout),
    stderr: pick(2, "piped", stderr),
  };
  return {
    child,
    ...piped,
    relayed: relay(
      pick(0, "relay", stdin),
      pick(1, "relay", stdout),
      pick(2, "relay", stderr),
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
  stdin: WritableStream<Uint8Array> | undefined,
  stdout: ReadableStream<Uint8Array> | undefined,
  stderr: ReadableStream<Uint8Array> | undefined,
): Promise<void> {
  if (stdin !== undefined) void copyInput(stdin);
  await Promise.all([
    copyOutput(stdout, "stdout"),
    copyOutput(stderr, "stderr"),
  ]);
}

async function copyInput(stdin: WritableStream<Uint8Array>): Promise<void> {
  const writer = stdin.getWriter();
  try {
    for await (const bytes of input()) await writer.write(bytes);
    await writer.close();
  } catch {
    // The program has ended or closed its input, or ours can't be read: then it is to see an end.
    await writer.abort().catch(() => {});
  }
}

/** When nobody takes the output any more, the pipe is closed: the program is told as if it wrote there itself. */
async function copyOutput(
  source: ReadableStream<Uint8Array> | undefined,
  name: "stdout" | "stderr",
): Promise<void> {
  try {
    for await (const bytes of source ?? []) await writeOut(name, bytes);
  } catch {
    // The loop has closed the pipe.
  }
}
