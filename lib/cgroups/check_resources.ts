/**
 * Limits that can be refused before anything exists.
 *
 * @module
 */
import { ConfigError } from "../errors.ts";
import type { Resources } from "../spec/types.ts";
import { unbuiltFields } from "../spec/unbuilt.ts";
import { containerDeviceFilter } from "./devices.ts";
import type { CgroupMode } from "./layout.ts";
import { v1Writes } from "./v1/controllers.ts";
import { v2Writes } from "./v2/controllers.ts";

/**
 * Refuses limits that can't be kept on this host: better than to pass over them.
 *
 * @throws {ConfigError} with the pointer of the field
 */
export function checkResources(resources: Resources, mode: CgroupMode): void {
  if (mode !== "v2" && Object.keys(resources.unified ?? {}).length > 0) {
    throw new ConfigError(
      "/linux/resources/unified",
      "invalid configuration: cannot use unified on cgroup v1",
    );
  }
  const [unbuilt] = unbuiltFields({ linux: { resources } });
  if (unbuilt !== undefined) {
    throw new ConfigError(unbuilt.pointer, unbuilt.detail);
  }
  containerDeviceFilter(resources.devices);
  const nothingThere = (): undefined => undefined;
  for (const { writes } of mode === "v2" ? v2Writes : v1Writes) {
    writes(resources, nothingThere, {});
  }
}
