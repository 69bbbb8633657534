/**
 * Statistics in the shape of runc's `events`: its names, its order, and what it leaves out where there is nothing.
 *
 * @module
 */
import type {
  CgroupStats,
  CpusetStats,
  CpuStats,
  HugetlbStats,
  IoEntry,
  IoStats,
  MemoryCounter,
  MemoryStats,
  PressureLine,
  PressureStats,
} from "../cgroups/stats/mod.ts";
import type { InterfaceStats } from "../network/statistics.ts";

/** JSON as it is to be written: bigints as numbers. */
export type JsonObject = { readonly [name: string]: unknown };

/** What is to be shown. */
export interface ShownStats extends CgroupStats {
  /** The container's network interfaces; undefined if they are the host's. */
  readonly network?: readonly InterfaceStats[];
}

/** What the kernel shows for "no limit" on v1: PAGE_COUNTER_MAX in pages of 4 KiB. */
const NO_LIMIT_V1 = 9_223_372_036_854_771_712n;
/** What runc writes for `max` of v2: the greatest number. */
const NO_LIMIT_V2 = 18_446_744_073_709_551_615n;

/** Leaves out zeros, empty lists and empty objects: Go's `omitempty`. */
function withoutEmpty(members: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) =>
      value !== undefined && value !== 0 && value !== "" &&
      !(Array.isArray(value) && value.length === 0)
    ),
  );
}

function pressureLine({ totalUs, ...averages }: PressureLine): JsonObject {
  return { ...averages, total: totalUs };
}

/** As a member to spread: absent if the kernel does not count it. */
function psi(pressure: PressureStats | undefined): JsonObject {
  return pressure === undefined ? {} : {
    psi: {
      some: pressureLine(pressure.some),
      full: pressureLine(pressure.full),
    },
  };
}

function cpuJson(cpu: CpuStats | undefined): JsonObject {
  return {
    usage: {
      ...withoutEmpty({
        total: cpu?.usageNs,
        percpu: cpu?.perCpuNs,
        "percpu_kernel": cpu?.perCpuSystemNs,
        "percpu_user": cpu?.perCpuUserNs,
      }),
      kernel: cpu?.systemNs ?? 0,
      user: cpu?.userNs ?? 0,
    },
    throttling: withoutEmpty({
      periods: cpu?.periods,
      throttledPeriods: cpu?.throttledPeriods,
      throttledTime: cpu?.throttledNs,
    }),
    ...psi(cpu?.pressure),
  };
}

function cpusetJson(cpuset: CpusetStats | undefined): JsonObject {
  return {
    ...withoutEmpty({ cpus: cpuset?.cpus }),
    "cpu_exclusive": cpuset?.cpuExclusive ?? 0,
    ...withoutEmpty({ mems: cpuset?.mems }),
    "mem_hardwall": cpuset?.memHardwall ?? 0,
    "mem_exclusive": cpuset?.memExclusive ?? 0,
    "memory_migrate": cpuset?.memoryMigrate ?? 0,
    "memory_spread_page": cpuset?.memorySpreadPage ?? 0,
    "memory_spread_slab": cpuset?.memorySpreadSlab ?? 0,
    "memory_pressure": cpuset?.memoryPressure ?? 0,
    "sched_load_balance": cpuset?.schedLoadBalance ?? 0,
    "sched_relax_domain_level": cpuset?.schedRelaxDomainLevel ?? 0,
  };
}

function memoryJson(memory: MemoryStats | undefined): JsonObject {
  const isV2 = memory?.events !== undefined;
  const noLimit = isV2 ? NO_LIMIT_V2 : NO_LIMIT_V1;
  const counter = (entry: MemoryCounter | undefined): JsonObject => ({
    limit: entry === undefined ? 0 : entry.limitBytes ?? noLimit,
    ...withoutEmpty({ usage: entry?.usageBytes, max: entry?.peakBytes }),
    failcnt: entry?.failures ?? 0,
  });
  return {
    ...withoutEmpty({ cache: memory?.cacheBytes }),
    usage: counter(memory),
    swap: counter(memory?.swap),
    kernel: isV2
      // v2 counts it but can't limit it, so runc has no limit there, and not "no limit" either.
      ? counter(memory.kernel && { ...memory.kernel, limitBytes: 0 })
      : counter(memory?.kernel),
    kernelTCP: counter(memory?.kernelTcp),
    ...(memory === undefined ? {} : { raw: memory.stat }),
    ...psi(memory?.pressure),
  };
}

function ioJson(io: IoStats | undefined): JsonObject {
  const entries = (
    list: readonly IoEntry[] | undefined,
  ): readonly JsonObject[] | undefined =>
    list?.map(({ operation: op, ...entry }) =>
      withoutEmpty({
        major: entry.major,
        minor: entry.minor,
        op,
        value: entry.value,
      })
    );
  return {
    ...withoutEmpty({
      ioServiceBytesRecursive: entries(io?.serviceBytes),
      ioServicedRecursive: entries(io?.serviced),
      ioQueueRecursive: entries(io?.queued),
      ioServiceTimeRecursive: entries(io?.serviceTime),
      ioWaitTimeRecursive: entries(io?.waitTime),
      ioMergedRecursive: entries(io?.merged),
      ioTimeRecursive: entries(io?.time),
      sectorsRecursive: entries(io?.sectors),
    }),
    ...psi(io?.pressure),
  };
}

function hugetlbJson(
  hugetlb: Readonly<Record<string, HugetlbStats>> = {},
): JsonObject {
  return Object.fromEntries(
    Object.entries(hugetlb).map(([size, stats]) => [size, {
      ...withoutEmpty({ usage: stats.usageBytes, max: stats.peakBytes }),
      failcnt: stats.failures,
    }]),
  );
}

function interfaceJson(stats: InterfaceStats): JsonObject {
  return {
    Name: stats.name,
    RxBytes: stats.rxBytes,
    RxPackets: stats.rxPackets,
    RxErrors: stats.rxErrors,
    RxDropped: stats.rxDropped,
    TxBytes: stats.txBytes,
    TxPackets: stats.txPackets,
    TxErrors: stats.txErrors,
    TxDropped: stats.txDropped,
  };
}

/**
 * The `data` of an event of type `stats`.
 *
 * There is no Intel RDT group yet, so `intel_rdt` is empty, as runc's is without one. `network_interfaces` are those of
 * the container's own network namespace but the loopback; null if there are none, which is all that runc ever writes.
 */
export function statsJson(stats: ShownStats): JsonObject {
  const { current, limit } = stats.pids ?? {};
  const interfaces = stats.network ?? [];
  return {
    cpu: cpuJson(stats.cpu),
    cpuset: cpusetJson(stats.cpuset),
    memory: memoryJson(stats.memory),
    pids: withoutEmpty({ current, limit }),
    blkio: ioJson(stats.io),
    hugetlb: hugetlbJson(stats.hugetlb),
    "intel_rdt": {},
    "network_interfaces": interfaces.length === 0
      ? null
      : interfaces.map(interfaceJson),
  };
}
