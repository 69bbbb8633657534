/**
 * The parent's answers to init, while it sets a container up.
 *
 * @module
 */
import {
  AT_FDCWD,
  O_APPEND,
  O_CREAT,
  O_RDWR,
  O_TRUNC,
} from "../../ffi/abi/fcntl.ts";
import { RLIMITS } from "../../ffi/abi/resource.ts";
import { SIGNALS } from "../../ffi/abi/signal.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn } from "../../ffi/fs.ts";
import { memoryFile } from "../../ffi/memfd.ts";
import {
  openPidfd,
  reap,
  setLimit,
  signalPid,
  waitForExit,
} from "../../ffi/process.ts";
import type { Spawned } from "../../init/bootstrap.ts";
import { MESSAGE } from "../../init/protocol.ts";
import type { Handler, Handlers, Question, Reply } from "../../init/session.ts";
import { runHooks, stateFile } from "../hooks/run.ts";
import { ConfigError } from "../errors.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { toHostId, writeIdMaps } from "../namespaces/id_maps.ts";
import { homeEntry } from "../process/environment.ts";
import type { StateDocument, StateStatus } from "../spec/state.ts";
import type { Spec } from "../spec/types.ts";
import { homeOf } from "../user/home.ts";
import { SPEC_VERSION } from "../version.ts";
import { type Host, statusFields } from "./host.ts";
import { childrenOf } from "./processes.ts";
import { FILES, type RecordDirectory } from "./record.ts";

/** What the answers depend on. */
export interface HandlerContext {
  readonly spec: Spec;
  readonly host: Host;
  readonly bundle: string;
  readonly directory: RecordDirectory;
  /** The process that will be the container's init; replaced when a second clone makes another. */
  init: Spawned;
  /** Sets the cgroup's limits, once: before hooks, which may adjust them, and when the devices are made. */
  readonly applyLimits: () => void;
  /** Takes the pty master of the container's console. */
  readonly onConsole: (master: Fd) => Promise<void>;
  /** Called when init has everything but its user's rights. */
  readonly onReady: () => void;
}

/** What went on while answering, to explain a failure. */
export interface HookTrace {
  /** Wait status of the hook that failed. */
  status?: number;
  /** What the hook wrote. */
  output?: Fd;
  /** Runs while a hook with a timeout does. */
  timer?: ReturnType<typeof setTimeout>;
  timedOut?: boolean;
}

/** The answers. */
export function answersTo(context: HandlerContext, trace: HookTrace): Handlers {
  // Whatever init says next, the hook it ran has ended.
  const timed = Object.entries(handlers(context, trace)).map((
    [code, handler],
  ): [string, Handler] => [
    code,
    (question) => {
      stopTimer(trace);
      return handler(question);
    },
  ]);
  return Object.fromEntries(timed) as Handlers;
}

function handlers(
  context: HandlerContext,
  trace: HookTrace,
): Record<number, Handler> {
  const { spec } = context;
  const privileged = context.host.euid === 0;
  return {
    [MESSAGE.MAPS]: () => writeIdMaps(context.init.pid, spec, { privileged }),
    [MESSAGE.OFFSETS]: () => writeClockOffsets(context.init.pid, spec),
    [MESSAGE.CHILD]: (question) => adoptChild(context, question),
    [MESSAGE.GO]: () => {},
    [MESSAGE.SOURCE]: (question) => mountSource(context, question),
    [MESSAGE.TARGET]: (question) => mountTarget(context, question),
    [MESSAGE.COPY_UP]: copyUp,
    [MESSAGE.HOOKS]: () => runRuntimeHooks(context),
    [MESSAGE.CREATE_HOOK]: ({ value }) =>
      createHookStreams(context, value, trace),
    [MESSAGE.START_HOOK]: () => startHookStreams(context),
    [MESSAGE.HOOK_STATUS]: ({ value }) => void (trace.status = value),
    [MESSAGE.CONSOLE]: ({ fds }) => context.onConsole(fds[0]!.duplicate()),
    [MESSAGE.HOME]: ({ value, fds }) => ({
      data: homeEntry(homeOf(fds[0]!, value)),
    }),
    [MESSAGE.READY]: () => {
      context.applyLimits();
      setLimits(context.init.pid, spec);
      context.onReady();
    },
  };
}

/** What the parent does for a new init before it answers anything. */
export function prepareInit(pid: number, spec: Spec): void {
  const score = spec.process!.oomScoreAdj;
  if (score === undefined) return;
  try {
    Deno.writeTextFileSync(`/proc/${pid}/oom_score_adj`, `${score}`);
  } catch (error) {
    const hint = "lowering it needs CAP_SYS_RESOURCE";
    throw new ConfigError(
      "/process/oomScoreAdj",
      `cannot set ${score}: ${(error as Error).message} (${hint})`,
    );
  }
}

