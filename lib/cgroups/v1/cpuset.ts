/**
 * The cpuset controller of cgroup v1 (kernel: Documentation/admin-guide/cgroup-v1/cpusets.rst).
 *
 * @module
 */
import type { CpuResources } from "../../spec/types.ts";
import type { CgroupWrite } from "../write.ts";

/** What to write for CPU and memory node sets. @param prefix `cpuset.`, or empty on a `noprefix` mount */
export function cpusetWrites(
  cpu: CpuResources,
  prefix = "cpuset.",
): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (cpu.cpus) writes.push({ file: `${prefix}cpus`, value: cpu.cpus });
  if (cpu.mems) writes.push({ file: `${prefix}mems`, value: cpu.mems });
  return writes;
}

/**
 * What a new cpuset cgroup takes over from its parent. A new one is empty, and no task can enter it then.
 *
 * @param own the cgroup's own files
 * @param parent its parent's files
 */
export function inheritedWrites(
  own: { cpus: string; mems: string },
  parent: { cpus: string; mems: string },
  prefix = "cpuset.",
): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (own.cpus.trim() === "") {
    writes.push({ file: `${prefix}cpus`, value: parent.cpus.trim() });
  }
  if (own.mems.trim() === "") {
    writes.push({ file: `${prefix}mems`, value: parent.mems.trim() });
  }
  return writes;
}
