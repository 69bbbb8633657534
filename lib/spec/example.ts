/**
 * The configurations that the `spec` command writes: a shell in a read-only root, and its rootless variant.
 *
 * They are runc's (1.3 and later), member by member, so that scripts made for it work.
 *
 * @module
 */
import { SPEC_VERSION } from "../version.ts";
import type { IdMapping, Linux, Mount, Process, Spec } from "./types.ts";

const CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

/** What differs between machines in the example. */
export interface ExampleOptions {
  /** Whether the machine has cgroup v2 only; then the container gets a cgroup namespace. */
  readonly cgroup2?: boolean;
}

function exampleProcess(): Process {
  return {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: ["sh"],
    env: [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "TERM=xterm",
    ],
    cwd: "/",
    capabilities: {
      bounding: [...CAPABILITIES],
      effective: [...CAPABILITIES],
      permitted: [...CAPABILITIES],
    },
    rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  };
}

function mount(
  destination: string,
  type: string,
  source: string,
  options?: string,
): Mount {
  const base = { destination, type, source };
  return options === undefined
    ? base
    : { ...base, options: options.split(",") };
}

function exampleMounts(): Mount[] {
  return [
    mount("/proc", "proc", "proc"),
    mount("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
    mount(
      "/dev/pts",
      "devpts",
      "devpts",
      "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5",
    ),
    mount(
      "/dev/shm",
      "tmpfs",
      "shm",
      "nosuid,noexec,nodev,mode=1777,size=65536k",
    ),
    mount("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
    mount("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
    mount(
      "/sys/fs/cgroup",
      "cgroup",
      "cgroup",
      "nosuid,noexec,nodev,relatime,ro",
    ),
  ];
}

function exampleLinux(cgroup2: boolean): Linux {
  return {
    resources: { devices: [{ allow: false, access: "rwm" }] },
    namespaces: [
      { type: "pid" },
      { type: "network" },
      { type: "ipc" },
      { type: "uts" },
      { type: "mount" },
      ...(cgroup2 ? [{ type: "cgroup" as const }] : []),
    ],
    maskedPaths: [
      "/proc/acpi",
      "/proc/asound",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/proc/sched_debug",
      "/sys/firmware",
      "/proc/scsi",
      "/sys/devices/virtual/tpm",
    ],
    readonlyPaths: [
      "/proc/bus",
      "/proc/fs",
      "/proc/irq",
      "/proc/sys",
      "/proc/sysrq-trigger",
    ],
  };
}

/**
 * Makes the example configuration.
 *
 * @param options what the machine has
 * @returns a new configuration, members in the order in which the document is written
 */
export function exampleSpec(options: ExampleOptions = {}): Spec {
  return {
    ociVersion: SPEC_VERSION,
    process: exampleProcess(),
    root: { path: "rootfs", readonly: true },
    hostname: "runc",
    mounts: exampleMounts(),
    linux: exampleLinux(options.cgroup2 ?? false),
  };
}

/** The user who will run a rootless container. */
export interface RootlessUser {
  /** Effective user id. */
  readonly uid: number;
  /** Effective group id. */
  readonly gid: number;
}

function withoutIds(mount: Mount): Mount {
  const { options, ...rest } = mount;
  const kept = options?.filter((option) => !/^[ug]id=/.test(option)) ?? [];
  return kept.length === 0 ? rest : { ...rest, options: kept };
}

/** Only the owner of a network namespace may mount its sysfs, and a rootless container keeps the host's. */
const ROOTLESS_SYS: Mount = {
  destination: "/sys",
  type: "none",
  source: "/sys",
  options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
};

function isSys({ destination }: Mount): boolean {
  return /^\/+sys\/*$/.test(destination);
}

function onlyId(hostID: number): IdMapping[] {
  return [{ containerID: 0, hostID, size: 1 }];
}

/**
 * Changes a configuration so that an unprivileged user can run it: a user namespace in which the user is root,
 * the network of the host, a bind mount of /sys, no ids in mount options, no limits.
 *
 * @param spec the configuration; it is not changed
 * @param user who will run it
 * @returns the new configuration
 */
export function toRootless(spec: Spec, user: RootlessUser): Spec {
  const {
    resources: _limits,
    uidMappings: _uids,
    gidMappings: _gids,
    namespaces = [],
    ...linux
  } = spec.linux ?? {};
  const kept = namespaces.filter(({ type }) =>
    type !== "network" && type !== "user"
  );
  const mounts = spec.mounts?.map((mount) =>
    isSys(mount) ? ROOTLESS_SYS : withoutIds(mount)
  );
  return structuredClone({
    ...spec,
    ...(mounts === undefined ? {} : { mounts }),
    linux: {
      uidMappings: onlyId(user.uid),
      gidMappings: onlyId(user.gid),
      namespaces: [...kept, { type: "user" as const }],
      ...linux,
    },
  });
}
