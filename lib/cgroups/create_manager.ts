/**
 * Choosing the manager that fits the host, or the record of a container that exists.
 *
 * @module
 */
import type { ManagerOptions } from "./_base_manager.ts";
import type { CgroupLayout } from "./layout.ts";
import type { CgroupManager } from "./manager.ts";
import type { CgroupLocation } from "./paths.ts";
import {
  type CgroupRecord,
  newRecord,
  type OpenHierarchy,
  plannedScope,
  type ScopeRecord,
} from "./record.ts";
import { SystemdManager } from "./systemd/manager.ts";
import { V1Manager } from "./v1/manager.ts";
import { V2Manager } from "./v2/manager.ts";

/** What a container's cgroup depends on. */
export interface CgroupOptions extends CgroupLocation {
  /** True without full privileges (another user, or a user namespace): then a container that asks for nothing does without. */
  readonly rootless?: boolean | undefined;
  /** The scope it is to be in, if systemd is to manage it. */
  readonly scope?: ScopeRecord | undefined;
  /** The configuration's annotations, some of which are properties of the scope. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
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
  const { id, annotations, scope, rootless = false } = options;
  if (scope !== undefined) {
    return new SystemdManager(
      plannedScope(layout, scope, rootless),
      { openCgroup: (made) => openManager(made, open), open },
      { id, layout, annotations },
    );
  }
  const required = !rootless || Boolean(options.cgroupsPath);
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
  const { systemd } = record;
  if (systemd !== undefined) {
    const openCgroup = (made: CgroupRecord): CgroupManager =>
      openManager(made, open);
    return new SystemdManager({ ...record, systemd }, { openCgroup, open });
  }
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
