/**
 * Statistics of a container, and what happens to its memory.
 *
 * @module
 */
import { readKernelFile } from "../../ffi/read_file.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import {
  ALL_PARTS,
  type CgroupStats,
  DEFAULT_PARTS,
  readStats,
  type StatsPart,
} from "../cgroups/stats/mod.ts";
import { StateError } from "../errors.ts";
import {
  type InterfaceStats,
  parseInterfaceStats,
} from "../network/statistics.ts";
import type { ContainerRecord } from "./record.ts";
import { initRuns } from "./status.ts";

/** Statistics of a container. */
export interface ContainerStats extends CgroupStats {
  /** Interfaces of its network namespace but the loopback; absent if it has the host's, or its init has ended. */
  readonly network?: readonly InterfaceStats[];
}

/** A part of the statistics that can be asked for by itself. */
export type ContainerStatsPart = StatsPart | "network";

/** How statistics are read. */
export interface StatsOptions {
  /**
   * Which parts; each costs reading its files.
   *
   * @default {["cpu", "memory", "pids", "io", "hugetlb", "rdma", "misc"]}
   */
  readonly parts?: readonly ContainerStatsPart[] | "all";
}

/**
 * Reads the statistics of a container.
 *
 * @throws {StateError} if it has no cgroup yet, or no longer; {CgroupError} if a file can't be read
 */
export function containerStats(
  record: ContainerRecord,
  { parts = DEFAULT_PARTS }: StatsOptions,
): ContainerStats {
  const wanted: readonly ContainerStatsPart[] = parts === "all"
    ? [...ALL_PARTS, "network"]
    : parts;
  const { cgroup } = record;
  const stats = cgroup.planned ? {} : readStats(cgroup, {
    parts: wanted.filter((part) => part !== "network"),
  });
  const isGone = Object.keys(stats).length === 0 && !initRuns(record);
  if (isGone) {
    throw new StateError(
      record.id,
      `container with id ${record.id} is not running`,
    );
  }
  const network = wanted.includes("network") ? interfaces(record) : undefined;
  return network === undefined ? stats : { ...stats, network };
}

/** What went through the interfaces of the container's own network namespace. */
function interfaces(record: ContainerRecord): InterfaceStats[] | undefined {
  const isOwn = record.config.linux?.namespaces?.some(({ type }) =>
    type === "network"
  );
  if (!isOwn || !initRuns(record)) return undefined;
  let text: string | undefined;
  try {
    text = readKernelFile(`/proc/${record.initPid}/net/dev`);
  } catch (error) {
    if (error instanceof SyscallError) return undefined; // not ours to see
    throw error;
  }
  // Init may have ended meanwhile, and its number be somebody else's.
  return text === undefined || !initRuns(record)
    ? undefined
    : parseInterfaceStats(text);
}
