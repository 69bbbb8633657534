/**
 * Runs programs in tests, as the image that init is.
 *
 * @module
 */
import type { Arch } from "../../ffi/abi/syscalls.ts";
import type { Fd } from "../../ffi/fd.ts";
import { memoryFile, readMemoryFile } from "../../ffi/memfd.ts";
import { reap, waitForExit } from "../../ffi/process.ts";
import { ARCH } from "../../ffi/syscall.ts";
import { type BootstrapOptions, spawn, type Spawned } from "../bootstrap.ts";
import { FAILURE_REPORT, ProgramBuilder, text } from "../builder.ts";
import { ProgramError, recordStep, stepIndexOf } from "../failure.ts";
import { makeImage } from "../image.ts";
import type { Label } from "../program.ts";
import { emulator } from "./cpus.ts";

const ALL_SIGNALS = 0xffff_ffff_ffff_ffffn;

/** What a program did. */
export interface Outcome {
  readonly code: number;
  readonly signal: number;
  /** What it wrote to standard output. */
  readonly output: string;
  /** The failure that it reported. */
  readonly failure:
    | { readonly step: number; readonly errno: number }
    | undefined;
  /** The failure as the parent tells it. */
  readonly error: ProgramError | undefined;
}

/** Where init's own descriptors begin here: descriptor 3 takes failures, those behind it are the test's. */
export const FIRST_FREE = 4;

/**
 * Runs a program as an image, with a CLONE_NEW* flag or more. It ends with exit code 0 behind the last step; a failure
 * ends it with exit code 1.
 *
 * @param fds the program's descriptors from {@linkcode FIRST_FREE} on
 * @param arch the CPU; not this machine's needs an emulator, and can't have namespaces
 */
export async function runImage(
  build: (b: ProgramBuilder, failed: Label) => void,
  options: {
    readonly namespaces?: number;
    readonly fds?: readonly Fd[];
    readonly arch?: Arch;
  } = {},
): Promise<Outcome> {
  const arch = options.arch ?? ARCH;
  const b = new ProgramBuilder(arch);
  const failed = b.label("failed");
  b.onFailure(failed);
  build(b, failed);
  b.call("exit_group", [0]);
  b.place(failed);
  b.call("write", [3, FAILURE_REPORT, 8]);
  b.call("exit_group", [1]);
  const program = b.finish();
  using image = makeImage(program);
  using output = memoryFile("output", new Uint8Array(0));
  using report = memoryFile("report", new Uint8Array(0));
  const child = spawnImage(arch, image, {
    namespaces: options.namespaces ?? 0,
    fds: [output, output, output, report, ...options.fds ?? []],
  });
  using pidfd = child.pidfd;
  await waitForExit(pidfd);
  const status = reap(pidfd)!;
  const told = new DataView(readMemoryFile(report).buffer);
  const failure = told.byteLength === 0 ? undefined : {
    step: stepIndexOf(told.getUint32(0, true)),
    errno: told.getUint32(4, true),
  };
  return {
    ...status,
    output: new TextDecoder().decode(readMemoryFile(output)),
    failure,
    error: failure && new ProgramError(
      recordStep(program.steps[failure.step]!),
      failure.errno,
    ),
  };
}

/** Spawns a process that executes an image, in the emulator if it is for another CPU. All signals are blocked in it. */
export function spawnImage(
  arch: Arch,
  image: Fd,
  options: Omit<BootstrapOptions, "execute">,
): Spawned {
  if (arch === ARCH) return spawn({ ...options, execute: image });
  const path = emulator(arch)!;
  // The image is the last of the descriptors: the emulator opens it by its number.
  const argv = [path, `/proc/self/fd/${options.fds.length}`];
  return spawn({
    ...options,
    execute: { path, argv, env: [], signalMask: ALL_SIGNALS },
    fds: [...options.fds, image],
  });
}

/** Adds a step that writes to standard output. */
export function write(b: ProgramBuilder, message: string): void {
  b.call("write", [1, text(message), new TextEncoder().encode(message).length]);
}
