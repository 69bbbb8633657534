/**
 * The parent's part in hooks: those it runs itself, and the streams and the clock of those that init runs.
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
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { openIn } from "../../ffi/fs.ts";
import { memoryFile } from "../../ffi/memfd.ts";
import { signalPid } from "../../ffi/process.ts";
import type { Reply } from "../../init/session.ts";
import { runHooks, stateFile } from "../hooks/run.ts";
import type { StateDocument, StateStatus } from "../spec/state.ts";
import { SPEC_VERSION } from "../version.ts";
import type { HandlerContext, HookTrace } from "./handler_context.ts";
import { statusFields } from "./host.ts";
import { childrenOf } from "./processes.ts";
import { FILES } from "./record.ts";

/** The state of a container that is being made, for a hook or an agent. */
export function stateInTheMaking(
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

/** Runs prestart and createRuntime hooks. */
export async function runRuntimeHooks(context: HandlerContext): Promise<void> {
  const { hooks } = context.spec;
  await context.applyLimits();
  const state = stateInTheMaking(context, "creating", context.init.pid);
  await runHooks("prestart", hooks?.prestart ?? [], state);
  await runHooks("createRuntime", hooks?.createRuntime ?? [], state);
}

/** Init's process id as the container sees it. */
function innerPid(pid: number): number {
  const ids =
    statusFields(Deno.readTextFileSync(`/proc/${pid}/status`))["NSpid"] ??
      `${pid}`;
  return Number(ids.split(/\s+/).at(-1));
}

/** Gives a createContainer hook its state and its output, and watches its time. */
export async function createHookStreams(
  context: HandlerContext,
  index: number,
  trace: HookTrace,
): Promise<Reply> {
  const { pid } = context.init;
  await context.applyLimits();
  trace.output?.close();
  trace.output = memoryFile("hook output", new Uint8Array(0));
  const { timeout } = context.spec.hooks!.createContainer![index]!;
  if (timeout !== undefined) watchHook(pid, timeout * 1000, trace);
  return {
    fds: [
      stateFile(stateInTheMaking(context, "creating", innerPid(pid))),
      trace.output.duplicate(),
    ],
  };
}

/** Gives a startContainer hook its state and its output, for later. */
export function startHookStreams(context: HandlerContext): Reply {
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
      stateFile(
        stateInTheMaking(context, "created", innerPid(context.init.pid)),
      ),
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
