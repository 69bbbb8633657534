/**
 * The container's configuration as TypeScript types: the OCI runtime specification 1.3 for Linux, with the
 * names of its JSON document (`config.json`). An optional member is absent, never `undefined` or null.
 *
 * The sections for other platforms (`windows`, `vm`, …) are not here: a Linux runtime ignores them.
 *
 * @module
 */
import type { IdMapping, Linux } from "./types_linux.ts";
import type { Process } from "./types_process.ts";

export type { Int64, Uint64 } from "./types_numbers.ts";
export type {
  Capabilities,
  ConsoleSize,
  ExecCpuAffinity,
  IoPriority,
  IoPriorityClass,
  Process,
  Rlimit,
  Scheduler,
  SchedulerFlag,
  SchedulerPolicy,
  User,
} from "./types_process.ts";
export type {
  Device,
  DeviceType,
  IdMapping,
  IntelRdt,
  Linux,
  MemoryPolicy,
  MemoryPolicyFlag,
  MemoryPolicyMode,
  Namespace,
  NamespaceType,
  NetDevice,
  Personality,
  RootfsPropagation,
  TimeOffset,
  TimeOffsets,
} from "./types_linux.ts";
export type {
  Landlock,
  LandlockFileRight,
  LandlockFileRights,
  LandlockPathRule,
  LandlockPortRight,
  LandlockPortRule,
  LandlockScope,
} from "./types_landlock.ts";
export type {
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
export type {
  Seccomp,
  SeccompAction,
  SeccompArch,
  SeccompArg,
  SeccompFlag,
  SeccompOperator,
  SeccompSyscall,
} from "./types_seccomp.ts";

/** A container's configuration: config.md. */
export interface Spec {
  /** Version of the specification that the document was written for (SemVer 2.0). */
  ociVersion: string;
  /** The container's first process. Needed at the latest by `start`. */
  process?: Process;
  /** The container's root file system. */
  root?: Root;
  /** Host name, for a new UTS namespace. */
  hostname?: string;
  /** NIS domain name, for a new UTS namespace. */
  domainname?: string;
  /** Mounts beside the root, made in this order. */
  mounts?: Mount[];
  /** Programs called at points of the container's life. */
  hooks?: Hooks;
  /** Free text by key, handed on in the state. */
  annotations?: Record<string, string>;
  /** What is particular to Linux. */
  linux?: Linux;
}

/** The root file system: config.md#root. */
export interface Root {
  /** Its directory, absolute or relative to the bundle. */
  path: string;
  /** Whether the container sees it read-only. */
  readonly?: boolean;
}

/** One mount: config.md#mounts. */
export interface Mount {
  /** Where, inside the container. Relative (deprecated) means below `/`. */
  destination: string;
  /** File system type; for bind mounts it has no meaning. */
  type?: string;
  /** Device or file; relative means below the bundle for bind mounts. */
  source?: string;
  /** Mount options in the manner of mount(8). */
  options?: string[];
  /** Maps user ids of the mounted files. */
  uidMappings?: IdMapping[];
  /** Maps group ids of the mounted files. */
  gidMappings?: IdMapping[];
}

/** Names of the hook lists, in the order of a container's life. */
export type HookName = keyof Hooks;

/** Programs called at points of the container's life: config.md#posix-platform-hooks. */
export interface Hooks {
  /** Deprecated: like createRuntime, and called before it. */
  prestart?: Hook[];
  /** In the runtime's namespaces, when the container's exist and before the root is changed. */
  createRuntime?: Hook[];
  /** In the container's namespaces, before the root is changed. */
  createContainer?: Hook[];
  /** In the container, before its program is executed. */
  startContainer?: Hook[];
  /** In the runtime's namespaces, after the program was executed. */
  poststart?: Hook[];
  /** In the runtime's namespaces, after the container was deleted. */
  poststop?: Hook[];
}

/** A program called as a hook. It gets the container's state on standard input. */
export interface Hook {
  /** The program, absolute. */
  path: string;
  /** Its whole argument vector, name included. */
  args?: string[];
  /** Its environment, each entry `NAME=value`. */
  env?: string[];
  /** Seconds until it is killed; more than zero. */
  timeout?: number;
}
