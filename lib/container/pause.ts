/**
 * Pausing a container, and letting it go on.
 *
 * @module
 */
import { freeze, thaw } from "../cgroups/freeze.ts";
import { openManager } from "../cgroups/mod.ts";
import { StateError } from "../errors.ts";
import { describeBlockers } from "./blockers.ts";
import type { ContainerRecord, RecordDirectory } from "./record.ts";
import { statusOf } from "./status.ts";

/**
 * Freezes all processes of a container that is created or running. The caller holds the lock.
 *
 * @throws {StateError} `container not running`, also if it is paused; {CgroupError} if it can't be frozen
 */
export async function pauseContainer(
  directory: RecordDirectory,
  record: ContainerRecord,
): Promise<void> {
  const status = statusOf(directory, record);
  if (status !== "running" && status !== "created") {
    throw new StateError(directory.id, "container not running");
  }
  await freeze(record.cgroup, {
    describe: () => {
      using cgroup = openManager(record.cgroup);
      return describeBlockers(cgroup.pids());
    },
  });
}

/**
 * Thaws all processes of a container that is paused. The caller holds the lock.
 *
 * @throws {StateError} `container not paused`; {CgroupError} if it can't be thawed
 */
export async function resumeContainer(
  directory: RecordDirectory,
  record: ContainerRecord,
): Promise<void> {
  if (statusOf(directory, record) !== "paused") {
    throw new StateError(directory.id, "container not paused");
  }
  await thaw(record.cgroup);
}
