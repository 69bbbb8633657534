/**
 * Limits that can be refused before anything exists.
 *
 * @module
 */
import { ConfigError } from "../errors.ts";
import type { Resources } from "../spec/types.ts";
import { containerDeviceFilter } from "./devices.ts";
import type { CgroupMode } from "./layout.ts";
import { v1Writes } from "./v1/controllers.ts";
import { v2Writes } from "./v2/controllers.ts";

/** Limits that are known, but that no controller here sets yet. */
const UNBUILT = ["blockIO", "hugepageLimits", "network", "rdma"] as const;

function isAsked(value: object | undefined): boolean {
  return value !== undefined && Object.keys(value).length > 0;
}

/**
 * Refuses limits that can't be kept on this host: better than to pass over them.
 *
 * @throws {ConfigError} with the pointer of the field
 */
export function checkResources(resources: Resources, mode: CgroupMode): void {
  for (const name of UNBUILT) {
    if (isAsked(resources[name])) {
      throw new ConfigError(
        `/linux/resources/${name}`,
        "this limit is not supported yet",
      );
    }
  }
  if (isAsked(resources.unified)) {
    const detail = mode === "v2"
      ? "this limit is not supported yet"
      : "invalid configuration: cannot use unified on cgroup v1";
    throw new ConfigError("/linux/resources/unified", detail);
  }
  containerDeviceFilter(resources.devices);
  const nothingThere = (): undefined => undefined;
  for (const { writes } of mode === "v2" ? v2Writes : v1Writes) {
    writes(resources, nothingThere, {});
  }
}
