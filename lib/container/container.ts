/**
 * A container.
 *
 * @module
 */
import { StateError } from "../errors.ts";
import type { Spec } from "../spec/types.ts";
import type { Host } from "./host.ts";
import type { InitSettings } from "./interpreter.ts";
import type { LogFunction, ProcessOptions } from "./options.ts";
import type { Process } from "./process.ts";
import type { ContainerRecord, RecordDirectory } from "./record.ts";
import { lazy } from "./lazy.ts";
import { signalNumber } from "./signals.ts";
import {
  type ContainerState,
  type ContainerStatus,
  stateOf,
  statusOf,
} from "./status.ts";

export type { LogFunction, ProcessOptions } from "./options.ts";

// Most commands need few of them.
const firstProcess = lazy(() => import("./first_process.ts"));
const starting = lazy(() => import("./start.ts"));
const destroying = lazy(() => import("./destroy.ts"));
const streaming = lazy(() => import("./streams.ts"));
const eventLoop = lazy(() => import("../../ffi/turn.ts"));

/** Begins a piece of work when it does not hold others up. */
async function takeTurn(): Promise<void> {
  const { turns } = await eventLoop();
  await turns.take();
}

/** What a container is made of; `Factory` makes them. */
export interface ContainerParts {
  readonly directory: RecordDirectory;
  readonly record: ContainerRecord;
  /** The host, if its maker has just looked at it. */
  readonly host?: Host | undefined;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  readonly init: InitSettings;
  readonly log: LogFunction;
}

/**
 * A container: made by `Factory.create()` or found by `Factory.load()`. With `await using` it is destroyed at the end
 * of the scope, whatever runs in it.
 */
export class Container implements AsyncDisposable {
  /** Its name, unique in its factory's directory. */
  readonly id: string;
  readonly #parts: ContainerParts;
  #record: ContainerRecord;
  #process: Process | undefined;

  /** Made by `Factory`. */
  constructor(parts: ContainerParts) {
    this.id = parts.directory.id;
    this.#parts = parts;
    this.#record = parts.record;
  }

  /** Its configuration. */
  get spec(): Spec {
    return this.#record.config;
  }

  /** Where it is in its life. Throws {StateError} if it has been destroyed. */
  status(): Promise<ContainerStatus> {
    return Promise.resolve().then(() =>
      statusOf(this.#parts.directory, this.#refresh())
    );
  }

  /** Its state, as the `state` command prints it. Throws {StateError} if it has been destroyed. */
  state(): Promise<ContainerState> {
    return Promise.resolve().then(() =>
      stateOf(this.#parts.directory, this.#refresh())
    );
  }

  /**
   * Starts the first process: everything is set up, and it waits for {@linkcode Container.exec} before it executes its
   * program.
   *
   * @throws {ConfigError} with the field's JSON pointer; {ProgramError} with the step that failed; {HookError};
   * {CgroupError}; {StateError} if it has a first process already. Nothing that was made is left.
   */
  async start(options: ProcessOptions = {}): Promise<Process> {
    await takeTurn();
    using _lock = await this.#parts.directory.lock();
    return await this.#start(options);
  }

  async #start(options: ProcessOptions): Promise<Process> {
    const { directory, host, noPivot, noNewKeyring, init, log } = this.#parts;
    this.#refresh();
    if (this.#record.initPid !== 0) {
      throw new StateError(
        this.id,
        "the container has a first process already, and joining it is not supported",
      );
    }
    const { startFirstProcess } = await firstProcess();
    const process = await startFirstProcess({
      directory,
      record: this.#record,
      host,
      noPivot,
      noNewKeyring,
      init,
      log,
    }, options);
    this.#refresh();
    this.#process = process;
    return process;
  }

  /** {@linkcode Container.start} and {@linkcode Container.exec} in one. When it fails, no process is left. */
  async run(options: ProcessOptions = {}): Promise<Process> {
    const { directory } = this.#parts;
    const { releaseInit } = await starting();
    await takeTurn();
    using _lock = await directory.lock();
    const process = await this.#start(options);
    process.console?.attach();
    try {
      await releaseInit(directory, this.#record);
    } catch (error) {
      // Nobody else has the process.
      process.signal("SIGKILL");
      const { closeStreams } = await streaming();
      await closeStreams(process);
      await process.wait();
      throw error;
    }
    return process;
  }

  /**
   * Lets the waiting first process execute its program, and runs the poststart hooks.
   *
   * @throws {StateError} unless the container is created; {ProgramError} when the program can't be executed; {HookError}
   */
  async exec(): Promise<void> {
    const { startContainer } = await starting();
    using _lock = await this.#parts.directory.lock();
    await startContainer(this.#parts.directory, this.#refresh());
  }

  /**
   * Sends a signal to the first process, by name or number.
   *
   * @throws {StateError} `container not running`
   */
  async signal(signal: string | number): Promise<void> {
    const { signalContainer } = await destroying();
    await signalContainer(
      this.#parts.directory,
      this.#refresh(),
      signalNumber(signal),
    );
  }

  /**
   * Removes the container: its cgroup and its state; poststop hooks run. Failures of those are only logged.
   *
   * @param options.force kill what runs
   * @throws {StateError} if it runs
   */
  async destroy(options: { readonly force?: boolean } = {}): Promise<void> {
    const { destroyContainer } = await destroying();
    await takeTurn();
    using _lock = await this.#parts.directory.lock();
    const errors = await destroyContainer(
      this.#parts.directory,
      this.#refresh(),
      { force: options.force ?? false },
    );
    for (const error of errors) this.#parts.log("warning", error.message);
    // A child of ours that nobody may have collected; how it ended is for others to ask.
    await Promise.allSettled([this.#process?.wait()]);
  }

  /** Destroys it, whatever runs in it; nothing if that has been done. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#parts.directory.exists()) await this.destroy({ force: true });
  }

  #refresh(): ContainerRecord {
    this.#record = this.#parts.directory.read();
    return this.#record;
  }
}
