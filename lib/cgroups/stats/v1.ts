/**
 * Statistics of a cgroup on v1: files of many hierarchies.
 *
 * @module
 */
import type { ReadFile } from "../write.ts";
import { cpusetStatsV1 } from "./cpuset.ts";
import { keyed, numberIn, numbers } from "./fields.ts";
import { hugetlbStatsV1, hugetlbStatsV2 } from "./hugetlb.ts";
import { ioStatsV1 } from "./io_v1.ts";
import { memoryStatsV1 } from "./memory_v1.ts";
import { parsePressure, withPressure } from "./pressure.ts";
import { rdmaStats } from "./rdma.ts";
import type { StatsSource } from "./source.ts";
import type {
  CgroupStats,
  CpuStats,
  PidsStats,
  PressureStats,
} from "./types.ts";

/** Clock ticks of cpuacct.stat: USER_HZ is 100 on every CPU that Deno runs on (proc(5), sysconf(_SC_CLK_TCK)). */
const NS_PER_TICK = 10_000_000;

const nothing = (): undefined => undefined;

/** Time by CPU, from a table with a heading: `cpu user system`. */
function byCpu(text: string): { user: number[]; system: number[] } {
  const rows = text.split("\n").slice(1).filter((line) => line !== "")
    .map(numbers);
  return {
    user: rows.map((row) => row[1] ?? 0),
    system: rows.map((row) => row[2] ?? 0),
  };
}

/** cpuacct has the time, cpu what the quota did to it; they need not be mounted together. */
function cpuStats(
  cpu: ReadFile | undefined,
  cpuacct: ReadFile | undefined,
): CpuStats | undefined {
  const throttling = cpu?.("cpu.stat");
  const perCpu = cpuacct?.("cpuacct.usage_percpu");
  if (throttling === undefined && perCpu === undefined) return undefined;
  const stat = keyed(throttling ?? "");
  const ticks = keyed(cpuacct?.("cpuacct.stat") ?? "");
  const each = byCpu(cpuacct?.("cpuacct.usage_all") ?? "");
  const perCpuNs = numbers(perCpu ?? "");
  return {
    // The kernel makes cpuacct.usage in the same way (kernel/sched/cpuacct.c), so that file is not read.
    usageNs: perCpuNs.reduce((sum, ns) => sum + ns, 0),
    userNs: (ticks["user"] ?? 0) * NS_PER_TICK,
    systemNs: (ticks["system"] ?? 0) * NS_PER_TICK,
    perCpuNs,
    perCpuUserNs: each.user,
    perCpuSystemNs: each.system,
    periods: stat["nr_periods"] ?? 0,
    throttledPeriods: stat["nr_throttled"] ?? 0,
    throttledNs: stat["throttled_time"] ?? 0,
    bursts: stat["nr_bursts"] ?? 0,
    burstNs: stat["burst_time"] ?? 0,
  };
}

/** The same in both versions. */
export function pidsStats(read: ReadFile): PidsStats | undefined {
  const current = read("pids.current");
  if (current === undefined) return undefined;
  const limit = numberIn(read("pids.max") ?? "");
  return {
    current: numberIn(current) ?? 0,
    ...(limit === undefined ? {} : { limit }),
  };
}

/** Reads the statistics of a cgroup on v1 or on a hybrid host. */
export function statsV1(source: StatsSource): CgroupStats {
  const { wants, pageSizes } = source;
  const directory = (name: string): ReadFile | undefined =>
    source.directory(name);
  // A hybrid host counts pressure in the unified hierarchy, and may have controllers there.
  const unified = directory("") ?? nothing;
  const pressure = (name: string): PressureStats | undefined =>
    wants("pressure") ? parsePressure(unified(`${name}.pressure`)) : undefined;
  const part = <T>(
    controller: string,
    parse: (read: ReadFile) => T,
  ): T | undefined => {
    const read = directory(controller);
    return read === undefined ? undefined : parse(read);
  };
  const stats: {
    -readonly [name in keyof CgroupStats]: CgroupStats[name] | undefined;
  } = {};
  if (wants("cpu")) {
    const cpu = cpuStats(directory("cpu"), directory("cpuacct"));
    stats.cpu = withPressure(cpu, pressure("cpu"));
  }
  if (wants("cpuset")) stats.cpuset = part("cpuset", cpusetStatsV1);
  if (wants("memory")) {
    stats.memory = withPressure(
      part(
        "memory",
        (read) => memoryStatsV1(read, { kernel: wants("kernelMemory") }),
      ),
      pressure("memory"),
    );
  }
  if (wants("pids")) stats.pids = part("pids", pidsStats);
  if (wants("io")) {
    stats.io = withPressure(part("blkio", ioStatsV1), pressure("io"));
  }
  if (wants("hugetlb")) {
    stats.hugetlb = part("hugetlb", (read) =>
      hugetlbStatsV1(read, pageSizes)) ??
      part("", (read) => hugetlbStatsV2(read, pageSizes));
  }
  if (wants("rdma")) stats.rdma = part("rdma", rdmaStats);
  return present(stats);
}

/** Without what is undefined. */
export function present(
  stats: {
    readonly [name in keyof CgroupStats]: CgroupStats[name] | undefined;
  },
): CgroupStats {
  return Object.fromEntries(
    Object.entries(stats).filter(([, value]) => value !== undefined),
  ) as CgroupStats;
}
