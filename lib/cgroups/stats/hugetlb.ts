/**
 * Statistics of the hugetlb controller: Documentation/admin-guide/cgroup-v1/hugetlb.rst, and cgroup-v2.rst, "HugeTLB".
 *
 * @module
 */
import type { ReadFile } from "../write.ts";
import { count, keyed, numberIn } from "./fields.ts";
import type { HugetlbStats } from "./types.ts";

/** Huge pages on v1, by their size; undefined if there are no files of any. */
export function hugetlbStatsV1(
  read: ReadFile,
  sizes: readonly string[],
): Record<string, HugetlbStats> | undefined {
  const found: Record<string, HugetlbStats> = {};
  for (const size of sizes) {
    const usage = read(`hugetlb.${size}.usage_in_bytes`);
    if (usage === undefined) continue;
    const reserved = read(`hugetlb.${size}.rsvd.usage_in_bytes`);
    found[size] = {
      usageBytes: numberIn(usage) ?? 0,
      peakBytes: count(read, `hugetlb.${size}.max_usage_in_bytes`),
      failures: count(read, `hugetlb.${size}.failcnt`),
      ...(reserved === undefined
        ? {}
        : { reservedBytes: numberIn(reserved) ?? 0 }),
    };
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

/** Huge pages on v2, by their size; undefined if there are no files of any. */
export function hugetlbStatsV2(
  read: ReadFile,
  sizes: readonly string[],
): Record<string, HugetlbStats> | undefined {
  const found: Record<string, HugetlbStats> = {};
  for (const size of sizes) {
    const usage = read(`hugetlb.${size}.current`);
    if (usage === undefined) continue;
    const { max: failures = 0 } = keyed(read(`hugetlb.${size}.events`) ?? "");
    const reserved = read(`hugetlb.${size}.rsvd.current`);
    found[size] = {
      usageBytes: numberIn(usage) ?? 0,
      failures,
      ...(reserved === undefined
        ? {}
        : { reservedBytes: numberIn(reserved) ?? 0 }),
    };
  }
  return Object.keys(found).length === 0 ? undefined : found;
}
