/**
 * Runs programs in tests, by a re-executed Deno.
 *
 * @module
 */
import { AT_FDCWD, O_PATH } from "../../ffi/abi/fcntl.ts";
import { openIn } from "../../ffi/fs.ts";
import { memoryFile, readMemoryFile } from "../../ffi/memfd.ts";
import { reap, waitForExit } from "../../ffi/process.ts";
import { packetPair, receiveMessage } from "../../ffi/socket.ts";
import { ARCH } from "../../ffi/syscall.ts";
import { spawn } from "../bootstrap.ts";
import { FAILURE_REPORT, ProgramBuilder } from "../builder.ts";
import { stepIndexOf } from "../failure.ts";
import type { Label } from "../program.ts";
import { decodeMessage } from "../protocol.ts";
import { prepareHandOver } from "../reexec/hand_over.ts";

/** What a program did. */
export interface Outcome {
  readonly code: number;
  readonly signal: number;
  /** What it wrote to standard output and standard error. */
  readonly output: string;
  /** The failure that it reported. */
  readonly failure:
    | { readonly step: number; readonly errno: number }
    | undefined;
  /** What init said: codes, values, data. */
  readonly said: readonly (readonly [number, number, ...number[]])[];
}

const SYNC = 4;
const SCRIPT = new URL("reexec_init.ts", import.meta.url).pathname;

/** As `runImage()`: machine code hands over before the first step, and runs the exit behind the last one. */
export async function runReexec(
  build: (b: ProgramBuilder, failed: Label) => void,
  { telling = false, executable = Deno.execPath() } = {},
): Promise<Outcome> {
  const b = new ProgramBuilder(ARCH);
  const [failed, begin, tail] = ["failed", "begin", "tail"].map((name) =>
    b.label(name)
  ) as [Label, Label, Label];
  b.onFailure(failed);
  b.place(begin);
  build(b, failed);
  b.place(tail);
  b.call("exit_group", [0]);
  b.place(failed);
  b.call("write", [3, FAILURE_REPORT, 8]);
  b.call("exit_group", [1]);
  using output = memoryFile("output", new Uint8Array(0));
  using report = memoryFile("report", new Uint8Array(0));
  const [ours, theirs] = packetPair();
  using socket = ours;
  using file = openIn(AT_FDCWD, executable, O_PATH);
  using handOver = prepareHandOver(b.finish(), {
    begin,
    tail,
    sync: SYNC,
    telling,
    executable: file,
    argv: [executable, "run", "-A", "--no-config", "--no-lock", SCRIPT],
    env: Object.entries(Deno.env.toObject()).map((pair) => pair.join("=")),
  });
  const child = spawn({
    execute: handOver.execute,
    namespaces: 0,
    fds: [output, output, output, report, theirs],
  });
  theirs.close();
  const said: [number, number, ...number[]][] = [];
  for (;;) {
    const message = await receiveMessage(socket, 64);
    if (message === undefined) break;
    const { code, value } = decodeMessage(message.bytes);
    said.push([code, value, ...new Int32Array(message.bytes.slice(8).buffer)]);
  }
  using pidfd = child.pidfd;
  await waitForExit(pidfd);
  const told = new DataView(readMemoryFile(report).buffer);
  return {
    ...reap(pidfd)!,
    output: new TextDecoder().decode(readMemoryFile(output)),
    failure: told.byteLength === 0 ? undefined : {
      step: stepIndexOf(told.getUint32(0, true)),
      errno: told.getUint32(4, true),
    },
    said,
  };
}
