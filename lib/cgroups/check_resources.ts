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
import { readNothing } from "./write.ts";

/**
 * Refuses limits of a kind that this cgroup version does not have: better than to pass over them.
 *
 * @throws {ConfigError} with the pointer of the field
 */
export function checkKinds(resources: Resources, mode: CgroupMode): void {
  const { unified = {}, network = {} } = resources;
  if (mode !== "v2" && Object.keys(unified).length > 0) {
    throw new ConfigError(
      "/linux/resources/unified",
      "invalid configuration: cannot use unified on cgroup v1; leave it out, or boot with cgroup v2 alone",
    );
  }
  const { classID = 0, priorities = [] } = network;
  if (mode !== "v2" || (classID === 0 && priorities.length === 0)) return;
  const field = classID === 0 ? "priorities" : "classID";
  throw new ConfigError(
    `/linux/resources/network/${field}`,
    "cgroup v2 can't mark packets; leave it out, and match them by the cgroup's path " +
      '("socket cgroupv2" of nftables, "-m cgroup --path" of iptables)',
  );
}

/**
 * Refuses limits that can't be kept on this host.
 *
 * @throws {ConfigError} with the pointer of the field
 */
export function checkResources(resources: Resources, mode: CgroupMode): void {
  checkKinds(resources, mode);
  containerDeviceFilter(resources.devices);
  for (const { writes } of mode === "v2" ? v2Writes : v1Writes) {
    writes(resources, readNothing, {});
  }
}
