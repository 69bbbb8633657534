/**
 * Choosing the manager that fits the host, or the record of a container that exists.
 *
 * @module
 */
import type { ManagerOptions } from "./_base_manager.ts";
import type { CgroupLayout } from "./layout.ts";
import type { CgroupManager } from "./manager.ts";
import type { CgroupLocation } from "./paths.ts";
import { type CgroupRecord, newRecord, type OpenHierarchy } from "./record.ts";
import { V1Manager } from "./v1/manager.ts";
import { V2Manager } from "./v2/manager.ts";

/** What a container's cgroup depends on. */
export interface CgroupOptions extends CgroupLocation {
  /** True without full privileges (another user, or a user namespace): then a container that asks for nothing does without. */
  readonly rootless?: boolean | undefined;
}

/**
 * The cgroup of a new container. Touches nothing yet.
 *
 * @throws {CgroupError} if there are no cgroups, or the path can't be used
 */
export function createManager(
  layout: CgroupLayout,
  options: CgroupOptions,
  open?: OpenHierarchy,
): CgroupManager {
  const required = !options.rootless || Boolean(options.cgroupsPath);
  return managerOf(newRecord(layout, options), {
    required,
    ...(open === undefined ? {} : { open }),
  });
}

/**
 * The cgroup of a container that exists, from its state.
 *
 * @throws {CgroupError} if the record does not fit together
 */
export function openManager(
  record: CgroupRecord,
  open?: OpenHierarchy,
): CgroupManager {
  return managerOf(record, {
    required: true,
    ...(open === undefined ? {} : { open }),
  });
}

function managerOf(
  record: CgroupRecord,
  options: ManagerOptions,
): CgroupManager {
  return record.mode === "v2"
    ? new V2Manager(record, options)
    : new V1Manager(record, options);
}
