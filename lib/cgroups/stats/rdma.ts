/**
 * Statistics of the rdma and the misc controller (cgroup-v2.rst, "RDMA", "Misc").
 *
 * @module
 */
import type { ReadFile } from "../write.ts";
import { keyed, numberIn, pairs } from "./fields.ts";
import type { MiscStats, RdmaStats } from "./types.ts";

/** Lines `mlx4_0 hca_handle=2 hca_object=max`, the same in both versions; undefined if there are no such files. */
export function rdmaStats(
  read: ReadFile,
): Record<string, RdmaStats> | undefined {
  const current = read("rdma.current");
  if (current === undefined) return undefined;
  const limits = new Map(
    lines(read("rdma.max")).map(({ first, values }) => [first, values]),
  );
  const found: Record<string, RdmaStats> = {};
  for (const { first: device, values } of lines(current)) {
    const limit = limits.get(device);
    const handles = numberIn(limit?.["hca_handle"] ?? "");
    const objects = numberIn(limit?.["hca_object"] ?? "");
    found[device] = {
      hcaHandles: numberIn(values["hca_handle"] ?? "") ?? 0,
      hcaObjects: numberIn(values["hca_object"] ?? "") ?? 0,
      ...(handles === undefined ? {} : { hcaHandlesLimit: handles }),
      ...(objects === undefined ? {} : { hcaObjectsLimit: objects }),
    };
  }
  return found;
}

function lines(text: string | undefined): ReturnType<typeof pairs>[] {
  return (text ?? "").split("\n").filter((line) => line !== "").map(pairs);
}

/** Lines `sev 3`. */
export function miscStats(read: ReadFile): Record<string, MiscStats> {
  const limits = keyed(read("misc.max") ?? "");
  const current = Object.entries(keyed(read("misc.current") ?? ""));
  return Object.fromEntries(current.map(([name, value]) => {
    const limit = limits[name];
    return [name, {
      current: value,
      ...(limit === undefined ? {} : { limit }),
    }];
  }));
}
