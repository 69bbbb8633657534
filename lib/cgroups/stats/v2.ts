/**
 * Statistics of a cgroup on v2: one directory (cgroup-v2.rst).
 *
 * @module
 */
import type { ReadFile } from "../write.ts";
import { cpusetStatsV2 } from "./cpuset.ts";
import { hugetlbStatsV2 } from "./hugetlb.ts";
import { keyed, keyedExact, numberIn, pairs } from "./fields.ts";
import { parsePressure, withPressure } from "./pressure.ts";
import { miscStats, rdmaStats } from "./rdma.ts";
import type { StatsSource } from "./source.ts";
import type {
  CgroupStats,
  CpuStats,
  IoEntry,
  IoStats,
  MemoryCounter,
  MemoryStats,
  PressureStats,
  StatsPart,
} from "./types.ts";
import { pidsStats, present } from "./v1.ts";

const NS_PER_US = 1000;

/** Times, and periods where the controller is. */
function cpuStats(read: ReadFile): CpuStats | undefined {
  const text = read("cpu.stat");
  if (text === undefined) return undefined;
  const stat = keyed(text);
  const ns = (name: string): number => (stat[name] ?? 0) * NS_PER_US;
  return {
    usageNs: ns("usage_usec"),
    userNs: ns("user_usec"),
    systemNs: ns("system_usec"),
    periods: stat["nr_periods"] ?? 0,
    throttledPeriods: stat["nr_throttled"] ?? 0,
    throttledNs: ns("throttled_usec"),
    bursts: stat["nr_bursts"] ?? 0,
    burstNs: ns("burst_usec"),
  };
}

/** `memory` or `memory.swap`; undefined if it is not counted. */
function counter(
  read: ReadFile,
  prefix: string,
  failures: number,
): MemoryCounter | undefined {
  const usage = read(`${prefix}.current`);
  if (usage === undefined) return undefined;
  const peak = numberIn(read(`${prefix}.peak`) ?? "");
  const limit = numberIn(read(`${prefix}.max`) ?? "");
  return {
    usageBytes: numberIn(usage) ?? 0,
    ...(peak === undefined ? {} : { peakBytes: peak }),
    ...(limit === undefined ? {} : { limitBytes: limit }),
    failures,
  };
}

/** v1 counts memory and swap together, and callers of runc expect it. */
function together(memory: MemoryCounter, swap: MemoryCounter): MemoryCounter {
  const limited = memory.limitBytes !== undefined &&
    swap.limitBytes !== undefined;
  return {
    usageBytes: memory.usageBytes + swap.usageBytes,
    ...(limited ? { limitBytes: memory.limitBytes + swap.limitBytes } : {}),
    failures: swap.failures,
  };
}

function memoryStats(read: ReadFile): MemoryStats | undefined {
  const events = keyed(read("memory.events") ?? "");
  const memory = counter(read, "memory", events["max"] ?? 0);
  if (memory === undefined) return undefined;
  const stat = keyedExact(read("memory.stat") ?? "");
  const swapEvents = keyed(read("memory.swap.events") ?? "");
  const swap = counter(read, "memory.swap", swapEvents["max"] ?? 0);
  const kernel = stat["kernel"];
  return {
    ...memory,
    cacheBytes: Number(stat["file"] ?? 0),
    ...(swap === undefined
      ? {}
      : { swap: together(memory, swap), swapOnly: swap }),
    ...(kernel === undefined
      ? {}
      : { kernel: { usageBytes: Number(kernel), failures: 0 } }),
    stat,
    events,
    oomKills: events["oom_kill"] ?? 0,
  };
}

/** Names in io.stat, and what v1 calls these operations. */
const OPERATIONS = [
  ["r", "Read"],
  ["w", "Write"],
  ["d", "Discard"],
] as const;

function ioStats(read: ReadFile): IoStats | undefined {
  const text = read("io.stat");
  if (text === undefined) return undefined;
  const serviceBytes: IoEntry[] = [];
  const serviced: IoEntry[] = [];
  for (const line of text.split("\n")) {
    const { first, values } = pairs(line);
    const [, major, minor] = /^(\d+):(\d+)$/.exec(first) ?? [];
    if (minor === undefined) continue;
    const device = { major: Number(major), minor: Number(minor) };
    for (const [letter, operation] of OPERATIONS) {
      const [bytes, operations] = [
        values[`${letter}bytes`],
        values[`${letter}ios`],
      ];
      if (bytes !== undefined) {
        serviceBytes.push({ ...device, operation, value: Number(bytes) });
      }
      if (operations !== undefined) {
        serviced.push({ ...device, operation, value: Number(operations) });
      }
    }
  }
  const none: IoEntry[] = [];
  return {
    serviceBytes,
    serviced,
    queued: none,
    serviceTime: none,
    waitTime: none,
    merged: none,
    time: none,
    sectors: none,
  };
}

/** Reads the statistics of a cgroup on v2. Controllers that are not enabled for it have no files: so they have no part. */
export function statsV2(source: StatsSource): CgroupStats {
  const read = source.directory("");
  if (read === undefined) return {};
  const controllers = (read("cgroup.controllers") ?? "").trim().split(" ");
  const has = (controller: string): boolean => controllers.includes(controller);
  const { wants, pageSizes } = source;
  const pressure = (name: string): PressureStats | undefined =>
    wants("pressure") ? parsePressure(read(`${name}.pressure`)) : undefined;
  const part = <T>(
    name: StatsPart,
    parse: (read: ReadFile) => T,
  ): T | undefined => wants(name) && has(name) ? parse(read) : undefined;
  return present({
    // The kernel counts time in every cgroup.
    cpu: wants("cpu")
      ? withPressure(cpuStats(read), pressure("cpu"))
      : undefined,
    cpuset: part("cpuset", cpusetStatsV2),
    memory: withPressure(part("memory", memoryStats), pressure("memory")),
    pids: part("pids", pidsStats),
    io: withPressure(part("io", ioStats), pressure("io")),
    hugetlb: part("hugetlb", (read) => hugetlbStatsV2(read, pageSizes)),
    rdma: part("rdma", rdmaStats),
    misc: part("misc", miscStats),
  });
}
