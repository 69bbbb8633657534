/**
 * Schema of the limits enforced by cgroups: runtime-spec 1.3, config-linux.md#control-groups.
 *
 * @module
 */
import {
  bool,
  defaulted,
  int64,
  list,
  mapOf,
  object,
  optional,
  patterned,
  type Schema,
  text,
  uint16,
  uint32,
  uint64,
} from "./schema_base.ts";
import type {
  BlockIoResources,
  BlockIoThrottleDevice,
  BlockIoWeightDevice,
  CpuResources,
  DeviceCgroupRule,
  HugepageLimit,
  MemoryResources,
  NetworkPriority,
  NetworkResources,
  PidsResources,
  RdmaResources,
  Resources,
} from "./types_resources.ts";

const deviceRule: Schema<DeviceCgroupRule> = object<DeviceCgroupRule>(() => ({
  allow: bool,
  type: optional(text()),
  major: optional(int64),
  minor: optional(int64),
  access: optional(text()),
}));

const memory: Schema<MemoryResources> = object<MemoryResources>(() => ({
  limit: optional(int64),
  reservation: optional(int64),
  swap: optional(int64),
  kernel: optional(int64),
  kernelTCP: optional(int64),
  swappiness: optional(uint64),
  disableOOMKiller: optional(bool),
  useHierarchy: optional(bool),
  checkBeforeUpdate: optional(bool),
}));

const cpu: Schema<CpuResources> = object<CpuResources>(() => ({
  shares: optional(uint64),
  quota: optional(int64),
  burst: optional(uint64),
  period: optional(uint64),
  realtimeRuntime: optional(int64),
  realtimePeriod: optional(uint64),
  cpus: optional(text()),
  mems: optional(text()),
  idle: optional(int64),
}));

// `limit` is required by the JSON schema, but Go's encoder leaves it out when it is unset.
const pids: Schema<PidsResources> = object<PidsResources>(() => ({
  limit: optional(int64),
}));

const weightDevice: Schema<BlockIoWeightDevice> = object<BlockIoWeightDevice>(
  () => ({
    major: int64,
    minor: int64,
    weight: optional(uint16),
    leafWeight: optional(uint16),
  }),
);

const throttleDevice: Schema<BlockIoThrottleDevice> = object<
  BlockIoThrottleDevice
>(() => ({
  major: int64,
  minor: int64,
  rate: defaulted(uint64, () => 0),
}));

const blockIO: Schema<BlockIoResources> = object<BlockIoResources>(() => ({
  weight: optional(uint16),
  leafWeight: optional(uint16),
  weightDevice: optional(list(weightDevice)),
  throttleReadBpsDevice: optional(list(throttleDevice)),
  throttleWriteBpsDevice: optional(list(throttleDevice)),
  throttleReadIOPSDevice: optional(list(throttleDevice)),
  throttleWriteIOPSDevice: optional(list(throttleDevice)),
}));

const hugepageLimit: Schema<HugepageLimit> = object<HugepageLimit>(() => ({
  pageSize: patterned(
    /^[1-9][0-9]*[KMG]B$/,
    "a page size such as 64KB, 2MB or 1GB",
  ),
  limit: uint64,
}));

const priority: Schema<NetworkPriority> = object<NetworkPriority>(() => ({
  name: text(),
  priority: uint32,
}));

const network: Schema<NetworkResources> = object<NetworkResources>(() => ({
  classID: optional(uint32),
  priorities: optional(list(priority)),
}));

const rdma: Schema<RdmaResources> = object<RdmaResources>(() => ({
  hcaHandles: optional(uint32),
  hcaObjects: optional(uint32),
}));

/** The `linux.resources` block; also the document that `update --resources` reads. */
export const resourcesSchema: Schema<Resources> = object<Resources>(() => ({
  devices: optional(list(deviceRule)),
  memory: optional(memory),
  cpu: optional(cpu),
  pids: optional(pids),
  blockIO: optional(blockIO),
  hugepageLimits: optional(list(hugepageLimit)),
  network: optional(network),
  rdma: optional(mapOf(rdma)),
  unified: optional(mapOf(text())),
}));
