/**
 * Signals for, and the end of, a container.
 *
 * @module
 */
import { type CgroupManager, openManager } from "../cgroups/mod.ts";
import { StateError } from "../errors.ts";
import { createsNamespace } from "../spec/namespaces.ts";
import type { ContainerRecord, RecordDirectory } from "./record.ts";
import { initRuns, stateOf, statusOf } from "./status.ts";

const KILL = 9;
/** How long processes may take to end, by default. */
const KILL_WAIT_MS = 10_000;

/** How a container is destroyed. */
export interface DestroyOptions {
  /** Kill what runs first. */
  readonly force: boolean;
  /** How long processes may take to end, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Sends a signal to the container's init; SIGKILL to all its processes, if they don't die with their init because it
 * is not alone in its PID namespace. Those may be killed when their init is gone, too.
 *
 * @throws {StateError} `container not running`
 */
export async function signalContainer(
  directory: RecordDirectory,
  record: ContainerRecord,
  signal: number,
): Promise<void> {
  const { openPidfd, signalPidfd } = await import("../../ffi/process.ts");
  const gone = new StateError(directory.id, "container not running");
  if (!initRuns(record)) {
    if (signal === KILL && await killLeftOver(record)) return;
    throw gone;
  }
  using pidfd = openPidfd(record.initPid);
  const killOthers = signal === KILL ? await unlistedKiller(record) : undefined;
  // The pidfd is of whoever has the id now: look again whether that is our init.
  if (!initRuns(record) || !signalPidfd(pidfd, signal)) throw gone;
  if (signal !== KILL) return;
  killOthers?.();
  using cgroup = openManager(record.cgroup);
  if (!createsNamespace(record.config, "pid") || isFrozen(cgroup)) {
    await killAll(directory.id, record, cgroup, KILL_WAIT_MS, "kill");
  }
}

/**
 * Kills all processes in a cgroup, thawing them if need be, and waits until it is empty.
 *
 * @throws {StateError} when the time is up; it names the processes that are left, and what they wait for
 */
async function killAll(
  id: string,
  record: ContainerRecord,
  cgroup: CgroupManager,
  timeoutMs: number,
  verb: "kill" | "delete",
): Promise<void> {
  if (await cgroup.kill({ timeoutMs })) return;
  const problem = await stuck(record, cgroup.pids());
  if (problem === undefined) return;
  throw new StateError(id, `cannot ${verb} container ${id}: ${problem}`);
}

/** What is known of processes that SIGKILL has not ended; undefined if they have ended by now. */
async function stuck(
  record: ContainerRecord,
  pids: readonly number[],
): Promise<string | undefined> {
  const { describeBlockers } = await import("./blockers.ts");
  const { frozenFromAbove } = await import("../cgroups/freeze.ts");
  const names = describeBlockers(pids);
  if (names === "") return undefined;
  const above = frozenFromAbove(record.cgroup);
  const hint = above === undefined
    ? ""
    : `; the cgroup ${above} above the container is frozen, thaw it first`;
  return `still there after SIGKILL: ${names}${hint}`;
}

/** Kills what outlived the init of a container without a PID namespace of its own. False if there is nothing. */
async function killLeftOver(record: ContainerRecord): Promise<boolean> {
  if (createsNamespace(record.config, "pid")) return false;
  using cgroup = openManager(record.cgroup);
  if (cgroup.pids().length === 0) return false;
  await killAll(record.id, record, cgroup, KILL_WAIT_MS, "kill");
  return true;
}

/**
 * Removes what is left of a container that has stopped: its cgroup, its directory. Poststop hooks run then.
 *
 * @returns failures of poststop hooks, which undo nothing
 * @throws {StateError} if it runs, or processes don't end: it names them
 */
export async function destroyContainer(
  directory: RecordDirectory,
  record: ContainerRecord,
  { force, timeoutMs = KILL_WAIT_MS }: DestroyOptions,
): Promise<Error[]> {
  const status = statusOf(directory, record);
  // With the lock, nothing of this program can be creating it any more.
  const mayGo = status === "stopped" || status === "created" ||
    status === "creating" && record.creator?.pid === Deno.pid;
  if (!mayGo && !force) {
    throw new StateError(
      directory.id,
      `cannot delete container ${directory.id} that is not stopped: ${status}`,
    );
  }
  using cgroup = openManager(record.cgroup);
  const hooks = record.config.hooks?.poststop ?? [];
  const state = hooks.length === 0 ? undefined : stateOf(directory, record);
  if (status !== "stopped") await killInit(directory, record, timeoutMs);
  // Without a PID namespace of its own, processes of a container outlive its init.
  await killAll(directory.id, record, cgroup, timeoutMs, "delete");
  await cgroup.destroy();
  directory.remove();
  if (state === undefined) return [];
  const { runAllHooks } = await import("../hooks/run.ts");
  return await runAllHooks("poststop", hooks, {
    ...state,
    status: "stopped",
    pid: 0,
  });
}

async function killInit(
  directory: RecordDirectory,
  record: ContainerRecord,
  timeoutMs: number,
): Promise<void> {
  const { openPidfd, signalPidfd, waitForExit } = await import(
    "../../ffi/process.ts"
  );
  if (!initRuns(record)) return;
  using pidfd = openPidfd(record.initPid);
  const killOthers = await unlistedKiller(record);
  if (!initRuns(record)) return;
  signalPidfd(pidfd, KILL);
  killOthers?.();
  using cgroup = openManager(record.cgroup);
  if (isFrozen(cgroup)) await cgroup.kill({ timeoutMs });
  if (await waitForExit(pidfd, timeoutMs)) return;
  const problem = await stuck(record, [record.initPid]);
  if (problem === undefined) return;
  const { id } = directory;
  throw new StateError(id, `cannot delete container ${id}: ${problem}`);
}

/**
 * What kills the processes that no cgroup lists, and that don't die with init: those of a container without a cgroup that
 * has not its own PID namespace. It must be asked for while init lives.
 */
async function unlistedKiller(
  { cgroup, config, initPid }: ContainerRecord,
): Promise<(() => void) | undefined> {
  const isListed = cgroup.planned === true ||
    Object.keys(cgroup.paths).length > 0;
  if (isListed || createsNamespace(config, "pid")) return undefined;
  const { killerOf } = await import("./processes.ts");
  return killerOf(initPid, config);
}

/** What is frozen does not die of a signal: it must be thawed, which {@linkcode CgroupManager.kill} does. */
function isFrozen(cgroup: CgroupManager): boolean {
  return ["frozen", "freezing"].includes(cgroup.freezerState());
}
