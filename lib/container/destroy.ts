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
const FORCE_WAIT_MS = 10_000;

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
  // The pidfd is of whoever has the id now: look again whether that is our init.
  if (!initRuns(record) || !signalPidfd(pidfd, signal)) throw gone;
  if (signal !== KILL) return;
  using cgroup = openManager(record.cgroup);
  if (!createsNamespace(record.config, "pid") || isFrozen(cgroup)) {
    await cgroup.kill();
  }
}

/** Kills what outlived the init of a container without a PID namespace of its own. False if there is nothing. */
async function killLeftOver(record: ContainerRecord): Promise<boolean> {
  if (createsNamespace(record.config, "pid")) return false;
  using cgroup = openManager(record.cgroup);
  if (cgroup.pids().length === 0) return false;
  await cgroup.kill();
  return true;
}

/**
 * Removes what is left of a container that has stopped: its cgroup, its directory. Poststop hooks run then.
 *
 * @param options.force kill what runs first
 * @returns failures of poststop hooks, which undo nothing
 * @throws {StateError} if it runs
 */
export async function destroyContainer(
  directory: RecordDirectory,
  record: ContainerRecord,
  options: { readonly force: boolean },
): Promise<Error[]> {
  const status = statusOf(directory, record);
  // With the lock, nothing of this program can be creating it any more.
  const mayGo = status === "stopped" || status === "created" ||
    status === "creating" && record.creator?.pid === Deno.pid;
  if (!mayGo && !options.force) {
    throw new StateError(
      directory.id,
      `cannot delete container ${directory.id} that is not stopped: ${status}`,
    );
  }
  using cgroup = openManager(record.cgroup);
  const hooks = record.config.hooks?.poststop ?? [];
  const state = hooks.length === 0 ? undefined : stateOf(directory, record);
  if (status !== "stopped") await killInit(directory, record);
  // Without a PID namespace of its own, processes of a container outlive its init.
  if (!await cgroup.kill({ timeoutMs: FORCE_WAIT_MS })) {
    throw new StateError(
      directory.id,
      `cannot delete container ${directory.id}: processes ${
        cgroup.pids().join(", ")
      } do not end`,
    );
  }
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
): Promise<void> {
  const { openPidfd, signalPidfd, waitForExit } = await import(
    "../../ffi/process.ts"
  );
  if (!initRuns(record)) return;
  using pidfd = openPidfd(record.initPid);
  if (!initRuns(record)) return;
  signalPidfd(pidfd, KILL);
  using cgroup = openManager(record.cgroup);
  if (isFrozen(cgroup)) await cgroup.kill();
  if (!await waitForExit(pidfd, FORCE_WAIT_MS)) {
    throw new StateError(
      directory.id,
      `container init ${record.initPid} still running after SIGKILL`,
    );
  }
}

/** What is frozen does not die of a signal: it must be thawed, which {@linkcode CgroupManager.kill} does. */
function isFrozen(cgroup: CgroupManager): boolean {
  return ["frozen", "freezing"].includes(cgroup.freezerState());
}
