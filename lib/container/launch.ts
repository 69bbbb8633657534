/**
 * From a configuration to an init that waits for `start`.
 *
 * @module
 */
import { AT_FDCWD, O_RDWR } from "../../ffi/abi/fcntl.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn } from "../../ffi/fs.ts";
import { replaceFile } from "../../ffi/fs_change.ts";
import { makeFifo } from "../../ffi/pipe.ts";
import { setAffinity } from "../../ffi/process.ts";
import { packetPair } from "../../ffi/socket.ts";
import { turns } from "../../ffi/turn.ts";
import type { BootstrapOptions, Spawned } from "../../init/bootstrap.ts";
import { converse } from "../../init/session.ts";
import { type CgroupManager, createManager, warmedUp } from "../cgroups/mod.ts";
import { CgroupError } from "../errors.ts";
import { writeIdMaps } from "../namespaces/id_maps.ts";
import type { Spec } from "../spec/types.ts";
import { cgroupOwner } from "./delegation.ts";
import { preserved } from "./descriptors.ts";
import { explainFailure, explainRefusal } from "./explain.ts";
import { encodeGiven } from "./given.ts";
import type { HandlerContext, HookTrace } from "./handler_context.ts";
import { answersTo, prepareInit } from "./handlers.ts";
import { stopTimer } from "./hook_handlers.ts";
import type { Host } from "./host.ts";
import {
  type InitSettings,
  type StartedInit,
  startInit,
} from "./interpreter.ts";
import { loadParts } from "./parts.ts";
import { LIMITS_PHASE } from "./phase.ts";
import { preparedProgram } from "./prepared.ts";
import type { ContainerProgram, ProgramOptions } from "./program.ts";
import { type ContainerRecord, FILES, type RecordDirectory } from "./record.ts";
import { endProcess, stallWatch } from "./stall.ts";
import { spawnIn } from "./spawn_in.ts";
import { processStat } from "./status.ts";

/** What a launch needs. */
export interface LaunchOptions extends ProgramOptions {
  readonly spec: Spec;
  readonly host: Host;
  readonly directory: RecordDirectory;
  /** The record so far. */
  readonly record: ContainerRecord;
  /** Whether refusals of cgroups are to be expected. */
  readonly rootless: boolean;
  /** How init is to be run. */
  readonly init: InitSettings;
  /** The child's standard streams; undefined: ours. */
  readonly streams: readonly (Fd | undefined)[];
  /** Takes the pty master of the console; the descriptor is the callee's. */
  readonly onConsole: (master: Fd) => Promise<void>;
  /** Called when the container is created; what it throws undoes that. */
  readonly onCreated: (init: Spawned) => void;
  readonly log: (level: "debug" | "warning", message: string) => void;
}

/**
 * Launches init. On failure no process and no cgroup is left; the container's directory is the caller's to remove.
 *
 * @returns init, which waits for `start`; its record is on disk
 * @throws {RuntimeError} of any kind
 */
export async function launch(options: LaunchOptions): Promise<Spawned> {
  const { spec, host, directory, log } = options;
  if (host.euid !== 0) {
    const { checkUserNamespace } = await import("../namespaces/preflight.ts");
    checkUserNamespace(spec);
  }
  const scope = options.record.cgroup.systemd;
  const programOptions = { ...options, cgroupPath: scope?.path };
  const loading = loadParts(spec);
  if (loading !== undefined) await loading;
  const built = preparedProgram(spec, host, {
    ...programOptions,
    reexec: options.init.mode === "reexec",
  });
  for (const warning of built.warnings) log("warning", warning);
  using cgroup = createManager(host.cgroup, {
    id: directory.id,
    cgroupsPath: spec.linux?.cgroupsPath,
    rootless: options.rootless,
    scope,
    annotations: spec.annotations,
  });
  const record: ContainerRecord = {
    ...options.record,
    startSteps: [...built.startSteps],
  };
  // The intent: whatever dies now, `delete --force` finds what was made. It is on disk already, but after a failure.
  if (!record.cgroup.planned) {
    record.cgroup = cgroup.toJSON();
    directory.write(record, replaceFile);
  }
  await warmedUp();
  try {
    await cgroup.create(spec.linux?.resources);
  } catch (error) {
    // What is there is somebody else's: it is not for `delete` to remove.
    const existing = Object.keys(record.cgroup.paths);
    directory.write({ ...record, cgroup: { ...record.cgroup, existing } });
    throw error;
  }
  record.cgroup = cgroup.toJSON();
  await turns.take();
  return await new Launch({ ...programOptions, record }, built, cgroup).run();
}

/** One launch, from the clone to the point where init waits. */
class Launch {
  readonly #options: LaunchOptions;
  readonly #built: ContainerProgram;
  readonly #cgroup: CgroupManager;
  readonly #trace: HookTrace = {};
  readonly #beganMs = Date.now();

  constructor(
    options: LaunchOptions,
    built: ContainerProgram,
    cgroup: CgroupManager,
  ) {
    this.#options = options;
    this.#built = built;
    this.#cgroup = cgroup;
  }

