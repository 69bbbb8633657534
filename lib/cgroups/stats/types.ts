/**
 * What a container uses: the statistics of its cgroup.
 *
 * Times are nanoseconds, sizes bytes. A part is absent where the host has no such controller, or the container no
 * cgroup of it. A counter beyond 2^53 is rounded to the next `number`.
 *
 * @module
 */
import type { Uint64 } from "../../spec/types_numbers.ts";

/**
 * A part of the statistics of a cgroup that can be asked for by itself. `pressure` goes into `cpu`, `memory` and `io`,
 * `kernelMemory` into `memory`.
 */
export type StatsPart =
  | "cpu"
  | "cpuset"
  | "memory"
  | "kernelMemory"
  | "pids"
  | "io"
  | "hugetlb"
  | "rdma"
  | "misc"
  | "pressure";

/** Statistics of a container's cgroup. */
export interface CgroupStats {
  /** CPU time. */
  readonly cpu?: CpuStats;
  /** CPUs and memory nodes. */
  readonly cpuset?: CpusetStats;
  /** Memory and swap. */
  readonly memory?: MemoryStats;
  /** Tasks. */
  readonly pids?: PidsStats;
  /** Block devices. */
  readonly io?: IoStats;
  /** Huge pages by their size, such as `2MB`. */
  readonly hugetlb?: Readonly<Record<string, HugetlbStats>>;
  /** RDMA resources by device. */
  readonly rdma?: Readonly<Record<string, RdmaStats>>;
  /** Resources that are counted by number only, by name (cgroup v2). */
  readonly misc?: Readonly<Record<string, MiscStats>>;
}

/** How long tasks had to wait for a resource: Documentation/accounting/psi.rst. */
export interface PressureLine {
  /** Share of the last 10 seconds, in percent. */
  readonly avg10: number;
  /** Share of the last minute, in percent. */
  readonly avg60: number;
  /** Share of the last five minutes, in percent. */
  readonly avg300: number;
  /** In all, in microseconds. */
  readonly totalUs: number;
}

/** Pressure on a resource. */
export interface PressureStats {
  /** Time in which at least one task waited. */
  readonly some: PressureLine;
  /** Time in which all tasks waited. */
  readonly full: PressureLine;
}

/** CPU time. */
export interface CpuStats {
  /** All of it. */
  readonly usageNs: number;
  /** In user mode. On v1 counted in clock ticks of 10 ms. */
  readonly userNs: number;
  /** In the kernel. On v1 counted in clock ticks of 10 ms. */
  readonly systemNs: number;
  /** All of it by CPU (v1 only). */
  readonly perCpuNs?: readonly number[];
  /** In user mode by CPU (v1 only). */
  readonly perCpuUserNs?: readonly number[];
  /** In the kernel by CPU (v1 only). */
  readonly perCpuSystemNs?: readonly number[];
  /** Periods of the quota that have gone by. */
  readonly periods: number;
  /** Periods in which the quota was used up. */
  readonly throttledPeriods: number;
  /** Time that tasks spent throttled. */
  readonly throttledNs: number;
  /** Periods in which saved-up time was used. */
  readonly bursts: number;
  /** Time used beyond the quota in them. */
  readonly burstNs: number;
  /** Pressure, if it was asked for and the kernel counts it. */
  readonly pressure?: PressureStats;
}

/** CPUs and memory nodes. The switches are those of v1, 0 on v2. */
export interface CpusetStats {
  /** CPUs that may be used. */
  readonly cpus: readonly number[];
  /** Memory nodes that may be used. */
  readonly mems: readonly number[];
  /** cpuset.cpu_exclusive */
  readonly cpuExclusive: number;
  /** cpuset.mem_exclusive */
  readonly memExclusive: number;
  /** cpuset.mem_hardwall */
  readonly memHardwall: number;
  /** cpuset.memory_migrate */
  readonly memoryMigrate: number;
  /** cpuset.memory_spread_page */
  readonly memorySpreadPage: number;
  /** cpuset.memory_spread_slab */
  readonly memorySpreadSlab: number;
  /** cpuset.memory_pressure */
  readonly memoryPressure: number;
  /** cpuset.sched_load_balance */
  readonly schedLoadBalance: number;
  /** cpuset.sched_relax_domain_level */
  readonly schedRelaxDomainLevel: number;
}

