/**
 * The document that tells what a runtime can do: runtime-spec 1.3, features.md and features-linux.md.
 *
 * A list that is there names everything; a name that is not in it is refused or, where the specification says so, passed
 * over with a warning. It tells of this program, not of the machine: what the kernel lacks is found out at `create`.
 *
 * @module
 */
import type {
  HookName,
  NamespaceType,
  SeccompAction,
  SeccompArch,
  SeccompFlag,
  SeccompOperator,
} from "../spec/types.ts";

/** Whether something is supported at all. */
export interface Feature {
  /** Whether it is. */
  readonly enabled: boolean;
}

/** What is supported. */
export interface Features {
  /** Oldest `ociVersion` that is accepted. */
  readonly ociVersionMin: string;
  /** Newest version of the specification that is implemented. */
  readonly ociVersionMax: string;
  /** Kinds of hooks. */
  readonly hooks: readonly HookName[];
  /** Options of mounts that are not handed to the file system, sorted. */
  readonly mountOptions: readonly string[];
  /** What is particular to Linux. */
  readonly linux: LinuxFeatures;
  /** What the specification has no field for. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Annotations of a configuration that change what is done; one that ends in a dot is the start of names. */
  readonly potentiallyUnsafeConfigAnnotations: readonly string[];
}

/** What is particular to Linux: features-linux.md. */
export interface LinuxFeatures {
  /** Types of namespaces, sorted. */
  readonly namespaces: readonly NamespaceType[];
  /** Names of capabilities, in the order of their numbers. */
  readonly capabilities: readonly string[];
  /** Cgroup versions and managers. */
  readonly cgroup: CgroupFeatures;
  /** System call filters. */
  readonly seccomp: SeccompFeatures;
  /** `process.apparmorProfile`. */
  readonly apparmor: Feature;
  /** `process.selinuxLabel` and `linux.mountLabel`. */
  readonly selinux: Feature;
  /** `linux.intelRdt`. */
  readonly intelRdt: Feature;
  /** Mounts with ids mapped. */
  readonly mountExtensions: { readonly idmap: Feature };
  /** `linux.netDevices`. */
  readonly netDevices: Feature;
}

/** Cgroup versions and managers. */
export interface CgroupFeatures {
  /** Version 1, hybrid layouts included. */
  readonly v1: boolean;
  /** Version 2. */
  readonly v2: boolean;
  /** `--systemd-cgroup` for root. */
  readonly systemd: boolean;
  /** `--systemd-cgroup` with a user's own manager. */
  readonly systemdUser: boolean;
  /** `linux.resources.rdma`. */
  readonly rdma: boolean;
}

/** System call filters. */
export interface SeccompFeatures extends Feature {
  /** Actions, sorted. */
  readonly actions: readonly SeccompAction[];
  /** Comparisons, sorted. */
  readonly operators: readonly SeccompOperator[];
  /** Architectures, sorted. */
  readonly archs: readonly SeccompArch[];
  /** Flags that are accepted. */
  readonly knownFlags: readonly SeccompFlag[];
  /** Those of them that this kernel has. */
  readonly supportedFlags: readonly SeccompFlag[];
}
