/**
 * Schema of container.json: see types.ts.
 *
 * @module
 */
import * as z from "../../deps/zod.ts";
import {
  bool,
  int32,
  int64,
  integer,
  list,
  mapOf,
  object,
  optional,
  type Schema,
  text,
  texts,
  uint32,
  uint64,
} from "../schema_base.ts";
import type {
  LegacyArgument,
  LegacyBind,
  LegacyCgroup,
  LegacyConfig,
  LegacyDevice,
  LegacyIdMapping,
  LegacyMount,
  LegacyMountConfig,
  LegacyNetwork,
  LegacyRlimit,
  LegacySeccomp,
  LegacySyscall,
} from "./types.ts";

/** Anything: what reads it checks it. */
const anything: Schema<unknown> = z.unknown();

/** Numbers that have no sign, and do not have 32 bits. */
const count: Schema<number> = integer(0, 0x7fff_ffff, "a number");

const device: Schema<LegacyDevice> = object<LegacyDevice>(() => ({
  type: int32,
  path: optional(text()),
  major_number: optional(int32),
  minor_number: optional(int32),
  cgroup_permissions: optional(text()),
  major: optional(int32),
  minor: optional(int32),
  permissions: optional(text()),
  file_mode: optional(uint32),
  uid: optional(uint32),
  gid: optional(uint32),
  allow: optional(bool),
}));

const bind: Schema<LegacyBind> = object<LegacyBind>(() => ({
  type: text(),
  source: optional(text()),
  destination: text(),
  writable: optional(bool),
  relabel: optional(text()),
  private: optional(bool),
  slave: optional(bool),
}));

const mountConfig: Schema<LegacyMountConfig> = object<LegacyMountConfig>(
  () => ({
    no_pivot_root: optional(bool),
    pivot_dir: optional(text()),
    readonly_fs: optional(bool),
    readonlyfs: optional(bool),
    mounts: optional(list(bind)),
    device_nodes: optional(list(device)),
    mount_label: optional(text()),
  }),
);

const mount: Schema<LegacyMount> = object<LegacyMount>(() => ({
  source: optional(text()),
  destination: text(),
  device: text(),
  flags: optional(count),
  propagation_flags: optional(list(count)),
  data: optional(text()),
  relabel: optional(text()),
  premount_cmds: optional(list(anything)),
  postmount_cmds: optional(list(anything)),
}));

const network: Schema<LegacyNetwork> = object<LegacyNetwork>(() => ({
  type: text(),
  ns_path: optional(text()),
  name: optional(text()),
  bridge: optional(text()),
  veth_prefix: optional(text()),
  mac_address: optional(text()),
  address: optional(text()),
  gateway: optional(text()),
  ipv6_address: optional(text()),
  ipv6_gateway: optional(text()),
  mtu: optional(int32),
  txqueuelen: optional(int32),
  host_interface_name: optional(text()),
  hairpin_mode: optional(bool),
}));

const hugepages: Schema<{ page_size: string; limit: number | bigint }> = object(
  () => ({ page_size: text(), limit: uint64 }),
);

const packets: Schema<{ interface: string; priority: number }> = object(
  () => ({ interface: text(), priority: uint32 }),
);

const cgroup: Schema<LegacyCgroup> = object<LegacyCgroup>(() => ({
  name: optional(text()),
  parent: optional(text()),
  allow_all_devices: optional(bool),
  allowed_devices: optional(list(device)),
  denied_devices: optional(list(device)),
  memory: optional(int64),
  memory_reservation: optional(int64),
  memory_swap: optional(int64),
  kernel_memory: optional(int64),
  memory_swappiness: optional(int64),
  oom_kill_disable: optional(bool),
  cpu_shares: optional(int64),
  cpu_quota: optional(int64),
  cpu_period: optional(int64),
  cpu_rt_runtime: optional(int64),
  cpu_rt_period: optional(int64),
  cpuset_cpus: optional(text()),
  cpuset_mems: optional(text()),
  pids_limit: optional(int64),
  blkio_weight: optional(count),
  blkio_weight_device: optional(text()),
  blkio_throttle_read_bps_device: optional(text()),
  blkio_throttle_write_bps_device: optional(text()),
  blkio_throttle_read_iops_device: optional(text()),
  blkio_throttle_write_iops_device: optional(text()),
  hugetlb_limit: optional(list(hugepages)),
  net_prio_ifpriomap: optional(list(packets)),
  net_cls_classid: optional(text()),
  freezer: optional(text()),
  slice: optional(text()),
  scope_prefix: optional(text()),
}));

const rlimit: Schema<LegacyRlimit> = object<LegacyRlimit>(() => ({
  type: int32,
  soft: optional(uint64),
  hard: optional(uint64),
}));

const idMapping: Schema<LegacyIdMapping> = object<LegacyIdMapping>(() => ({
  container_id: optional(uint32),
  host_id: optional(uint32),
  size: optional(uint32),
}));

const argument: Schema<LegacyArgument> = object<LegacyArgument>(() => ({
  index: optional(count),
  value: optional(uint64),
  value_two: optional(uint64),
  op: int32,
}));

const syscall: Schema<LegacySyscall> = object<LegacySyscall>(() => ({
  name: text(),
  action: int32,
  args: optional(list(argument)),
}));

const seccomp: Schema<LegacySeccomp> = object<LegacySeccomp>(() => ({
  default_action: optional(int32),
  architectures: optional(texts),
  syscalls: optional(list(syscall)),
}));

const group: Schema<string | number> = z.union([z.string(), z.number()], {
  error: "expected a number or a name",
});

/** A container.json, of either form. */
export const legacySchema: Schema<LegacyConfig> = object<LegacyConfig>(() => ({
  rootfs: optional(text()),
  readonlyfs: optional(bool),
  privatefs: optional(bool),
  no_pivot_root: optional(bool),
  pivot_dir: optional(text()),
  rootPropagation: optional(count),
  parent_death_signal: optional(int32),
  mounts: optional(list(mount)),
  devices: optional(list(device)),
  mount_label: optional(text()),
  mount_config: optional(mountConfig),
  restrict_sys: optional(bool),
  hostname: optional(text()),
  user: optional(text()),
  working_dir: optional(text()),
  environment: optional(texts),
  tty: optional(bool),
  namespaces: optional(anything),
  ipc: optional(text()),
  pidns: optional(text()),
  capabilities: optional(texts),
  networks: optional(list(network)),
  routes: optional(list(anything)),
  cgroups: optional(cgroup),
  apparmor_profile: optional(text()),
  process_label: optional(text()),
  rlimits: optional(list(rlimit)),
  oom_score_adj: optional(int32),
  additional_groups: optional(list(group)),
  uid_mappings: optional(list(idMapping)),
  gid_mappings: optional(list(idMapping)),
  mask_paths: optional(texts),
  readonly_paths: optional(texts),
  sysctl: optional(mapOf(text())),
  system_properties: optional(mapOf(text())),
  seccomp: optional(seccomp),
  no_new_privileges: optional(bool),
  version: optional(text()),
}));
