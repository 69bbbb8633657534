/**
 * The pids controller, the same in both versions (kernel: Documentation/admin-guide/cgroup-v1/pids.rst).
 *
 * @module
 */
import type { PidsResources } from "../spec/types.ts";
import { type CgroupWrite, toBig } from "./write.ts";

/**
 * What to write for the limit of tasks. A limit of 0 becomes 1, as it does in runc, where systemd knows no 0; a
 * container's first process is in the cgroup already, so both let nothing more in. Negative: no limit.
 */
export function pidsWrites(pids: PidsResources): CgroupWrite[] {
  if (pids.limit === undefined) return [];
  const limit = toBig(pids.limit);
  const value = limit > 0n ? `${limit}` : limit === 0n ? "1" : "max";
  return [{ file: "pids.max", value }];
}
