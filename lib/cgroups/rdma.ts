/**
 * The rdma controller, the same in both versions (kernel: Documentation/admin-guide/cgroup-v1/rdma.rst).
 *
 * @module
 */
import type { RdmaResources } from "../spec/types.ts";
import type { CgroupWrite } from "./write.ts";

/** What to write for limits of RDMA devices: one line a device. A count that is not given stays as it is. */
export function rdmaWrites(
  rdma: Readonly<Record<string, RdmaResources>>,
): CgroupWrite[] {
  return Object.entries(rdma).flatMap(([device, limits]): CgroupWrite[] => {
    const { hcaHandles, hcaObjects } = limits;
    const counts = [
      ...(hcaHandles === undefined ? [] : [`hca_handle=${hcaHandles}`]),
      ...(hcaObjects === undefined ? [] : [`hca_object=${hcaObjects}`]),
    ];
    return counts.length === 0
      ? []
      : [{ file: "rdma.max", value: `${device} ${counts.join(" ")}` }];
  });
}
