/**
 * The part of config.json that the tests touch, typed by hand from the
 * runtime specification and not from lib/, so that the tests and the code
 * under test can't share a mistake.
 *
 * @module
 */

/** One entry of `mounts`. */
export interface Mount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
}

/** The five capability sets of `process.capabilities`. */
export interface Capabilities {
  bounding?: string[];
  effective?: string[];
  inheritable?: string[];
  permitted?: string[];
  ambient?: string[];
}

/** One hook of `hooks`. */
export interface Hook {
  path: string;
  args?: string[];
  env?: string[];
  timeout?: number;
}

/** `process`. */
export interface Process {
  terminal?: boolean;
  consoleSize?: { height: number; width: number };
  user: {
    uid: number;
    gid: number;
    umask?: number;
    additionalGids?: number[];
  };
  args: string[];
  env: string[];
  cwd: string;
  capabilities?: Capabilities;
  rlimits?: { type: string; soft: number; hard: number }[];
  noNewPrivileges?: boolean;
  apparmorProfile?: string;
  selinuxLabel?: string;
  oomScoreAdj?: number;
  scheduler?: {
    policy: string;
    nice?: number;
    priority?: number;
    flags?: string[];
    runtime?: number;
    deadline?: number;
    period?: number;
  };
  ioPriority?: { class: string; priority: number };
}

/** One mapping of `linux.uidMappings` or `linux.gidMappings`. */
export interface IdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

/** One entry of `linux.devices`. */
export interface Device {
  path: string;
  type: string;
  major?: number;
  minor?: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

/** One rule of `linux.resources.devices`. */
export interface DeviceRule {
  allow: boolean;
  type?: string;
  major?: number;
  minor?: number;
  access?: string;
}

/** `linux.resources`. */
export interface Resources {
  devices?: DeviceRule[];
  memory?: {
    limit?: number;
    reservation?: number;
    swap?: number;
    kernel?: number;
    kernelTCP?: number;
    swappiness?: number;
    disableOOMKiller?: boolean;
    useHierarchy?: boolean;
    checkBeforeUpdate?: boolean;
  };
  cpu?: {
    shares?: number;
    quota?: number;
    period?: number;
    burst?: number;
    idle?: number;
    realtimeRuntime?: number;
    realtimePeriod?: number;
    cpus?: string;
    mems?: string;
  };
  pids?: { limit: number };
  blockIO?: {
    weight?: number;
    leafWeight?: number;
    weightDevice?: (DeviceNumber & { weight?: number })[];
    throttleReadBpsDevice?: Throttle[];
    throttleWriteBpsDevice?: Throttle[];
    throttleReadIOPSDevice?: Throttle[];
    throttleWriteIOPSDevice?: Throttle[];
  };
  hugepageLimits?: { pageSize: string; limit: number }[];
  network?: {
    classID?: number;
    priorities?: { name: string; priority: number }[];
  };
  rdma?: Record<string, { hcaHandles?: number; hcaObjects?: number }>;
  unified?: Record<string, string>;
}

/** A block device. */
export interface DeviceNumber {
  major: number;
  minor: number;
}

/** A rate of a block device. */
export interface Throttle extends DeviceNumber {
  rate: number;
}

/** `linux.seccomp`. */
export interface Seccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  flags?: string[];
  listenerPath?: string;
  listenerMetadata?: string;
  syscalls?: {
    names: string[];
    action: string;
    errnoRet?: number;
    args?: {
      index: number;
      value: number;
      valueTwo?: number;
      op: string;
    }[];
  }[];
}

/** `linux.landlock`, an extension. */
export interface Landlock {
  mode?: string;
  handledFiles?: string[];
  handledPorts?: string[];
  scoped?: string[];
  paths?: { paths: string[]; allow: string[] }[];
  ports?: { ports: number[]; allow: string[] }[];
}

/** `linux`. */
export interface Linux {
  namespaces: { type: string; path?: string }[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
  timeOffsets?: Record<string, { secs: number; nanosecs?: number }>;
  devices?: Device[];
  cgroupsPath?: string;
  resources?: Resources;
  rootfsPropagation?: string;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  sysctl?: Record<string, string>;
  mountLabel?: string;
  landlock?: Landlock;
  personality?: { domain: string; flags?: string[] };
  seccomp?: Seccomp;
}

/** config.json. */
export interface Spec {
  ociVersion: string;
  process: Process;
  root: { path: string; readonly?: boolean };
  hostname?: string;
  domainname?: string;
  mounts: Mount[];
  hooks?: Record<string, Hook[]>;
  annotations?: Record<string, string>;
  linux: Linux;
}
