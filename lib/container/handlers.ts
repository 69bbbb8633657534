/**
 * The parent's answers to init, while it sets a container up.
 *
 * @module
 */
import { RLIMITS } from "../../ffi/abi/resource.ts";
import {
  openPidfd,
  reap,
  setLimit,
  takeDescriptor,
  waitForExit,
} from "../../ffi/process.ts";
import { MESSAGE } from "../../init/protocol.ts";
import type { Handler, Handlers, Question, Reply } from "../../init/session.ts";
import { ConfigError } from "../errors.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { toHostId, writeIdMaps } from "../namespaces/id_maps.ts";
import { homeEntry } from "../process/environment.ts";
import { hasNamespace } from "../spec/namespaces.ts";
import type { Spec } from "../spec/types.ts";
import { homeOf } from "../user/home.ts";
import type { HandlerContext, HookTrace } from "./handler_context.ts";
import {
  createHookStreams,
  runRuntimeHooks,
  startHookStreams,
  stateInTheMaking,
  stopTimer,
} from "./hook_handlers.ts";

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
    [MESSAGE.GO]: () => ({ data: context.given, after: context.onPlaced }),
    [MESSAGE.SOURCE]: (question) => mountSource(context, question),
    [MESSAGE.TARGET]: (question) => mountTarget(context, question),
    [MESSAGE.COPY_UP]: copyUp,
    [MESSAGE.HOOKS]: () => runRuntimeHooks(context),
    [MESSAGE.CREATE_HOOK]: ({ value }) =>
      createHookStreams(context, value, trace),
    [MESSAGE.START_HOOK]: () => startHookStreams(context),
    [MESSAGE.HOOK_STATUS]: ({ value }) => void (trace.status = value),
    [MESSAGE.LISTENER]: (question) => handOverListener(context, question),
    [MESSAGE.CONSOLE]: ({ fds }) => context.onConsole(fds[0]!.duplicate()),
    [MESSAGE.READY]: async ({ value, fds: [root] }) => {
      await context.applyLimits();
      setLimits(context.init.pid, spec);
      return {
        ...(root === undefined ? {} : { data: homeEntry(homeOf(root, value)) }),
        after: context.onReady,
      };
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

// Mounts and filters seldom need us: what answers them is loaded when they do.

async function handOverListener(
  context: HandlerContext,
  { value }: Question,
): Promise<void> {
  const { sendListener } = await import("../seccomp/listener.ts");
  const { spec, init, status, directory } = context;
  using listener = takeDescriptor(init.pidfd, value, "seccomp listener");
  // A further process is not the one that the container's state names.
  const first = status === "creating" ? init.pid : directory.read().initPid;
  await sendListener(listener, spec.linux!.seccomp!, {
    pid: init.pid,
    state: stateInTheMaking(context, status, first),
  });
}

async function mountSource(
  { spec, bundle, init }: HandlerContext,
  { value, fds }: Question,
): Promise<Reply> {
  const { answerSource } = await import("../mounts/upcalls.ts");
  const source = answerSource(spec.mounts![value]!, fds[0], {
    bundle,
    pointer: `/mounts/${value}`,
    pid: hasNamespace(spec, "user") ? init.pid : undefined,
  });
  return source === undefined ? {} : { fds: [source] };
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

/**
 * The first process ends when it has made the one that becomes init; both are our children. It has not waited for us
 * before: the other may be from a time when it was in no cgroup yet.
 */
async function adoptChild(
  context: HandlerContext,
  { value: pid }: Question,
): Promise<void> {
  const first = context.init.pidfd;
  context.init = { pid, pidfd: openPidfd(pid) };
  await waitForExit(first);
  reap(first);
  first.close();
  await context.place(pid);
}

function writeClockOffsets(pid: number, spec: Spec): void {
  const offsets = Object.entries(spec.linux?.timeOffsets ?? {});
  const lines = offsets.map(([clock, { secs = 0, nanosecs = 0 }]) =>
    `${clock} ${secs} ${nanosecs}`
  );
  if (lines.length === 0) return;
  try {
    Deno.writeTextFileSync(
      `/proc/${pid}/timens_offsets`,
      lines.map((line) => `${line}\n`).join(""),
    );
  } catch (error) {
    // ERANGE for a clock that would stand before the boot or after 146 years: time_namespaces(7).
    throw new ConfigError(
      "/linux/timeOffsets",
      `the kernel refuses "${lines.join(", ")}": ${(error as Error).message}`,
      { cause: error },
    );
  }
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
