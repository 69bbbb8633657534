/**
 * The net_cls and net_prio controllers of cgroup v1 (kernel: Documentation/admin-guide/cgroup-v1/net_cls.rst,
 * net_prio.rst). They mark packets for traffic control and firewalls.
 *
 * @module
 */
import type { NetworkResources } from "../../spec/types.ts";
import type { CgroupWrite } from "../write.ts";

/** What to write for the class of packets; 0 is no class, and what a new cgroup has. */
export function classWrites({ classID }: NetworkResources): CgroupWrite[] {
  return classID === undefined || classID === 0
    ? []
    : [{ file: "net_cls.classid", value: `${classID}` }];
}

/** What to write for priorities: one line an interface of the host. */
export function priorityWrites(
  { priorities = [] }: NetworkResources,
): CgroupWrite[] {
  return priorities.map(({ name, priority }) => ({
    file: "net_prio.ifpriomap",
    value: `${name} ${priority}`,
  }));
}
