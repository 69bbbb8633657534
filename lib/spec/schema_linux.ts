/**
 * Schema of the `linux` block: runtime-spec 1.3, config-linux.md.
 *
 * @module
 */
import {
  bool,
  closedObject,
  int64,
  list,
  mapOf,
  object,
  oneOf,
  optional,
  patterned,
  type Schema,
  text,
  texts,
  uint32,
} from "./schema_base.ts";
import { landlockSchema } from "./schema_landlock.ts";
import { resourcesSchema } from "./schema_resources.ts";
import { seccompSchema } from "./schema_seccomp.ts";
import type {
  Device,
  IdMapping,
  IntelRdt,
  Linux,
  MemoryPolicy,
  Namespace,
  NetDevice,
  Personality,
  TimeOffset,
  TimeOffsets,
} from "./types_linux.ts";

/** One range of ids of a user namespace or an id-mapped mount. */
export const idMappingSchema: Schema<IdMapping> = object<IdMapping>(() => ({
  containerID: uint32,
  hostID: uint32,
  size: uint32,
}));

const namespace: Schema<Namespace> = object<Namespace>(() => ({
  type: oneOf(
    ["mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time"],
    (shown) => `namespace ${shown} does not exist`,
  ),
  path: optional(text()),
}));

const device: Schema<Device> = object<Device>(() => ({
  type: oneOf(["c", "b", "u", "p"], (shown) => `invalid device type ${shown}`),
  path: text(),
  major: optional(int64),
  minor: optional(int64),
  fileMode: optional(uint32),
  uid: optional(uint32),
  gid: optional(uint32),
}));

const netDevice: Schema<NetDevice> = object<NetDevice>(() => ({
  name: optional(text()),
}));

const intelRdt: Schema<IntelRdt> = object<IntelRdt>(() => ({
  closID: optional(text()),
  schemata: optional(texts),
  l3CacheSchema: optional(text()),
  memBwSchema: optional(
    patterned(/^(MB:[^\n]*)?$/, 'one line that starts with "MB:"'),
  ),
  enableMonitoring: optional(bool),
}));

const memoryPolicy: Schema<MemoryPolicy> = object<MemoryPolicy>(() => ({
  mode: oneOf([
    "MPOL_DEFAULT",
    "MPOL_BIND",
    "MPOL_INTERLEAVE",
    "MPOL_WEIGHTED_INTERLEAVE",
    "MPOL_PREFERRED",
    "MPOL_PREFERRED_MANY",
    "MPOL_LOCAL",
  ]),
  nodes: optional(text()),
  flags: optional(list(oneOf([
    "MPOL_F_NUMA_BALANCING",
    "MPOL_F_RELATIVE_NODES",
    "MPOL_F_STATIC_NODES",
  ]))),
}));

const personality: Schema<Personality> = object<Personality>(() => ({
  domain: oneOf(
    ["LINUX", "LINUX32"],
    (shown) => `invalid personality domain ${shown}`,
  ),
  flags: optional(texts),
}));

const timeOffset: Schema<TimeOffset> = object<TimeOffset>(() => ({
  secs: optional(int64),
  nanosecs: optional(uint32),
}));

// Closed: an unknown name here is an unknown clock, and its offset must not be lost silently.
const timeOffsets: Schema<TimeOffsets> = closedObject<TimeOffsets>(() => ({
  monotonic: optional(timeOffset),
  boottime: optional(timeOffset),
}));

/** The `linux` block. */
export const linuxSchema: Schema<Linux> = object<Linux>(() => ({
  uidMappings: optional(list(idMappingSchema)),
  gidMappings: optional(list(idMappingSchema)),
  sysctl: optional(mapOf(text())),
  resources: optional(resourcesSchema),
  cgroupsPath: optional(text()),
  namespaces: optional(list(namespace)),
  devices: optional(list(device)),
  netDevices: optional(mapOf(netDevice)),
  seccomp: optional(seccompSchema),
  rootfsPropagation: optional(oneOf(
    [
      "private",
      "shared",
      "slave",
      "unbindable",
      "rprivate",
      "rshared",
      "rslave",
      "runbindable",
    ],
    (shown) => `rootfsPropagation=${shown} is not supported`,
  )),
  maskedPaths: optional(texts),
  readonlyPaths: optional(texts),
  mountLabel: optional(text()),
  intelRdt: optional(intelRdt),
  memoryPolicy: optional(memoryPolicy),
  personality: optional(personality),
  timeOffsets: optional(timeOffsets),
  landlock: optional(landlockSchema),
}));
