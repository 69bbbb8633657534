/**
 * What a container.json may hold: the configuration of the first nsinit, in its forms of 2014 and of 2015.
 *
 * The members have the names of the document. As in Go, 0, "", false, null and an absent member are the same, unless it
 * says otherwise.
 *
 * @module
 */
// deno-lint-ignore-file camelcase -- the document's names keep their spelling
import type { Int64, Uint64 } from "../types_numbers.ts";

/** A container.json. */
export interface LegacyConfig {
  /** The root file system; absent in the first form: the directory of the file. */
  rootfs?: string;
  /** Whether the root is read-only (2015). */
  readonlyfs?: boolean;
  /** Whether mounts of the host do not come into the container (2015). */
  privatefs?: boolean;
  /** Whether the root is moved instead of pivoted (2015). */
  no_pivot_root?: boolean;
  /** A directory for pivot_root(2), which needs none any more (2015). */
  pivot_dir?: string;
  /** MS_ flags: propagation of the root (2015). */
  rootPropagation?: number;
  /** A signal for when the runtime dies. */
  parent_death_signal?: number;
  /** All mounts (2015). Absent: the first form, with mounts that every container has. */
  mounts?: LegacyMount[];
  /** Device nodes (2015). */
  devices?: LegacyDevice[];
  /** SELinux label of the mounts (2015). */
  mount_label?: string;
  /** Mounts beside those that every container has, and devices (2014). */
  mount_config?: LegacyMountConfig;
  /** Whether parts of /proc and /sys are read-only or hidden (2014). */
  restrict_sys?: boolean;
  /** Host name. */
  hostname?: string;
  /** `name`, `uid`, `name:group` or `uid:gid`, by the container's files. */
  user?: string;
  /** Working directory. */
  working_dir?: string;
  /** Environment, each entry `NAME=value`. Absent is not the same as empty: there is a usual one. */
  environment?: string[];
  /** Whether a terminal is attached. */
  tty?: boolean;
  /** New namespaces by kernel name: a map to truth values, a list of names, or of objects. */
  namespaces?: unknown;
  /** File of an IPC namespace to join (2014). */
  ipc?: string;
  /** File of a PID namespace to join (2014). */
  pidns?: string;
  /** Capabilities, without CAP_. Absent is not the same as empty: there is a usual list. */
  capabilities?: string[];
  /** Network interfaces. */
  networks?: LegacyNetwork[];
  /** Routes. */
  routes?: unknown[];
  /** The cgroup and its limits. */
  cgroups?: LegacyCgroup;
  /** AppArmor profile. */
  apparmor_profile?: string;
  /** SELinux label. */
  process_label?: string;
  /** Resource limits, setrlimit(2). */
  rlimits?: LegacyRlimit[];
  /** /proc/PID/oom_score_adj (2015). */
  oom_score_adj?: number;
  /** Further groups: numbers, or names of the container's group file. */
  additional_groups?: (string | number)[];
  /** User ids of a user namespace. */
  uid_mappings?: LegacyIdMapping[];
  /** Group ids of a user namespace. */
  gid_mappings?: LegacyIdMapping[];
  /** Paths that are hidden (2015). */
  mask_paths?: string[];
  /** Paths that are read-only (2015). */
  readonly_paths?: string[];
  /** Kernel parameters (2015). */
  sysctl?: Record<string, string>;
  /** Kernel parameters, by their earlier name (2015). */
  system_properties?: Record<string, string>;
  /** System call filter (2015). */
  seccomp?: LegacySeccomp;
  /** Whether programs can't gain privileges (2015). */
  no_new_privileges?: boolean;
  /** Version of the document (2015). */
  version?: string;
}

/** Mounts and devices in the form of 2014. */
export interface LegacyMountConfig {
  /** Whether the root is moved instead of pivoted. */
  no_pivot_root?: boolean;
  /** A directory for pivot_root(2), which needs none any more. */
  pivot_dir?: string;
  /** Whether the root is read-only. */
  readonly_fs?: boolean;
  /** The same, as some wrote it. */
  readonlyfs?: boolean;
  /** Mounts. */
  mounts?: LegacyBind[];
  /** Device nodes. */
  device_nodes?: LegacyDevice[];
  /** SELinux label of the mounts. */
  mount_label?: string;
}

/** A mount in the form of 2014. */
export interface LegacyBind {
  /** `bind` or `tmpfs`. */
  type: string;
  /** What is bound. */
  source?: string;
  /** Where, inside the container. */
  destination: string;
  /** Whether a bind mount can be written to. */
  writable?: boolean;
  /** `z` or `Z`: an SELinux label for the source. */
  relabel?: string;
  /** Whether its mounts are its own. */
  private?: boolean;
  /** Whether mounts below the source come in. */
  slave?: boolean;
}

/** A mount in the form of 2015. */
export interface LegacyMount {
  /** Device or file. */
  source?: string;
  /** Where, inside the container. */
  destination: string;
  /** File system type, or `bind`. */
  device: string;
  /** MS_ flags of mount(2). */
  flags?: number;
  /** MS_ flags, each a change of propagation. */
  propagation_flags?: number[];
  /** Options for the file system, separated by commas. */
  data?: string;
  /** `z` or `Z`: an SELinux label for the source. */
  relabel?: string;
  /** Programs to call before. */
  premount_cmds?: unknown[];
  /** Programs to call after. */
  postmount_cmds?: unknown[];
}

