/**
 * The bootstrap: clones the process that becomes init, from machine code, and has it execute the init image.
 *
 * Deno is a process of many threads whose heap is not there in a child (MADV_DONTFORK), so nothing of JavaScript may
 * run between clone and exec. The bootstrap is a program too: the interpreter runs it in this process, and the child,
 * which shares our memory (CLONE_VM) while we wait (CLONE_VFORK), goes on with the steps behind the clone.
 *
 * @module
 */
import { errnoName } from "../ffi/abi/errno.ts";
import { RuntimeError } from "../ffi/errors.ts";
import { Fd } from "../ffi/fd.ts";
import { mapLow, type Region } from "../ffi/memory.ts";
import {
  ALL_SIGNALS,
  collect,
  openPidfd,
  setSignalMask,
} from "../ffi/process.ts";
import { runProgram } from "../ffi/syscall.ts";
import { SyscallError } from "../ffi/syscall_error.ts";
import {
  type BootstrapOptions,
  bootstrapProgram,
  CLONE_ARGS_CGROUP,
  cloneArgs,
  filesOf,
} from "./bootstrap_program.ts";
import { block } from "./builder.ts";
import { layOut, REPORT_OFFSET, resultOffset, stepIndexAt } from "./layout.ts";
import type { Program } from "./program.ts";

export type {
  BootstrapOptions,
  Entered,
  HostProgram,
} from "./bootstrap_program.ts";

/** A child that executed its program. */
export interface Spawned {
  readonly pid: number;
  readonly pidfd: Fd;
}

/** The step of the bootstrap that clones. */
const CLONE_STEP = 0;
/** Room for the arguments and the environment of a hook; pages that are not used cost nothing. */
const REGION_SIZE = 4 << 20;

let region: Region | undefined;

/**
 * Clones and executes. Returns when the child runs the image, with all signals blocked, or the program of the host; but
 * at once if it is {@linkcode Entered}, which asks us before it executes something.
 *
 * @throws {SyscallError} EPERM without privileges, ENOSPC when there are too many namespaces, ENOMEM, EAGAIN under a
 * limit of processes; the system call that failed may also be one of the child's, such as execveat
 */
export function spawn(options: BootstrapOptions): Spawned {
  const { execute, fds } = options;
  const targets = [...fds, ...filesOf(execute)];
  // Out of the way of the numbers that they get in the child.
  const copies = targets.map((fd) =>
    fd !== undefined && fd.number < targets.length
      ? fd.duplicate(targets.length)
      : undefined
  );
  try {
    const numbers = targets.map((fd, i) => (copies[i] ?? fd)?.number);
    const pid = runShared(bootstrapFor(options, numbers), options, numbers);
    return { pid, pidfd: openPidfd(pid) };
  } finally {
    for (const copy of copies) copy?.close();
  }
}

/** A program that is ready to run in {@linkcode region}. */
interface Bootstrap {
  readonly program: Program;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the numbers of the child's descriptors and struct clone_args lie in it. */
  readonly numbers: number;
  readonly cloneArgs: number;
}

/** Those that execute an image, by what they depend on. */
const known = new Map<string, Bootstrap>();

function bootstrapFor(
  options: BootstrapOptions,
  numbers: readonly (number | undefined)[],
): Bootstrap {
  if (!(options.execute instanceof Fd)) {
    return makeBootstrap(options, numbers);
  }
  const { namespaces, cgroup } = options;
  const kept = numbers.map((number) => number === undefined ? "-" : "+");
  const key = `${namespaces} ${cgroup !== undefined} ${kept.join("")}`;
  const bootstrap = known.get(key) ?? makeBootstrap(options, numbers);
  known.set(key, bootstrap);
  return bootstrap;
}

function makeBootstrap(
  options: BootstrapOptions,
  numbers: readonly (number | undefined)[],
): Bootstrap {
  const descriptors = block("descriptors", 4 * numbers.length);
  const args = cloneArgs(options);
  const program = bootstrapProgram(options, { numbers, descriptors, args });
  const { address } = region ??= mapLow(REGION_SIZE);
  const { bytes, addressOf } = layOut(program, address);
  if (bytes.length > REGION_SIZE) {
    throw new RuntimeError(
      "program",
      "Cannot start a process: its arguments and environment are too long",
    );
  }
  const isUsed = numbers.some((number) => number !== undefined);
  return {
    program,
    bytes,
    numbers: isUsed ? addressOf(descriptors) - address : 0,
    cloneArgs: addressOf(args) - address,
  };
}

function runShared(
  { program, bytes, ...offsets }: Bootstrap,
  { cgroup }: BootstrapOptions,
  numbers: readonly (number | undefined)[],
): number {
  region ??= mapLow(REGION_SIZE);
  region.bytes.set(bytes);
  const view = new DataView(region.bytes.buffer);
  numbers.forEach((number, i) => {
    if (number === undefined) return;
    view.setInt32(offsets.numbers + 4 * i, number, true);
  });
  view.setBigUint64(
    offsets.cloneArgs + CLONE_ARGS_CGROUP,
    BigInt(cgroup?.number ?? 0),
    true,
  );
  // Signal handlers are copied to the child until it executes: none may run there, on our memory.
  const mask = setSignalMask(ALL_SIGNALS);
  try {
    runProgram(region.address);
  } finally {
    setSignalMask(mask);
  }
  const result = view.getInt32(resultOffset(CLONE_STEP), true);
  if (result < 0) throw new SyscallError("clone3", -result, cloneHint(-result));
  const failed = view.getUint32(REPORT_OFFSET, true);
  const index = stepIndexAt(program, region.address, failed);
  if (index !== undefined) {
    collect(result);
    throw new SyscallError(
      program.steps[index]!.operation,
      view.getUint32(REPORT_OFFSET + 4, true),
      "of the new process",
    );
  }
  return result;
}

function cloneHint(errno: number): string {
  switch (errnoName(errno)) {
    case "EPERM":
      return "(new namespaces need CAP_SYS_ADMIN, or a user namespace)";
    case "ENOSPC":
      return "(a limit of /proc/sys/user/max_*_namespaces is reached)";
    case "ENOSYS":
      return "(Linux 5.12 or newer is needed)";
    default:
      return "";
  }
}