/** One counter of memory. */
export interface MemoryCounter {
  /** In use now. */
  readonly usageBytes: number;
  /** Most that ever was in use; absent where the kernel does not keep it. */
  readonly peakBytes?: number;
  /** The limit; absent if there is none. */
  readonly limitBytes?: number;
  /** How often the limit was reached. */
  readonly failures: number;
}

/** Memory and swap. */
export interface MemoryStats extends MemoryCounter {
  /** Page cache. */
  readonly cacheBytes: number;
  /** Memory and swap together, on v2 computed from the two. Absent if the kernel does not count swap. */
  readonly swap?: MemoryCounter;
  /** Swap alone (v2 only). */
  readonly swapOnly?: MemoryCounter;
  /** Kernel memory; on v1 if it was asked for. */
  readonly kernel?: MemoryCounter;
  /** Kernel memory for TCP buffers, if kernel memory was asked for (v1 only). */
  readonly kernelTcp?: MemoryCounter;
  /** All of memory.stat, by the kernel's names. */
  readonly stat: Readonly<Record<string, Uint64>>;
  /** All of memory.events, by the kernel's names: this cgroup and those below it (v2 only). */
  readonly events?: Readonly<Record<string, number>>;
  /** How many processes the kernel has killed for want of memory; on v1 without those in cgroups below. */
  readonly oomKills: number;
  /** Pressure, if it was asked for and the kernel counts it. */
  readonly pressure?: PressureStats;
}

/** Tasks. */
export interface PidsStats {
  /** How many there are. */
  readonly current: number;
  /** How many there may be; absent if there is no limit. */
  readonly limit?: number;
}

/** What was done with one block device. */
export interface IoEntry {
  /** Major number. */
  readonly major: number;
  /** Minor number. */
  readonly minor: number;
  /** `Read`, `Write`, `Discard`; v1 also has `Sync`, `Async` and `Total`. Empty where the kernel tells no kinds apart. */
  readonly operation: string;
  /** How much. */
  readonly value: number;
}

/** Block devices, the cgroups below included. On v2 only the first two lists are filled. */
export interface IoStats {
  /** Bytes. */
  readonly serviceBytes: readonly IoEntry[];
  /** Operations. */
  readonly serviced: readonly IoEntry[];
  /** Operations that wait now. */
  readonly queued: readonly IoEntry[];
  /** Nanoseconds between dispatch and completion. */
  readonly serviceTime: readonly IoEntry[];
  /** Nanoseconds in queues. */
  readonly waitTime: readonly IoEntry[];
  /** Operations that were merged. */
  readonly merged: readonly IoEntry[];
  /** Milliseconds of disk time. */
  readonly time: readonly IoEntry[];
  /** Sectors. */
  readonly sectors: readonly IoEntry[];
  /** Pressure, if it was asked for and the kernel counts it. */
  readonly pressure?: PressureStats;
}

/** Huge pages of one size. */
export interface HugetlbStats {
  /** In use now. */
  readonly usageBytes: number;
  /** Most that ever was in use (v1 only). */
  readonly peakBytes?: number;
  /** How often an allocation failed because of the limit. */
  readonly failures: number;
  /** Reserved now, where the kernel counts it. */
  readonly reservedBytes?: number;
}

/** RDMA resources of one device. A limit is absent if there is none. */
export interface RdmaStats {
  /** HCA handles in use. */
  readonly hcaHandles: number;
  /** HCA objects in use. */
  readonly hcaObjects: number;
  /** How many handles there may be. */
  readonly hcaHandlesLimit?: number;
  /** How many objects there may be. */
  readonly hcaObjectsLimit?: number;
}

/** A resource that is counted by number only. */
export interface MiscStats {
  /** How many are in use. */
  readonly current: number;
  /** How many may be; absent if there is no limit. */
  readonly limit?: number;
}
