/**
 * Statistics of a container's cgroup.
 *
 * ```text
 * readStats(record, { parts }) → CgroupStats
 * ```
 *
 * @module
 */
import { readKernelFile } from "../../../ffi/read_file.ts";
import { SyscallError } from "../../../ffi/syscall_error.ts";
import { failure } from "../_explain.ts";
import type { CgroupRecord } from "../record.ts";
import type { ReadFile } from "../write.ts";
import { hugePageSizes } from "./page_sizes.ts";
import type { CgroupStats, StatsPart } from "./types.ts";
import { statsV1 } from "./v1.ts";
import { statsV2 } from "./v2.ts";

export type * from "./types.ts";

/** How statistics are read. */
export interface ReadStatsOptions {
  /** Which parts. @default {DEFAULT_PARTS} */
  readonly parts?: readonly StatsPart[] | undefined;
}

/**
 * What is read if nobody says what: all that changes while a container works. Left out are pressure, which the kernel
 * computes when it is read (13 µs a file), and what few ask for: kernel memory on v1, and CPU sets, which tell what may
 * be used.
 */
export const DEFAULT_PARTS: readonly StatsPart[] = [
  "cpu",
  "memory",
  "pids",
  "io",
  "hugetlb",
  "rdma",
  "misc",
];

/** All there is: what the command `events` prints. */
export const ALL_PARTS: readonly StatsPart[] = [
  ...DEFAULT_PARTS,
  "cpuset",
  "kernelMemory",
  "pressure",
];

/** The files of a directory. */
function filesOf(path: string): ReadFile {
  return (file) => {
    try {
      return readKernelFile(`${path}/${file}`);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      throw failure("read", `${path}/${file}`, error);
    }
  };
}

/**
 * Reads the statistics of a cgroup.
 *
 * @returns what there is: nothing if the cgroup is gone
 * @throws {CgroupError} if a file can't be read
 */
export function readStats(
  record: CgroupRecord,
  { parts = DEFAULT_PARTS }: ReadStatsOptions = {},
): CgroupStats {
  const { mode, paths } = record;
  const source = {
    directory(controller: string): ReadFile | undefined {
      const path = paths[controller];
      return path === undefined ? undefined : filesOf(path);
    },
    get pageSizes(): readonly string[] {
      return hugePageSizes();
    },
    wants: (part: StatsPart): boolean => parts.includes(part),
  };
  return mode === "v2" ? statsV2(source) : statsV1(source);
}