/** The state of a container that is being made, for a hook. */
function hookState(
  context: HandlerContext,
  status: StateStatus,
  pid: number,
): StateDocument {
  const { annotations } = context.spec;
  return {
    ociVersion: SPEC_VERSION,
    id: context.directory.id,
    status,
    pid,
    bundle: context.bundle,
    ...(annotations === undefined ? {} : { annotations }),
  };
}

async function runRuntimeHooks(context: HandlerContext): Promise<void> {
  const { hooks } = context.spec;
  context.applyLimits();
  const state = hookState(context, "creating", context.init.pid);
  await runHooks("prestart", hooks?.prestart ?? [], state);
  await runHooks("createRuntime", hooks?.createRuntime ?? [], state);
}

// Mounts seldom need us: what answers them is loaded when they do.

async function mountSource(
  context: HandlerContext,
  { value }: Question,
): Promise<Reply> {
  const { openMountSource } = await import("../mounts/upcalls.ts");
  return {
    fds: [
      openMountSource(
        context.spec.mounts![value]!,
        context.bundle,
        context.init.pid,
      ),
    ],
  };
}

async function mountTarget(
  { spec, bundle }: HandlerContext,
  { value, fds }: Question,
): Promise<Reply> {
  const { resolveMountTarget } = await import("../mounts/upcalls.ts");
  const owner = rootOwner(spec);
  return {
    fds: [
      resolveMountTarget(fds[0]!, spec.mounts![value]!, {
        bundle,
        ...(owner === undefined ? {} : { owner }),
      }),
    ],
  };
}

async function copyUp({ value, fds }: Question): Promise<void> {
  const { copyUpMount } = await import("../mounts/upcalls.ts");
  copyUpMount(value, fds);
}

/** The host's ids of the container's root, if they are not ours. */
function rootOwner({ linux }: Spec): { uid: number; gid: number } | undefined {
  const uid = toHostId(linux?.uidMappings, 0);
  const gid = toHostId(linux?.gidMappings, 0);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/** Init's process id as the container sees it. */
function innerPid(pid: number): number {
  const ids =
    statusFields(Deno.readTextFileSync(`/proc/${pid}/status`))["NSpid"] ??
      `${pid}`;
  return Number(ids.split(/\s+/).at(-1));
}

function createHookStreams(
  context: HandlerContext,
  index: number,
  trace: HookTrace,
): Reply {
  const { pid } = context.init;
  context.applyLimits();
  trace.output?.close();
  trace.output = memoryFile("hook output", new Uint8Array(0));
  const { timeout } = context.spec.hooks!.createContainer![index]!;
  if (timeout !== undefined) watchHook(pid, timeout * 1000, trace);
  return {
    fds: [
      stateFile(hookState(context, "creating", innerPid(pid))),
      trace.output.duplicate(),
    ],
  };
}

function startHookStreams(context: HandlerContext): Reply {
  const path = context.directory.file(FILES.hookOutput);
  const output = openIn(
    AT_FDCWD,
    path,
    O_RDWR | O_CREAT | O_APPEND | O_TRUNC,
    0,
    0o600,
  );
  return {
    fds: [
      stateFile(hookState(context, "created", innerPid(context.init.pid))),
      output,
    ],
  };
}

/** Stops the watch over a hook, if there is one: Deno's first call of a timer's function costs 12 ms. */
export function stopTimer(trace: HookTrace): void {
  if (trace.timer === undefined) return;
  clearTimeout(trace.timer);
  delete trace.timer;
}

/** Kills what init is waiting for, in a while. */
function watchHook(pid: number, timeoutMs: number, trace: HookTrace): void {
  trace.timer = setTimeout(() => {
    trace.timedOut = true;
    for (const child of childrenOf(pid)) signalPid(child, SIGNALS.SIGKILL);
  }, timeoutMs);
}

/** The first process ends when it has made the one that becomes init; both are our children. */
async function adoptChild(
  context: HandlerContext,
  { value: pid }: Question,
): Promise<void> {
  const first = context.init.pidfd;
  context.init = { pid, pidfd: openPidfd(pid) };
  await waitForExit(first);
  reap(first);
  first.close();
}

function writeClockOffsets(pid: number, spec: Spec): void {
  const offsets = Object.entries(spec.linux?.timeOffsets ?? {});
  const text = offsets.map(([clock, { secs = 0, nanosecs = 0 }]) =>
    `${clock} ${secs} ${nanosecs}\n`
  ).join("");
  if (text !== "") Deno.writeTextFileSync(`/proc/${pid}/timens_offsets`, text);
}

/** Sets the limits from outside: root of a user namespace may not raise any. */
function setLimits(pid: number, spec: Spec): void {
  (spec.process!.rlimits ?? []).forEach(({ type, soft, hard }, i) => {
    try {
      setLimit(pid, RLIMITS[type as keyof typeof RLIMITS], soft, hard);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      const hint = error.errnoName === "EPERM"
        ? "; raising the hard limit needs CAP_SYS_RESOURCE"
        : "";
      throw new ConfigError(
        `/process/rlimits/${i}`,
        `cannot set ${type} to ${soft}:${hard}: ${error.message}${hint}`,
      );
    }
  });
}
