/**
 * Which of the two interpreters runs a container's program: the init image, or a re-executed program of the host.
 *
 * @module
 */
import { errnoName } from "../../ffi/abi/errno.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import type { BootstrapOptions, Spawned } from "../../init/bootstrap.ts";
import { failedStep, ProgramError, recordStep } from "../../init/failure.ts";
import { imageOf } from "../../init/image.ts";
import type { Program } from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import type { Handlers, SessionOptions } from "../../init/session.ts";
import { CgroupError, RuntimeError } from "../errors.ts";
import type { ProcessProgram } from "./program.ts";
import type { DebugLog } from "./step_log.ts";

/** `auto` is the image, and the re-executed init where an image can't be executed. */
export type InitMode = "image" | "reexec" | "auto";

/** How the first processes of containers are to be run. */
export interface InitSettings {
  readonly mode: InitMode;
  /** The program to re-execute, absolute, and its arguments; none: there is only the image. */
  readonly args?: readonly string[] | undefined;
  /** Whether each step of a re-executed init is to be logged. */
  readonly debug: boolean;
}

/** An init that has been started. */
export interface StartedInit {
  readonly init: Spawned;
  /** The program that it runs. */
  readonly program: Program;
  /** What it may say besides the questions of its program. */
  readonly handlers: Handlers;
  readonly session: SessionOptions;
  /** Adds to an error what is to be known of this kind of init. */
  readonly explain?: (error: unknown) => unknown;
}

/** What {@linkcode startInit} needs. */
export interface StartInitOptions {
  readonly settings: InitSettings;
  /** Builds the program. */
  readonly build: (options: { reexec: boolean }) => ProcessProgram;
  /** Clones the process. */
  readonly spawn: (execute: BootstrapOptions["execute"]) => Spawned;
  readonly log: DebugLog;
}

/** How many threads a re-executed init has, as measured (Deno 2.9.6, --v8-flags=--single-threaded). */
const THREADS = 3;

/** How much memory a limit must leave it, as measured (cgroup v1, Linux 6.18). */
const MEMORY = "12 MiB";

/** Refusals of a system call that makes the image or executes it. */
const REFUSALS = ["EACCES", "EPERM"];

/**
 * Starts an init.
 *
 * @throws {SyscallError} as `spawn()` does; {RuntimeError} where an image can't be executed, and nothing else may be
 */
export async function startInit(
  options: StartInitOptions,
): Promise<StartedInit> {
  const { settings, log } = options;
  if (settings.mode === "reexec") return await reexecute(options);
  try {
    const { program } = options.build({ reexec: false });
    const init = options.spawn(imageOf(program));
    return { init, program, handlers: {}, session: {} };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const reason = `init image can't be executed (${error.errnoName})`;
    if (settings.mode === "image" || settings.args === undefined) {
      const remedy = settings.args === undefined
        ? "give initArgs"
        : "use --init reexec or --init auto";
      throw new RuntimeError(
        "host",
        `${reason}: vm.memfd_noexec or a security module forbids it; ${remedy}`,
        { cause: error },
      );
    }
    log("debug", `${reason}: re-executing ${settings.args[0]}`);
  }
  return await reexecute(options);
}

function isRefusal(error: unknown): error is SyscallError {
  return error instanceof SyscallError &&
    ["memfd_create", "execveat"].includes(error.syscall) &&
    REFUSALS.includes(error.errnoName);
}

async function reexecute(
  { settings, build, spawn, log }: StartInitOptions,
): Promise<StartedInit> {
  const { args: argv, debug: telling } = settings;
  if (argv?.[0] === undefined) {
    throw new RuntimeError("usage", "cannot re-execute: there are no initArgs");
  }
  const { openProtected } = await import("../../init/reexec/protect.ts");
  const { prepareHandOver } = await import("../../init/reexec/hand_over.ts");
  const built = build({ reexec: true });
  const { program, marks, descriptors } = built;
  const stepHandlers = telling
    ? (await import("./step_log.ts")).stepLog(built, log)
    : {};
  using executable = openProtected(argv[0]);
  using handOver = prepareHandOver(program, {
    ...marks,
    sync: descriptors.sync,
    telling,
    executable,
    argv,
    env: environment(),
  });
  const init = spawn(handOver.execute);
  let begun = false;
  return {
    init,
    program,
    handlers: {
      ...stepHandlers,
      [MESSAGE.BEGUN]: (question) => {
        begun = true;
        return stepHandlers[MESSAGE.BEGUN]?.(question);
      },
    },
    session: {
      failureAt: (address, errno) =>
        handOver.failure(address, errno) ??
          cloneFailure(program, address, errno),
      exited: () => goneError(argv[0]!, begun),
    },
    explain: explainMemory,
  };
}

/** The container's limit of memory counts Deno's, too. */
function explainMemory(error: unknown): unknown {
  const isShort = error instanceof RuntimeError &&
    /memory limit/.test(error.message);
  if (!isShort) return error;
  const text =
    `${error.message}: a re-executed init takes ${MEMORY} itself; --init image takes 40 kB`;
  return error instanceof CgroupError
    ? new CgroupError(error.file, text, error.value, { cause: error })
    : new RuntimeError(error.kind, text, { cause: error });
}

/** What Deno needs of our environment to find the program's modules and libraries; nothing of the container's. */
const VARIABLES = [
  "DENO_DIR",
  "DENO_LOG",
  "DENO_NO_UPDATE_CHECK",
  "HOME",
  "LD_LIBRARY_PATH",
  "PATH",
  "XDG_CACHE_HOME",
];

function environment(): string[] {
  return VARIABLES.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [`${name}=${value}`];
  });
}

/** A hook that can't be cloned: the container's limit of processes counts those of Deno. */
function cloneFailure(
  program: Program,
  address: number,
  errno: number,
): ProgramError | undefined {
  const step = program.steps[failedStep(program, address) ?? -1];
  if (step?.operation !== "clone" || errnoName(errno) !== "EAGAIN") {
    return undefined;
  }
  const record = recordStep(step);
  const { message } = new ProgramError(record, errno);
  const hint =
    `a re-executed init has ${THREADS} threads itself, which the limit of processes counts; --init image has one`;
  return new ProgramError({ ...record, message: `${message}: ${hint}` }, errno);
}

function goneError(path: string, begun: boolean): RuntimeError {
  const text = begun
    ? "container init exited unexpectedly"
    : `the re-executed init, ${path}, could not start: it needs some processes and memory (limits of the container's ` +
      "cgroup?), and it and its modules must be readable for the container's root; --init image needs none of that";
  return new RuntimeError("protocol", text);
}