  async run(): Promise<Spawned> {
    const [ours, theirs] = packetPair();
    using socket = ours;
    let context: HandlerContext | undefined;
    let started: StartedInit | undefined;
    try {
      started = await this.#start(theirs);
      context = this.#context(started.init);
      await this.#prepare(context.init.pid);
      const handlers = {
        ...answersTo(context, this.#trace),
        ...started.handlers,
      };
      const { program, session } = started;
      await converse(socket, program, handlers, {
        ...session,
        onIdle: this.#watch(context),
      });
      this.#options.onCreated(context.init);
      return context.init;
    } catch (error) {
      const undone = await this.#undo(error, context?.init);
      throw started?.explain?.(undone) ?? undone;
    } finally {
      theirs.close();
      stopTimer(this.#trace);
      this.#trace.output?.close();
    }
  }

  /** Notices an init that stands still. */
  #watch(context: HandlerContext): () => void {
    return stallWatch({
      id: this.#options.directory.id,
      pid: () => context.init.pid,
      cgroup: () => this.#cgroup.toJSON(),
    });
  }

  #context(init: Spawned): HandlerContext {
    const options = this.#options;
    const context: HandlerContext = {
      ...options,
      status: "creating",
      init,
      given: encodeGiven(options.id),
      place: (pid) => this.#place(pid),
      applyLimits: () => this.#applyLimits(),
      onPlaced: () => options.directory.write(options.record, replaceFile),
      onReady: () => {
        options.directory.write(
          createdRecord(options.record, context.init.pid),
          replaceFile,
        );
      },
    };
    return context;
  }

  async #start(theirs: Fd): Promise<StartedInit> {
    const { spec, host, init, log } = this.#options;
    using execFifo = openFifo(this.#options.directory, FILES.execFifo);
    using resultFifo = openFifo(this.#options.directory, FILES.resultFifo);
    const fds = this.#descriptors(execFifo, resultFifo, theirs);
    const started = await startInit({
      settings: init,
      log,
      build: ({ reexec }) =>
        reexec === (init.mode === "reexec")
          ? this.#built
          : preparedProgram(spec, host, { ...this.#options, reexec }),
      spawn: (execute) => this.#spawn(execute, fds),
    });
    theirs.close();
    return started;
  }

  #descriptors(
    execFifo: Fd,
    resultFifo: Fd,
    theirs: Fd,
  ): (Fd | undefined)[] {
    const { descriptors } = this.#built;
    const fds: (Fd | undefined)[] = [
      ...this.#options.streams,
      ...preserved(descriptors.preserved),
    ];
    fds[descriptors.execFifo] = execFifo;
    fds[descriptors.resultFifo] = resultFifo;
    // The places reserved for hooks are filled later; until then they hold something harmless.
    for (let number = descriptors.hooks; number < descriptors.sync; number++) {
      fds[number] = resultFifo;
    }
    fds[descriptors.sync] = theirs;
    return fds;
  }

  #spawn(
    execute: BootstrapOptions["execute"],
    fds: readonly (Fd | undefined)[],
  ): Spawned {
    const namespaces = this.#built.namespaces.cloneFlags;
    using cgroup = this.#cgroup.openDirectory();
    const options = { execute, namespaces, fds };
    const { process, isPlaced } = spawnIn(cgroup, options);
    this.#joined = isPlaced;
    return process;
  }

  #joined = false;
  #limited = false;

  async #applyLimits(): Promise<void> {
    if (this.#limited) return;
    this.#limited = true;
    try {
      await this.#cgroup.apply(this.#options.spec.linux?.resources ?? {});
    } catch (error) {
      if (!(error instanceof CgroupError)) throw error;
      const { file, message, value } = error;
      const text = `${LIMITS_PHASE}: ${message}`;
      throw new CgroupError(file, text, value, { cause: error });
    }
    for (const warning of this.#cgroup.warnings) {
      this.#options.log("warning", warning);
    }
  }

  async #prepare(pid: number): Promise<void> {
    const { spec, host } = this.#options;
    const { staged, created } = this.#built.namespaces;
    await this.#place(pid);
    if (!staged && created.includes("user")) {
      await writeIdMaps(pid, spec, { privileged: host.euid === 0 });
    }
  }

  async #place(pid: number): Promise<void> {
    const { spec, host, log, record } = this.#options;
    prepareInit(pid, spec);
    if (!this.#joined) {
      await this.#cgroup.join(pid);
      record.cgroup = this.#cgroup.toJSON();
    }
    const owner = cgroupOwner(spec, host);
    if (owner !== undefined) this.#cgroup.delegate(owner);
    try {
      setAffinity(pid); // the caller's CPUs are not the container's: cpuset says what those are
    } catch (error) {
      log("warning", (error as Error).message);
    }
  }

  /** Leaves nothing, and gives the error to throw. */
  async #undo(error: unknown, init: Spawned | undefined): Promise<unknown> {
    const explained = await explainRefusal(
      await explainFailure(error, this.#trace, this.#cgroup, this.#beganMs),
      this.#options.host,
    );
    try {
      if (init !== undefined) {
        await endProcess(this.#options.directory.id, init.pidfd, this.#cgroup);
        init.pidfd.close();
      }
      await this.#cgroup.kill();
      await this.#cgroup.destroy();
    } catch (cleanUp) {
      return new AggregateError(
        [explained, cleanUp],
        (explained as Error).message,
      );
    }
    return explained;
  }
}

/** The record of a container whose init is there. */
function createdRecord(record: ContainerRecord, pid: number): ContainerRecord {
  const { creator: _, ...rest } = record;
  return {
    ...rest,
    initPid: pid,
    initStart: processStat(pid)?.startTime ?? 0,
    created: new Date().toISOString(),
  };
}

/** A fifo of the container's, made and opened for both directions: so it neither waits nor ends while init has it. */
function openFifo(directory: RecordDirectory, name: string): Fd {
  makeFifo(directory.file(name), 0o600);
  return openIn(AT_FDCWD, directory.file(name), O_RDWR);
}
