/**
 * Joining a container, from the clone to the exec of the program.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import { setAffinity } from "../../ffi/process.ts";
import type { BootstrapOptions, Spawned } from "../../init/bootstrap.ts";
import { awaitExec, converse } from "../../init/session.ts";
import { type CgroupManager, openManager } from "../cgroups/mod.ts";
import type { PlaceOptions } from "../cgroups/placement.ts";
import { CgroupError } from "../errors.ts";
import { parseCpuList } from "../spec/cpu_list.ts";
import type { Spec } from "../spec/types.ts";
import { preserved } from "./descriptors.ts";
import { explainFailure, explainRefusal, oomKills } from "./explain.ts";
import { encodeGiven } from "./given.ts";
import type { HandlerContext } from "./handler_context.ts";
import { answersTo, prepareInit } from "./handlers.ts";
import type { Host } from "./host.ts";
import {
  type InitSettings,
  type StartedInit,
  startInit,
} from "./interpreter.ts";
import {
  type JoinProgram,
  joinProgram,
  type JoinProgramOptions,
} from "./join_program.ts";
import type { LogFunction } from "./options.ts";
import { loadParts } from "./parts.ts";
import type { ContainerRecord, RecordDirectory } from "./record.ts";
import { endJoined, stallWatch } from "./stall.ts";
import { spawnIn } from "./spawn_in.ts";
import type { ContainerStatus } from "./status.ts";

/** What a join needs. */
export interface JoinOptions extends JoinProgramOptions {
  readonly spec: Spec;
  readonly host: Host;
  readonly directory: RecordDirectory;
  readonly record: ContainerRecord;
  /** A pidfd of the container's first process. */
  readonly container: Fd;
  readonly status: ContainerStatus;
  readonly init: InitSettings;
  /** Cgroups below the container's, by controller. */
  readonly below: Readonly<Record<string, string>> | undefined;
  /** The child's standard streams; undefined: ours. */
  readonly streams: readonly (Fd | undefined)[];
  /** Our end of the conversation, and the child's. */
  readonly socket: Fd;
  readonly inner: Fd;
  /** Takes the pty master of the console; the descriptor is the callee's. */
  readonly onConsole: (master: Fd) => Promise<void>;
  /** Called when the process is there; what it throws undoes that. */
  readonly onCreated: (process: Spawned) => void;
  readonly log: LogFunction;
}

/**
 * Starts the process. On failure none is left.
 *
 * @returns the process, which has executed its program
 * @throws {RuntimeError} of any kind
 */
export async function join(options: JoinOptions): Promise<Spawned> {
  const { spec, record, log } = options;
  const loading = loadParts(spec);
  if (loading !== undefined) await loading;
  const built = joinProgram(spec, options.host, {
    ...options,
    reexec: options.init.mode === "reexec",
  });
  for (const warning of built.warnings) log("warning", warning);
  using cgroup = openManager(record.cgroup);
  return await new Join(options, built, cgroup).run();
}

/** One join. */
class Join {
  readonly #options: JoinOptions;
  readonly #built: JoinProgram;
  readonly #cgroup: CgroupManager;
  readonly #place: PlaceOptions;
  readonly #beganMs = Date.now();
  readonly #killedBefore: number;
  #placed = false;

  constructor(
    options: JoinOptions,
    built: JoinProgram,
    cgroup: CgroupManager,
  ) {
    this.#options = options;
    this.#built = built;
    this.#cgroup = cgroup;
    this.#killedBefore = oomKills(cgroup);
    const { record, below } = options;
    this.#place = { beside: record.initPid, below };
  }

