/**
 * The `linux` block: runtime-spec 1.3, config-linux.md.
 *
 * @module
 */
import type { Landlock } from "./types_landlock.ts";
import type { Int64 } from "./types_numbers.ts";
import type { Resources } from "./types_resources.ts";
import type { Seccomp } from "./types_seccomp.ts";

/** What is particular to Linux. */
export interface Linux {
  /** Maps user ids of the user namespace. */
  uidMappings?: IdMapping[];
  /** Maps group ids of the user namespace. */
  gidMappings?: IdMapping[];
  /** Kernel parameters by name, dotted or with slashes. */
  sysctl?: Record<string, string>;
  /** Limits of the container's cgroup. */
  resources?: Resources;
  /** The container's cgroup: absolute means below the cgroup mount. */
  cgroupsPath?: string;
  /** New or joined namespaces. A type that is not listed is the runtime's own. */
  namespaces?: Namespace[];
  /** Device nodes beside the ones every container has. */
  devices?: Device[];
  /** Host network devices to move into the container, by their host name. */
  netDevices?: Record<string, NetDevice>;
  /** System call filter. */
  seccomp?: Seccomp;
  /** Propagation of the root mount. */
  rootfsPropagation?: RootfsPropagation;
  /** Paths inside the container that must not be readable. */
  maskedPaths?: string[];
  /** Paths inside the container that must not be writable. */
  readonlyPaths?: string[];
  /** SELinux label of the mounts. */
  mountLabel?: string;
  /** Cache and memory bandwidth, resctrl. */
  intelRdt?: IntelRdt;
  /** NUMA memory policy, set_mempolicy(2). */
  memoryPolicy?: MemoryPolicy;
  /** Execution domain, personality(2). */
  personality?: Personality;
  /** Offsets of a new time namespace, by clock. */
  timeOffsets?: TimeOffsets;
  /** What the processes give up by Landlock. The specification does not have it: it is ours. */
  landlock?: Landlock;
}

/** A range of ids of a user namespace: config-linux.md#user-namespace-mappings. */
export interface IdMapping {
  /** First id in the container. */
  containerID: number;
  /** First id outside. */
  hostID: number;
  /** Number of ids. */
  size: number;
}

/** Kinds of namespaces, namespaces(7). */
export type NamespaceType =
  | "mount"
  | "pid"
  | "network"
  | "uts"
  | "ipc"
  | "user"
  | "cgroup"
  | "time";

/** A namespace that the container gets. */
export interface Namespace {
  /** Its kind. */
  type: NamespaceType;
  /** File of an existing namespace to join, absolute. Absent or empty: a new one. */
  path?: string;
}

/** `c` and `u` character device, `b` block device, `p` fifo. */
export type DeviceType = "c" | "b" | "u" | "p";

/** A device node. */
export interface Device {
  /** Its kind. */
  type: DeviceType;
  /** Path inside the container, absolute. */
  path: string;
  /** Major number; needed unless it is a fifo. */
  major?: Int64;
  /** Minor number; needed unless it is a fifo. */
  minor?: Int64;
  /** Permission bits. Some callers leave the file type bits (S_IFMT) in: use only the lowest 12. */
  fileMode?: number;
  /** Owner as the container sees it. */
  uid?: number;
  /** Group as the container sees it. */
  gid?: number;
}

/** What happens to a host network device that is moved. */
export interface NetDevice {
  /** Its name in the container; `%d` stands for a free number. Absent: as on the host. */
  name?: string;
}

/**
 * Propagation of the root mount, mount_namespaces(7). The names with `r` (the whole tree) are not in the
 * specification, but callers write them and runc takes them.
 */
export type RootfsPropagation =
  | "private"
  | "rprivate"
  | "shared"
  | "rshared"
  | "slave"
  | "rslave"
  | "unbindable"
  | "runbindable";

/** Cache and memory bandwidth allocation through resctrl. */
export interface IntelRdt {
  /** Class of service, a directory below /sys/fs/resctrl. */
  closID?: string;
  /** Lines for the `schemata` file. */
  schemata?: string[];
  /** Cache line, such as `L3:0=ffff0;1=fff00`. */
  l3CacheSchema?: string;
  /** Bandwidth line, such as `MB:0=20;1=70`. */
  memBwSchema?: string;
  /** Whether a monitoring group is made. */
  enableMonitoring?: boolean;
}

/** Modes of set_mempolicy(2). */
export type MemoryPolicyMode =
  | "MPOL_DEFAULT"
  | "MPOL_BIND"
  | "MPOL_INTERLEAVE"
  | "MPOL_WEIGHTED_INTERLEAVE"
  | "MPOL_PREFERRED"
  | "MPOL_PREFERRED_MANY"
  | "MPOL_LOCAL";

/** Flags of set_mempolicy(2). */
export type MemoryPolicyFlag =
  | "MPOL_F_NUMA_BALANCING"
  | "MPOL_F_RELATIVE_NODES"
  | "MPOL_F_STATIC_NODES";

/** NUMA memory policy. */
export interface MemoryPolicy {
  /** The mode. */
  mode: MemoryPolicyMode;
  /** Nodes, such as `0-1,3`. */
  nodes?: string;
  /** Flags. */
  flags?: MemoryPolicyFlag[];
}

/** Execution domain, personality(2). */
export interface Personality {
  /** The domain. */
  domain: "LINUX" | "LINUX32";
  /** Flags; the specification defines none. */
  flags?: string[];
}

/** Offsets of the two clocks that a time namespace has, time_namespaces(7). */
export interface TimeOffsets {
  /** CLOCK_MONOTONIC. */
  monotonic?: TimeOffset;
  /** CLOCK_BOOTTIME. */
  boottime?: TimeOffset;
}

/** Offset of a clock. */
export interface TimeOffset {
  /** Seconds. */
  secs?: Int64;
  /** Nanoseconds, below 1000000000. */
  nanosecs?: number;
}
