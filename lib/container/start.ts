/**
 * Letting a created container go: the exec fifo, and what init answers.
 *
 * @module
 */
import {
  AT_FDCWD,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
} from "../../ffi/abi/fcntl.ts";
import { SIGNALS } from "../../ffi/abi/signal.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn, tryOpenIn } from "../../ffi/fs.ts";
import { remove } from "../../ffi/fs_change.ts";
import { waitReadable } from "../../ffi/poll.ts";
import {
  openPidfd,
  signalPid,
  signalPidfd,
  waitForExit,
} from "../../ffi/process.ts";
import { check, syscall } from "../../ffi/syscall.ts";
import {
  isFailure,
  ProgramError,
  stepIndexOf,
  type StepRecord,
} from "../../init/failure.ts";
import { decodeMessage, MESSAGE, MESSAGE_SIZE } from "../../init/protocol.ts";
import { StateError } from "../errors.ts";
import { hookFailure } from "../hooks/failure.ts";
import { runHooks } from "../hooks/run.ts";
import { childrenOf } from "./processes.ts";
import { type ContainerRecord, FILES, type RecordDirectory } from "./record.ts";
import { stallWatch } from "./stall.ts";
import { stateOf, statusOf } from "./status.ts";

/** How often is looked up from waiting, in milliseconds. */
const IDLE_MS = 1_000;
/** How long an init that has failed may take to end, in milliseconds. */
const END_MS = 1_000;

/**
 * Starts the program of a created container, and runs the poststart hooks. The caller holds the lock.
 *
 * @throws {StateError} in any other state; {ProgramError} when the program can't be executed; {HookError}
 */
export async function startContainer(
  directory: RecordDirectory,
  record: ContainerRecord,
): Promise<void> {
  const { id } = directory;
  const status = statusOf(directory, record);
  if (status === "stopped") {
    throw new StateError(id, "cannot start a container that has stopped");
  }
  if (status === "running") {
    throw new StateError(id, "cannot start an already running container");
  }
  if (status !== "created") {
    throw new StateError(id, `cannot start a container in the ${status} state`);
  }
  await releaseInit(directory, record);
}

/**
 * As {@linkcode startContainer}, for a container that is known to be created.
 *
 * @throws {StateError} if init is gone; {ProgramError} when the program can't be executed; {HookError}
 */
export async function releaseInit(
  directory: RecordDirectory,
  record: ContainerRecord,
): Promise<void> {
  using pidfd = openPidfd(record.initPid);
  await new Start(directory, record, pidfd).run();
}

class Start {
  readonly #directory: RecordDirectory;
  readonly #record: ContainerRecord;
  readonly #pidfd: Fd;
  #started = false;
  #hookStatus: number | undefined;
  #hook = -1;
  #timedOut = false;
  /** What init executes before it executes the container's program. */
  #program: string | undefined;

  constructor(directory: RecordDirectory, record: ContainerRecord, pidfd: Fd) {
    this.#directory = directory;
    this.#record = record;
    this.#pidfd = pidfd;
  }

  async run(): Promise<void> {
    const directory = this.#directory;
    using results = openIn(
      AT_FDCWD,
      directory.file(FILES.resultFifo),
      O_RDONLY | O_NONBLOCK,
    );
    // Without a reader, init is gone: the open is refused (ENXIO).
    using go = tryOpenIn(
      ["ENXIO"],
      AT_FDCWD,
      directory.file(FILES.execFifo),
      O_WRONLY | O_NONBLOCK,
    );
    if (go === undefined) {
      throw new StateError(
        directory.id,
        "cannot start a container that has stopped",
      );
    }
    this.#program = this.#exe();
    check("write", `to ${go.path}`, go.number, new Uint8Array([0]), 1);
    go.close();
    await this.#readResults(results);
    this.#removeFifos();
    await this.#poststart();
  }

