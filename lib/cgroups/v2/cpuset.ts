/**
 * The cpuset controller of cgroup v2 (kernel: Documentation/admin-guide/cgroup-v2.rst, "Cpuset").
 *
 * @module
 */
import type { CpuResources } from "../../spec/types.ts";
import type { CgroupWrite } from "../write.ts";

/** What to write for CPU and memory node sets. An empty set is its parent's in v2, so nothing needs to be copied. */
export function cpusetWrites(cpu: CpuResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (cpu.cpus) writes.push({ file: "cpuset.cpus", value: cpu.cpus });
  if (cpu.mems) writes.push({ file: "cpuset.mems", value: cpu.mems });
  return writes;
}
