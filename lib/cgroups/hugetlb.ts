/**
 * The hugetlb controller (kernel: Documentation/admin-guide/cgroup-v1/hugetlb.rst, cgroup-v2.rst, "HugeTLB"). Both
 * versions have the same limits under other names.
 *
 * @module
 */
import type { HugepageLimit } from "../spec/types.ts";
import type { CgroupWrite } from "./write.ts";

/**
 * What to write for limits of huge pages: of those in use, and of those reserved (mmap(2) reserves before it uses; a
 * program that may reserve without limit is killed by SIGBUS where it uses them). Kernels before 5.7 can't limit the
 * latter.
 *
 * @param version of the cgroup hierarchy
 */
export function hugetlbWrites(
  limits: readonly HugepageLimit[],
  version: 1 | 2,
): CgroupWrite[] {
  const ending = version === 1 ? "limit_in_bytes" : "max";
  return limits.flatMap(({ pageSize, limit }): CgroupWrite[] => [
    { file: `hugetlb.${pageSize}.${ending}`, value: `${limit}` },
    {
      file: `hugetlb.${pageSize}.rsvd.${ending}`,
      value: `${limit}`,
      ignore: ["ENOENT"],
    },
  ]);
}
