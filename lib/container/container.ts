/**
 * A container.
 *
 * @module
 */
import type {
  PressureEvent,
  PressureLevel,
} from "../cgroups/events/pressure.ts";
import type { Watch } from "../cgroups/events/watch.ts";
import type { OomReport } from "../cgroups/oom/types.ts";
import { StateError } from "../errors.ts";
import type { Resources, Spec } from "../spec/types.ts";
import type { Host } from "./host.ts";
import type { InitSettings } from "./interpreter.ts";
import type { LogFunction, ProcessOptions } from "./options.ts";
import type { Process } from "./process.ts";
import type { ContainerRecord, RecordDirectory } from "./record.ts";
import { lazy } from "./lazy.ts";
import { signalNumber } from "./signals.ts";
import type { ContainerStats, StatsOptions } from "./stats.ts";
import {
  type ContainerState,
  type ContainerStatus,
  initRuns,
  stateOf,
  statusOf,
} from "./status.ts";

export type { LogFunction, ProcessOptions } from "./options.ts";

// Most commands need few of them.
const firstProcess = lazy(() => import("./first_process.ts"));
const joinedProcess = lazy(() => import("./joined_process.ts"));
const starting = lazy(() => import("./start.ts"));
const destroying = lazy(() => import("./destroy.ts"));
const streaming = lazy(() => import("./streams.ts"));
const statistics = lazy(() => import("./stats.ts"));
const watching = lazy(() => import("./watch.ts"));
const cgroups = lazy(() => import("../cgroups/mod.ts"));
const pausing = lazy(() => import("./pause.ts"));
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
  /** Further ones, until they have been collected. */
  #joined: Process[] = [];

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
    this.#refresh();
    if (this.#record.initPid !== 0) {
      throw new StateError(
        this.id,
        "the container has a first process already: join() starts further ones",
      );
    }
    const { startFirstProcess } = await firstProcess();
    const process = await startFirstProcess({
      ...this.#parts,
      record: this.#record,
    }, options);
    this.#refresh();
    this.#process = process;
    return process;
  }

  /**
   * Starts a further process: it joins the container's namespaces and cgroup, and executes its program at once. Any number
   * may do so at a time.
   *
   * Wait for its end: the kernel keeps the first process of a PID namespace until all others have been collected.
   *
   * @throws {StateError} unless the container is created or running, or paused and that is to be ignored; {ConfigError}
   * with the field's JSON pointer; {ProgramError} with the step that failed; {CgroupError}. No process is left.
   */
  async join(options: ProcessOptions = {}): Promise<Process> {
    await takeTurn();
    const { startJoinedProcess } = await joinedProcess();
    const record = this.#refresh();
    const process = await startJoinedProcess(
      { ...this.#parts, record },
      options,
    );
    this.#joined = this.#joined.filter((one) => !one.isCollected);
    this.#joined.push(process);
    return process;
  }

  /**
   * {@linkcode Container.start} and {@linkcode Container.exec} in one. When it fails, no process is left.
   *
   * A terminal of the process is joined with our own, unless its streams are to be piped.
   */
  async run(options: ProcessOptions = {}): Promise<Process> {
    const { directory } = this.#parts;
    const { releaseInit } = await starting();
    await takeTurn();
    using _lock = await directory.lock();
    const process = await this.#start(options);
    const isPiped = options.stdin === "piped" || options.stdout === "piped";
    try {
      if (!isPiped) process.console?.attach();
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
   * Freezes all its processes: they stand still until {@linkcode Container.resume}, or are killed.
   *
   * @throws {StateError} `container not running` unless it is created or running; {CgroupError} if there is no freezer,
   * or a process does not come to rest in 10 seconds: then all of them go on
   */
  async pause(): Promise<void> {
    const { pauseContainer } = await pausing();
    using _lock = await this.#parts.directory.lock();
    await pauseContainer(this.#parts.directory, this.#refresh());
  }

  /**
   * Lets its processes go on.
   *
   * @throws {StateError} `container not paused`; {CgroupError}
   */
  async resume(): Promise<void> {
    const { resumeContainer } = await pausing();
    using _lock = await this.#parts.directory.lock();
    await resumeContainer(this.#parts.directory, this.#refresh());
  }

  /**
   * Changes its limits, and its configuration with them; what is not mentioned stays as it is. If one is refused, those
   * that were changed before are set back.
   *
   * @param resources limits as in `linux.resources`; a number of 0 asks for nothing but for `pids.limit`, `cpu.burst`
   * and `cpu.idle`; device rules replace those that there were
   * @throws {StateError} `container not running`; {ConfigError} with the field's JSON pointer; {CgroupError} with the
   * file that was refused
   */
  async update(resources: Resources): Promise<void> {
    const { updateContainer } = await import("./update.ts");
    const { parseResources } = await import("../spec/parse.ts");
    const { value } = parseResources(resources);
    const { directory, log } = this.#parts;
    using _lock = await directory.lock();
    await updateContainer(directory, this.#refresh(), value, log);
    this.#refresh();
  }

  /**
   * What it uses: CPU time, memory, tasks, block devices and more. Also of a container that has stopped, until it is
   * destroyed.
   *
   * @throws {StateError} `container with id … is not running` if it has no cgroup; {CgroupError}
   */
  async stats(options: StatsOptions = {}): Promise<ContainerStats> {
    const { containerStats } = await statistics();
    // Its cgroup does not change once it is there.
    const isNew = this.#record.initPid === 0;
    try {
      return containerStats(isNew ? this.#refresh() : this.#record, options);
    } catch (error) {
      // Destroyed by now?
      if (error instanceof StateError) this.#refresh();
      throw error;
    }
  }

  /**
   * Ids of all its processes, in our PID namespace. None if it has stopped.
   *
   * @throws {CgroupError} if they can't be listed
   */
  async processes(): Promise<number[]> {
    const { openManager } = await cgroups();
    const record = this.#refresh();
    const { cgroup } = record;
    if (cgroup.planned) return [];
    if (Object.keys(cgroup.paths).length === 0) {
      const { processesOf } = await import("./processes.ts"); // seldom needed
      return initRuns(record) ? processesOf(record.initPid, record.config) : [];
    }
    using manager = openManager(cgroup);
    return manager.pids();
  }

  /**
   * Watches for processes that the kernel kills for want of memory; each event tells what {@linkcode OomReport} has. It
   * ends when the container does. Waiting takes no thread.
   *
   * On cgroup v1, kills for want of the host's memory are noticed up to two seconds later.
   *
   * @example
   * ```ts ignore
   * // Needs a running container.
   * for await (const { killed, level, processes } of await container.oomEvents()) {
   *   console.log(killed, level, processes);
   * }
   * ```
   *
   * @returns when it watches
   * @throws {StateError} if the container does not run; {CgroupError} if nobody counts its memory
   */
  async oomEvents(): Promise<Watch<OomReport>> {
    const { oomEvents } = await watching();
    return oomEvents(this.#refresh());
  }

  /**
   * Watches for want of memory that has not killed anybody yet, as {@linkcode Container.oomEvents} does.
   *
   * @returns when it watches
   * @throws {StateError} if the container does not run; {CgroupError} if the kernel does not tell
   */
  async memoryPressure(level: PressureLevel): Promise<Watch<PressureEvent>> {
    const { memoryPressure } = await watching();
    return memoryPressure(this.#refresh(), level);
  }

  /**
   * Removes the container: its cgroup and its state; poststop hooks run. Failures of those are only logged.
   *
   * @param options.force kill what runs
   * @param options.timeoutMs how long processes may take to end, 10 seconds by default
   * @throws {StateError} if it runs, or processes don't end: it names them, and what they wait for
   */
  async destroy(
    options: { readonly force?: boolean; readonly timeoutMs?: number } = {},
  ): Promise<void> {
    const { destroyContainer } = await destroying();
    await takeTurn();
    using _lock = await this.#parts.directory.lock();
    const { force = false, timeoutMs } = options;
    const record = this.#refresh();
    // Children of ours that nobody may have collected; how they ended is for others to ask.
    const joined = force ? this.#joined : [];
    const ends = Promise.allSettled(joined.map((process) => process.wait()));
    const errors = await destroyContainer(
      this.#parts.directory,
      record,
      { force, timeoutMs },
    );
    for (const error of errors) this.#parts.log("warning", error.message);
    await Promise.allSettled([ends, this.#process?.wait()]);
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