  async run(): Promise<Spawned> {
    const { socket, inner } = this.#options;
    const trace = {};
    let context: HandlerContext | undefined;
    let started: StartedInit | undefined;
    try {
      started = await this.#start();
      inner.close();
      context = this.#context(started.init);
      await this.#prepare(context.init.pid);
      const { program } = started;
      const session = { ...started.session, onIdle: this.#watch(context) };
      const handlers = { ...answersTo(context, trace), ...started.handlers };
      await converse(socket, program, handlers, session);
      this.#options.onCreated(context.init);
      await awaitExec(socket, program, session);
      return context.init;
    } catch (error) {
      const undone = await this.#undo(error, context?.init ?? started?.init);
      throw started?.explain?.(undone) ?? undone;
    }
  }

  /** Notices a process that is kept from running. In a container that is paused it has to wait. */
  #watch(context: HandlerContext): () => void {
    const { directory, status, record } = this.#options;
    return stallWatch({
      id: directory.id,
      pid: () => context.init.pid,
      ...(status === "paused" ? {} : { cgroup: () => record.cgroup }),
    });
  }

  #context(init: Spawned): HandlerContext {
    const { spec, host, record, directory, status, onConsole } = this.#options;
    return {
      spec,
      host,
      directory,
      bundle: record.bundle,
      status: status === "created" ? "created" : "running",
      given: encodeGiven(directory.id),
      init,
      place: (pid) => this.#prepare(pid),
      applyLimits: () => {},
      onPlaced: () => {},
      onReady: () => {},
      onConsole,
    };
  }

  async #start(): Promise<StartedInit> {
    const { spec, host, init, log } = this.#options;
    const { descriptors } = this.#built;
    const fds: (Fd | undefined)[] = [
      ...this.#options.streams,
      ...preserved(descriptors.preserved),
    ];
    fds[descriptors.init] = this.#options.container;
    fds[descriptors.sync] = this.#options.inner;
    return await startInit({
      settings: init,
      log,
      build: ({ reexec }) =>
        reexec === (init.mode === "reexec")
          ? this.#built
          : joinProgram(spec, host, { ...this.#options, reexec }),
      spawn: (execute) => this.#spawn(execute, fds),
    });
  }

  #spawn(
    execute: BootstrapOptions["execute"],
    fds: readonly (Fd | undefined)[],
  ): Spawned {
    const { status } = this.#options;
    // We wait for the exec: in a frozen cgroup it would not come. And CPUs that the process may use before it is in the
    // cgroup are asked for before.
    const isLater = status === "paused" || Boolean(this.#affinity.initial);
    using cgroup = isLater
      ? undefined
      : this.#cgroup.openDirectory(this.#place);
    const options = { execute, namespaces: 0, fds };
    const { process, isPlaced } = spawnIn(cgroup, options);
    this.#placed = isPlaced;
    return process;
  }

  get #affinity(): { readonly initial?: string; readonly final?: string } {
    return this.#options.spec.process?.execCPUAffinity ?? {};
  }

  async #prepare(pid: number): Promise<void> {
    const { initial, final } = this.#affinity;
    prepareInit(pid, this.#options.spec);
    if (initial) setAffinity(pid, parseCpuList(initial));
    if (!this.#placed) await this.#joinCgroup(pid);
    // Else the caller's CPUs are not the container's: cpuset says what those are.
    if (final) setAffinity(pid, parseCpuList(final));
    else if (!initial) this.#allCpus(pid);
  }

  async #joinCgroup(pid: number): Promise<void> {
    try {
      await this.#cgroup.join(pid, this.#place);
    } catch (error) {
      if (!(error instanceof CgroupError)) throw error;
      const { file, message, value } = error;
      const text = `error adding pid ${pid} to cgroups: ${message}`;
      throw new CgroupError(file, text, value, { cause: error });
    }
  }

  #allCpus(pid: number): void {
    try {
      setAffinity(pid);
    } catch (error) {
      this.#options.log("warning", (error as Error).message);
    }
  }

  /** Leaves no process, and gives the error to throw. */
  async #undo(error: unknown, process: Spawned | undefined): Promise<unknown> {
    const explained = await explainRefusal(
      await explainFailure(
        error,
        {},
        this.#cgroup,
        this.#beganMs,
        this.#killedBefore,
      ),
      this.#options.host,
    );
    if (process !== undefined) {
      await endJoined(process.pidfd);
      process.pidfd.close();
    }
    return explained;
  }
}