  /**
   * Reads until the fifo's end: init's exec has closed it. Somebody in the container may have got hold of the fifo: that
   * init has executed its program is seen otherwise, too, and it is not listened to for ever.
   */
  async #readResults(results: Fd): Promise<void> {
    const watch = this.#watch();
    let deadline = this.#hookDeadline();
    for (let left = this.#mostMessages(); left > 0;) {
      const limitMs = Math.min(IDLE_MS, Math.max(0, deadline - Date.now()));
      const [readable, ended] = await waitReadable(
        [results, this.#pidfd],
        limitMs,
      );
      if (!readable && !ended) {
        if (Date.now() >= deadline) {
          this.#killHook();
          deadline = this.#hookDeadline();
        } else if (this.#started && this.#program !== this.#exe()) break;
        else watch();
        continue;
      }
      const message = new Uint8Array(MESSAGE_SIZE);
      const length = syscall("read", results.number, message, MESSAGE_SIZE);
      if (length === MESSAGE_SIZE) {
        const failure = this.#receive(message);
        if (failure !== undefined) {
          // Who called deletes the container next, and containerd refuses that while init is there.
          await waitForExit(this.#pidfd, END_MS);
          throw failure;
        }
        deadline = this.#hookDeadline();
        left--;
      } else if (length === 0 || ended) break;
    }
    if (!this.#started) {
      throw new StateError(
        this.#directory.id,
        "container init died before it could start its program",
      );
    }
  }

  #receive(message: Uint8Array<ArrayBuffer>): Error | undefined {
    const { code, value } = decodeMessage(message);
    if (code === MESSAGE.STARTED) this.#started = true;
    else if (code === MESSAGE.HOOK) this.#hook = value;
    else if (code === MESSAGE.HOOK_STATUS) this.#hookStatus = value;
    return isFailure(code) ? this.#failure(code, value) : undefined;
  }

  #failure(code: number, errno: number): Error {
    const index = stepIndexOf(code);
    const step = this.#record.startSteps.find((candidate: StepRecord) =>
      candidate.index === index
    );
    if (step === undefined) {
      return new StateError(
        this.#directory.id,
        `container init failed in step ${index}`,
      );
    }
    if (this.#hookStatus === undefined) return new ProgramError(step, errno);
    return hookFailure("startContainer", this.#hook, {
      waitStatus: this.#hookStatus,
      output: readOutput(this.#directory.file(FILES.hookOutput)),
      timedOut: this.#timedOut,
    });
  }

  /** When the hook that runs has had its time. */
  #hookDeadline(): number {
    const timeout = this.#record.config.hooks?.startContainer?.[this.#hook]
      ?.timeout;
    return timeout === undefined ? Infinity : Date.now() + timeout * 1000;
  }

  /** STARTED, two for each hook, and a failure. */
  #mostMessages(): number {
    const hooks = this.#record.config.hooks?.startContainer ?? [];
    return 2 + 2 * hooks.length;
  }

  /** The file that init executes. */
  #exe(): string | undefined {
    try {
      return Deno.readLinkSync(`/proc/${this.#record.initPid}/exe`);
    } catch {
      return undefined;
    }
  }

  /** Notices an init that stands still. It must not start later, behind our back: what let it go is taken back. */
  #watch(): () => void {
    const watch = stallWatch({
      id: this.#directory.id,
      pid: () => this.#record.initPid,
      cgroup: () => this.#record.cgroup,
    });
    return () => {
      try {
        watch();
      } catch (error) {
        if (!this.#takeBack()) this.#removeFifos();
        throw error;
      }
    };
  }

  /** False if init has taken it already, and starts when it can. */
  #takeBack(): boolean {
    const path = this.#directory.file(FILES.execFifo);
    using fifo = openIn(AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
    return syscall("read", fifo.number, new Uint8Array(1), 1) === 1;
  }

  /** Without them the container counts as started. */
  #removeFifos(): void {
    for (const name of [FILES.execFifo, FILES.resultFifo]) {
      remove(AT_FDCWD, this.#directory.file(name));
    }
  }

  #killHook(): void {
    this.#timedOut = true;
    for (const child of childrenOf(this.#record.initPid)) {
      signalPid(child, SIGNALS.SIGKILL);
    }
  }

  async #poststart(): Promise<void> {
    const hooks = this.#record.config.hooks?.poststart ?? [];
    if (hooks.length === 0) return;
    try {
      await runHooks("poststart", hooks, {
        ...stateOf(this.#directory, this.#record),
        status: "running",
      });
    } catch (error) {
      signalPidfd(this.#pidfd, SIGNALS.SIGKILL);
      throw error;
    }
  }
}

function readOutput(path: string): string {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return "";
  }
}
