/**
 * Processes that should answer and don't, because somebody keeps them from running: a container whose PID namespace
 * was joined stops them, or a cgroup is frozen.
 *
 * @module
 */
import { SIGNALS } from "../../ffi/abi/signal.ts";
import type { Fd } from "../../ffi/fd.ts";
import { reap, signalPidfd, waitForExit } from "../../ffi/process.ts";
import type { CgroupManager } from "../cgroups/mod.ts";
import type { CgroupRecord } from "../cgroups/record.ts";
import { RuntimeError, StateError } from "../errors.ts";
import { processStat } from "./status.ts";

/** How long a process may be seen standing still, in milliseconds: a change of device rules freezes for less. */
const PATIENCE_MS = 1_000;
/** How long a killed process may take to end before it is thawed, and how long then, in milliseconds. */
const END_MS = 1_000;
const THAWED_END_MS = 10_000;
/** A look comes a little earlier at times. */
const SLACK_MS = 100;

/** What is watched. */
export interface StallWatchOptions {
  /** The container's id, for the error. */
  readonly id: string;
  /** The process's id; it may be another one later. */
  readonly pid: () => number;
  /** The container's cgroup; undefined: it may be frozen. */
  readonly cgroup?: () => CgroupRecord;
}

/**
 * Makes a function to call once in a while, as long as an answer is awaited. It throws {StateError} when the process
 * has been seen standing still for a second, {RuntimeError} when nothing was left of it at two calls that could answer.
 */
export function stallWatch(options: StallWatchOptions): () => void {
  let since: number | undefined;
  let hasEnded = false;
  return () => {
    const state = processStat(options.pid())?.state;
    // A filter has ended its first thread alone, and others of a re-executed init live on: nothing else tells of it.
    if (state === "Z") {
      // What it said last may have come since: that is read before the next look.
      if (!hasEnded) return void (hasEnded = true);
      throw new RuntimeError("protocol", "container init exited unexpectedly");
    }
    const reason = whyStill(options.pid(), state, options.cgroup?.());
    if (reason === undefined) return void (since = undefined);
    since ??= Date.now();
    if (Date.now() - since < PATIENCE_MS - SLACK_MS) return;
    throw new StateError(
      options.id,
      `container process does not answer: ${reason}`,
    );
  };
}

function whyStill(
  pid: number,
  state: string | undefined,
  cgroup: CgroupRecord | undefined,
): string | undefined {
  if (state === "T") return `process ${pid} has been stopped by a signal`;
  if (state === "t") return `process ${pid} is held by a tracer`;
  const directory = cgroup && frozenDirectory(cgroup);
  return directory === undefined
    ? undefined
    : `its cgroup ${directory} is frozen, or one above it`;
}

/** The directory that shows the container frozen, by its own or one above. */
function frozenDirectory({ mode, paths }: CgroupRecord): string | undefined {
  const path = mode === "v2" ? paths[""] : paths["freezer"];
  if (path === undefined) return undefined;
  try {
    const isFrozen = mode === "v2"
      ? /^frozen 1$/m.test(Deno.readTextFileSync(`${path}/cgroup.events`))
      : Deno.readTextFileSync(`${path}/freezer.state`).trim() !== "THAWED";
    return isFrozen ? path : undefined;
  } catch {
    return undefined; // no freezer
  }
}

/**
 * Kills a child of ours and collects it. On cgroup v1 a frozen process does not die; then all in its cgroup are killed
 * and thawed.
 *
 * @throws {StateError} if it is still there: a cgroup above is frozen
 */
export async function endProcess(
  id: string,
  pidfd: Fd,
  cgroup: CgroupManager,
): Promise<void> {
  signalPidfd(pidfd, SIGNALS.SIGKILL);
  if (!await waitForExit(pidfd, END_MS)) {
    await cgroup.kill();
    if (!await waitForExit(pidfd, THAWED_END_MS)) {
      throw new StateError(id, "the container's process does not end");
    }
  }
  reap(pidfd);
}

/**
 * Kills a process that has joined a container that goes on, and collects it. One that is frozen ends when it is thawed;
 * nobody waits for that.
 */
export async function endJoined(pidfd: Fd): Promise<void> {
  signalPidfd(pidfd, SIGNALS.SIGKILL);
  if (await waitForExit(pidfd, END_MS)) reap(pidfd);
}
