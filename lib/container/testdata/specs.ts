/**
 * Hosts and configurations that programs are built from in tests.
 *
 * @module
 */
import type { Arch } from "../../../ffi/abi/syscalls.ts";
import { exampleSpec, toRootless } from "../../spec/example.ts";
import type { Linux, Mount, Spec } from "../../spec/types.ts";
import type { Host } from "../host.ts";
import { loadParts } from "../parts.ts";
import { type ContainerProgram, containerProgram } from "../program.ts";

/** A checked-in host: cgroup v1 with a unified hierarchy beside it, cgroup v2, and a user without privileges on v2. */
export type HostName = "hybrid" | "v2" | "rootless";

/** Reads a checked-in host. */
export function testHost(name: HostName): Host {
  const url = new URL(`hosts/${name}.json`, import.meta.url);
  return JSON.parse(Deno.readTextFileSync(url));
}

const CAPABILITIES = ["CAP_CHOWN", "CAP_NET_RAW", "CAP_SYS_TIME"];

/** A configuration that asks for nearly everything. */
export function richSpec(): Spec {
  const base = exampleSpec();
  return {
    ...base,
    process: {
      terminal: true,
      consoleSize: { width: 80, height: 25 },
      user: { uid: 1000, gid: 100, umask: 0o27, additionalGids: [5, 6] },
      args: ["server", "--port", "80"],
      env: ["PATH=/usr/bin:relative:/", "TERM=xterm", "PATH=/bin:/"],
      cwd: "/srv/data",
      capabilities: {
        bounding: CAPABILITIES,
        effective: CAPABILITIES,
        permitted: CAPABILITIES,
        inheritable: CAPABILITIES,
        ambient: ["CAP_NET_RAW"],
      },
      rlimits: [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }],
      noNewPrivileges: true,
      oomScoreAdj: 100,
      apparmorProfile: "server",
      scheduler: { policy: "SCHED_BATCH", nice: 5 },
      ioPriority: { class: "IOPRIO_CLASS_BE", priority: 7 },
    },
    hostname: "rich",
    domainname: "example.org",
    mounts: [...base.mounts!, ...richMounts()],
    hooks: {
      prestart: [{ path: "/hooks/prestart" }],
      createRuntime: [{ path: "/hooks/create-runtime" }],
      createContainer: [{ path: "/hooks/create", args: ["create", "x"] }],
      startContainer: [
        { path: "/hooks/start", env: ["A=b"], timeout: 3 },
        { path: "/hooks/start-too" },
      ],
      poststart: [{ path: "/hooks/poststart" }],
      poststop: [{ path: "/hooks/poststop" }],
    },
    linux: richLinux(base.linux!),
  };
}

function richMounts(): Mount[] {
  return [
    {
      destination: "/srv/data",
      type: "none",
      source: "data",
      options: ["rbind", "ro", "rnosuid", "rslave"],
    },
    {
      destination: "/etc/hosts",
      type: "bind",
      source: "/etc/hosts",
      options: ["bind", "nodev"],
    },
    {
      destination: "/var",
      type: "tmpfs",
      source: "tmpfs",
      options: ["tmpcopyup", "size=1m"],
    },
    {
      destination: "/opt",
      type: "overlay",
      source: "overlay",
      options: ["lowerdir=/a:/b", "upperdir=/c", "workdir=/d"],
    },
  ];
}

function richLinux(base: Linux): Linux {
  return {
    ...base,
    namespaces: [
      { type: "user" },
      { type: "pid" },
      { type: "mount" },
      { type: "ipc" },
      { type: "uts" },
      { type: "cgroup" },
      { type: "time" },
      { type: "network", path: "/run/netns/blue" },
    ],
    uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
    gidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
    timeOffsets: { boottime: { secs: 86_400 } },
    sysctl: { "net.ipv4.ip_forward": "1", "kernel/shm_rmid_forced": "0" },
    devices: [
      { path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 0o666 },
      { path: "/dev/queue", type: "p", uid: 1000, gid: 100 },
    ],
    rootfsPropagation: "slave",
    personality: { domain: "LINUX32" },
    seccomp: {
      defaultAction: "SCMP_ACT_ERRNO",
      architectures: ["SCMP_ARCH_X86"],
      syscalls: [{ names: ["read", "write"], action: "SCMP_ACT_ALLOW" }],
    },
    memoryPolicy: { mode: "MPOL_BIND", nodes: "0-1" },
    landlock: {
      paths: [
        { paths: ["/usr", "/bin"], allow: ["read", "execute"] },
        { paths: ["/srv/data"], allow: ["all"] },
      ],
      ports: [{ ports: [80], allow: ["bind_tcp"] }],
      scoped: ["signal"],
    },
  };
}

await loadParts(richSpec());

/** The programs that golden files are kept of, and that properties are checked on; for x86-64 unless said otherwise. */
export const PROGRAMS: Readonly<
  Record<string, (arch?: Arch) => ContainerProgram>
> = {
  "example-hybrid": (arch) => build(exampleSpec(), "hybrid", { arch }),
  "example-v2": (arch) => build(exampleSpec({ cgroup2: true }), "v2", { arch }),
  "example-rootless": (arch) =>
    build(
      toRootless(exampleSpec({ cgroup2: true }), { uid: 1000, gid: 1000 }),
      "rootless",
      { arch },
    ),
  "rich-hybrid": (arch) => build(richSpec(), "hybrid", { arch }),
};

/** Builds the program of a container `web` in /bundle. */
export function build(
  spec: Spec,
  host: HostName,
  { arch, ...options }: {
    readonly preserveFds?: number;
    readonly arch?: Arch | undefined;
  } = {},
): ContainerProgram {
  const known = testHost(host);
  return containerProgram(spec, { ...known, arch: arch ?? known.arch }, {
    id: "web",
    bundle: "/bundle",
    ...options,
  });
}