/** A device: a node, or who may use it. Two names for each number: of 2014, and of 2015. */
export interface LegacyDevice {
  /** The number of a letter: 99 is `c`, 98 `b`, 97 `a` (in rules), 112 `p`, 117 `u`. */
  type: number;
  /** The node's path; rules need none. */
  path?: string;
  /** Major number; -1 in rules: any (2014). */
  major_number?: number;
  /** Minor number; -1 in rules: any (2014). */
  minor_number?: number;
  /** Letters out of `rwm` (2014). */
  cgroup_permissions?: string;
  /** Major number (2015). */
  major?: number;
  /** Minor number (2015). */
  minor?: number;
  /** Letters out of `rwm` (2015). */
  permissions?: string;
  /** Permission bits of the node. */
  file_mode?: number;
  /** Owner of the node. */
  uid?: number;
  /** Group of the node. */
  gid?: number;
  /** Whether the rule allows (2015; the list says it, too). */
  allow?: boolean;
}

/** A network interface. Only `loopback` and `netns` can be had. */
export interface LegacyNetwork {
  /** `loopback`, `netns`, `veth` and others. */
  type: string;
  /** Network namespace of the type `netns`. */
  ns_path?: string;
  name?: string;
  bridge?: string;
  veth_prefix?: string;
  mac_address?: string;
  address?: string;
  gateway?: string;
  ipv6_address?: string;
  ipv6_gateway?: string;
  mtu?: number;
  txqueuelen?: number;
  host_interface_name?: string;
  hairpin_mode?: boolean;
}

/** The cgroup and its limits. */
export interface LegacyCgroup {
  /** Its name. */
  name?: string;
  /** Where it is made. */
  parent?: string;
  /** Whether every device may be used. */
  allow_all_devices?: boolean;
  /** Otherwise, which. */
  allowed_devices?: LegacyDevice[];
  /** Where all are allowed: which are not (2015). */
  denied_devices?: LegacyDevice[];
  /** Bytes. */
  memory?: Int64;
  /** Bytes. */
  memory_reservation?: Int64;
  /** Bytes of memory and swap; 0 and -1: no limit of its own. */
  memory_swap?: Int64;
  /** Bytes. */
  kernel_memory?: Int64;
  /** 0 to 100; -1: the host's. */
  memory_swappiness?: Int64;
  /** Whether nobody is killed for want of memory. */
  oom_kill_disable?: boolean;
  /** Relative share of CPU time. */
  cpu_shares?: Int64;
  /** Microseconds in each period. */
  cpu_quota?: Int64;
  /** Microseconds. */
  cpu_period?: Int64;
  /** Microseconds of real-time tasks. */
  cpu_rt_runtime?: Int64;
  /** Microseconds. */
  cpu_rt_period?: Int64;
  /** CPUs, such as `0-3,7`. */
  cpuset_cpus?: string;
  /** Memory nodes. */
  cpuset_mems?: string;
  /** Greatest number of tasks. */
  pids_limit?: Int64;
  /** 10 to 1000. */
  blkio_weight?: number;
  /** Lines `major:minor weight`. */
  blkio_weight_device?: string;
  /** Lines `major:minor rate`. */
  blkio_throttle_read_bps_device?: string;
  /** Lines `major:minor rate`. */
  blkio_throttle_write_bps_device?: string;
  /** Lines `major:minor rate`. */
  blkio_throttle_read_iops_device?: string;
  /** Lines `major:minor rate`. */
  blkio_throttle_write_iops_device?: string;
  /** Limits of huge pages. */
  hugetlb_limit?: { page_size: string; limit: Uint64 }[];
  /** Priorities of packets, by interface. */
  net_prio_ifpriomap?: { interface: string; priority: number }[];
  /** Class of packets: a number, as a text. */
  net_cls_classid?: string;
  /** `FROZEN` or `THAWED`. */
  freezer?: string;
  /** systemd's slice. */
  slice?: string;
  /** Prefix of systemd's scope. */
  scope_prefix?: string;
}

/** A resource limit. */
export interface LegacyRlimit {
  /** The kernel's number: RLIMIT_NOFILE is 7. */
  type: number;
  soft?: Uint64;
  hard?: Uint64;
}

/** A range of ids. */
export interface LegacyIdMapping {
  container_id?: number;
  host_id?: number;
  size?: number;
}

/** A system call filter (2015). */
export interface LegacySeccomp {
  /** 1 kill, 2 errno, 3 trap, 4 allow, 5 trace. */
  default_action?: number;
  /** Such as `amd64`. */
  architectures?: string[];
  /** Rules. */
  syscalls?: LegacySyscall[];
}

/** A rule of a filter. */
export interface LegacySyscall {
  name: string;
  /** As `default_action`. */
  action: number;
  args?: LegacyArgument[];
}

/** A condition of a rule. */
export interface LegacyArgument {
  /** 0 to 5. */
  index?: number;
  value?: Uint64;
  value_two?: Uint64;
  /** 1 ==, 2 !=, 3 >, 4 >=, 5 <, 6 <=, 7 == of the masked value. */
  op: number;
}
