/**
 * Whether a container gets devices.
 *
 * @module
 */
import { rootedPath } from "../paths.ts";
import { parseMountOptions } from "../mounts/options.ts";
import type { Spec } from "../spec/types.ts";

/** False if /dev is a bind mount: what is in it is its owner's business. */
export function needsDeviceSetup({ mounts }: Spec): boolean {
  return !(mounts ?? []).some(({ destination, options, type }) =>
    rootedPath(destination) === "/dev" &&
    (type === "bind" || parseMountOptions(options ?? []).bind !== "none")
  );
}
