/**
 * Limits enforced by cgroups: runtime-spec 1.3, config-linux.md#control-groups.
 *
 * @module
 */
import type { Int64, Uint64 } from "./types_numbers.ts";

/** All limits of a container's cgroup. */
export interface Resources {
  /** Device access rules, applied in order; the last one that matches decides. */
  devices?: DeviceCgroupRule[];
  /** Memory and swap. */
  memory?: MemoryResources;
  /** CPU time and placement. */
  cpu?: CpuResources;
  /** Number of tasks. */
  pids?: PidsResources;
  /** Block devices. */
  blockIO?: BlockIoResources;
  /** Huge pages, one entry for each page size. */
  hugepageLimits?: HugepageLimit[];
  /** Marks of network packets (cgroup v1 only). */
  network?: NetworkResources;
  /** RDMA handles by device name. */
  rdma?: Record<string, RdmaResources>;
  /** Files of cgroup v2 and what is written to them, for limits that have no field of their own. */
  unified?: Record<string, string>;
}

/** Permits or forbids access to devices. */
export interface DeviceCgroupRule {
  /** Whether the access is permitted. */
  allow: boolean;
  /** `a` all (when absent or empty), `c` character, `b` block. */
  type?: string;
  /** Major number; absent or -1: any. */
  major?: Int64;
  /** Minor number; absent or -1: any. */
  minor?: Int64;
  /** Letters out of `r` read, `w` write, `m` mknod. */
  access?: string;
}

/** Memory limits in bytes; -1 is "unlimited". */
export interface MemoryResources {
  /** Hard limit. */
  limit?: Int64;
  /** Soft limit. */
  reservation?: Int64;
  /** Limit of memory and swap together. */
  swap?: Int64;
  /** Kernel memory; the kernel has no such limit any more. */
  kernel?: Int64;
  /** Kernel memory for TCP buffers (cgroup v1 only). */
  kernelTCP?: Int64;
  /** Tendency to swap, 0 to 100 (cgroup v1 only). */
  swappiness?: Uint64;
  /** Switches the out-of-memory killer off (cgroup v1 only). */
  disableOOMKiller?: boolean;
  /** Hierarchical accounting (cgroup v1; always on by now). */
  useHierarchy?: boolean;
  /** Refuse a new limit that is below what is in use. */
  checkBeforeUpdate?: boolean;
}

/** CPU limits; times are in microseconds. */
export interface CpuResources {
  /** Relative share of CPU time, 2 to 262144. */
  shares?: Uint64;
  /** CPU time in each period; negative: unlimited. */
  quota?: Int64;
  /** CPU time that may be saved up from earlier periods. */
  burst?: Uint64;
  /** Length of a period. */
  period?: Uint64;
  /** CPU time of real-time tasks in each real-time period (cgroup v1 only). */
  realtimeRuntime?: Int64;
  /** Length of a real-time period (cgroup v1 only). */
  realtimePeriod?: Uint64;
  /** CPUs that may be used, such as `0-3,7`. */
  cpus?: string;
  /** Memory nodes that may be used, such as `0`. */
  mems?: string;
  /** 1: tasks run only when nothing else wants to (SCHED_IDLE). */
  idle?: Int64;
}

/** Task limits. */
export interface PidsResources {
  /** Greatest number of tasks; -1: unlimited. 0 is a limit. */
  limit?: Int64;
}

/** Block device limits. */
export interface BlockIoResources {
  /** Weight of all devices, 10 to 1000. */
  weight?: number;
  /** Weight against the child cgroups, 10 to 1000 (cgroup v1 only). */
  leafWeight?: number;
  /** Weights of single devices. */
  weightDevice?: BlockIoWeightDevice[];
  /** Bytes read in a second. */
  throttleReadBpsDevice?: BlockIoThrottleDevice[];
  /** Bytes written in a second. */
  throttleWriteBpsDevice?: BlockIoThrottleDevice[];
  /** Read operations in a second. */
  throttleReadIOPSDevice?: BlockIoThrottleDevice[];
  /** Write operations in a second. */
  throttleWriteIOPSDevice?: BlockIoThrottleDevice[];
}

/** Weight of one block device. */
export interface BlockIoWeightDevice {
  /** Major number. */
  major: Int64;
  /** Minor number. */
  minor: Int64;
  /** Weight, 10 to 1000. */
  weight?: number;
  /** Weight against the child cgroups, 10 to 1000 (cgroup v1 only). */
  leafWeight?: number;
}

/** Rate of one block device. */
export interface BlockIoThrottleDevice {
  /** Major number. */
  major: Int64;
  /** Minor number. */
  minor: Int64;
  /** Bytes or operations in a second. Zero when a document has none. */
  rate: Uint64;
}

/** Limit of huge pages of one size. */
export interface HugepageLimit {
  /** Size of the pages, such as `2MB`. */
  pageSize: string;
  /** Bytes. */
  limit: Uint64;
}

/** Marks of network packets. */
export interface NetworkResources {
  /** Class id of the packets. */
  classID?: number;
  /** Priorities by interface. */
  priorities?: NetworkPriority[];
}

/** Priority of packets on one interface. */
export interface NetworkPriority {
  /** Interface. */
  name: string;
  /** Priority. */
  priority: number;
}

/** RDMA limits of one device. */
export interface RdmaResources {
  /** Greatest number of HCA handles. */
  hcaHandles?: number;
  /** Greatest number of HCA objects. */
  hcaObjects?: number;
}
