/**
 * Cgroups: the host's layout, and a manager for a container's cgroup on version 1, hybrid and version 2.
 *
 * ```text
 * parseCgroupLayout(mountinfo, cgroup) → CgroupLayout      once for each command; part of the host record
 * warmUpJoin(layout)                                       as early as can be: join() then is 20 times faster
 * createManager(layout, { id, cgroupsPath }) → CgroupManager
 *   create(resources) → join(pid) or openDirectory() → apply(resources) → … → kill() → destroy()
 * openManager(record)                                      from the state on disk
 *
 * with systemd: newScopeRecord(layout, location).systemd → createManager(layout, { id, scope })
 * ```
 *
 * What a controller writes is made as data by pure functions, one file for each controller and version; apply.ts
 * carries it out.
 *
 * @module
 */
export {
  type CgroupOptions,
  createManager,
  openManager,
} from "./create_manager.ts";
export { type FreezerState } from "./freezer.ts";
export {
  type CgroupLayout,
  type CgroupMode,
  type CgroupMount,
  parseCgroupLayout,
} from "./layout.ts";
export { type CgroupManager } from "./manager.ts";
export { type CgroupRecord, newRecord } from "./record.ts";
export { checkResources } from "./check_resources.ts";
export { warmedUp, warmUpJoin } from "./warm_up.ts";
