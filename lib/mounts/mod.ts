/**
 * The steps of a container's program that make its file systems: root, mounts, devices, terminal, masks.
 *
 * In the order of a container's life: {@linkcode prepareRoot}, {@linkcode mountAll}, {@linkcode makeDevices},
 * {@linkcode pivotRoot}, {@linkcode makeCwd}, {@linkcode openConsole}, {@linkcode finishRoot}, {@linkcode readonlyPaths},
 * {@linkcode maskPaths}. They only build; a {@linkcode MountContext} carries what one hands to the next.
 *
 * @module
 */
export { makeDevices } from "../devices/devices.ts";
export { needsDeviceSetup } from "../devices/needs_setup.ts";
export { openConsole } from "./console.ts";
export {
  type CgroupHierarchy,
  type CgroupMountInfo,
  type MountContext,
  mountContext,
  type MountContextOptions,
  type MountHost,
  rootOf,
} from "./context.ts";
export { makeCwd } from "./cwd.ts";
export { finishRoot } from "./finish.ts";
export { maskPaths, readonlyPaths } from "./masks.ts";
export { mountAll } from "./mount.ts";
export { KNOWN_MOUNT_OPTIONS } from "./options_table.ts";
export { bareMounts, pivotRoot } from "./pivot.ts";
export { prepareRoot, rootPropagation } from "./root.ts";
