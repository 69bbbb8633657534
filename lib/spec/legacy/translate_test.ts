// deno-lint-ignore-file camelcase -- the document's names keep their spelling
import { assertEquals } from "../../deps/assert.ts";
import { parseJson } from "../json.ts";
import type { Spec } from "../types.ts";
import { legacySpec } from "./translate.ts";

const ACCOUNTS = {
  passwd:
    "root:x:0:0::/root:/bin/sh\ndaemon:x:1:2::/:/bin/sh\nweb:x:9:9::/:/bin/sh\n",
  group: "root:x:0:\nstaff:x:50:web\ngames:x:60:daemon,web\n",
};

/** The smallest document of the first form that is accepted. */
const SMALL = { rootfs: "/r", namespaces: { NEWNS: true } };

/** The same of the second form. */
const SMALL_2015 = {
  rootfs: "/r",
  mounts: [],
  namespaces: [{ type: "NEWNS" }],
};

function sample(name: string): unknown {
  const url = new URL(`testdata/${name}.json`, import.meta.url);
  return parseJson(Deno.readTextFileSync(url));
}

function translated(members: Record<string, unknown>): Spec {
  const document = { ...SMALL, ...members };
  return legacySpec(document, { accounts: ACCOUNTS }).spec;
}

const SAFE = ["nosuid", "noexec", "nodev"];

Deno.test("legacySpec() translates a whole document of 2014", () => {
  const { spec, noPivot } = legacySpec(sample("form_2014"), {
    accounts: ACCOUNTS,
  });
  assertEquals(noPivot, false);
  const expected: Spec = {
    ociVersion: "1.3.0",
    process: {
      terminal: true,
      user: { uid: 1, gid: 2, additionalGids: [60, 7, 50] },
      args: ["sh"],
      env: ["HOME=/", "PATH=/bin", "EMPTY="],
      cwd: "/srv",
      capabilities: {
        bounding: ["CAP_CHOWN", "CAP_KILL"],
        effective: ["CAP_CHOWN", "CAP_KILL"],
        permitted: ["CAP_CHOWN", "CAP_KILL"],
      },
      rlimits: [
        { type: "RLIMIT_NOFILE", soft: 512, hard: 1024 },
        { type: "RLIMIT_CORE", soft: 0, hard: 18446744073709551615n },
      ],
      apparmorProfile: "docker-default",
    },
    root: { path: "/srv/web/root", readonly: true },
    hostname: "web",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: SAFE },
      {
        destination: "/dev",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "strictatime", "mode=755"],
      },
      {
        destination: "/dev/shm",
        type: "tmpfs",
        source: "shm",
        options: [...SAFE, "mode=1777", "size=65536k"],
      },
      {
        destination: "/dev/mqueue",
        type: "mqueue",
        source: "mqueue",
        options: SAFE,
      },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: [
          "nosuid",
          "noexec",
          "newinstance",
          "ptmxmode=0666",
          "mode=620",
          "gid=5",
        ],
      },
      {
        destination: "/sys",
        type: "sysfs",
        source: "sysfs",
        options: [...SAFE, "ro"],
      },
      {
        destination: "/etc/resolv.conf",
        type: "bind",
        source: "/etc/resolv.conf",
        options: ["rbind", "ro", "private"],
      },
      {
        destination: "/data",
        type: "bind",
        source: "/srv/data",
        options: ["rbind", "rw", "rslave"],
      },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: SAFE },
    ],
    linux: {
      resources: {
        devices: [
          { allow: false, access: "rwm" },
          { allow: true, type: "c", access: "m" },
          { allow: true, type: "b", access: "m" },
          { allow: true, type: "c", major: 4, minor: 0, access: "rwm" },
          { allow: true, type: "c", major: 136, access: "rwm" },
        ],
        memory: { limit: 5248000, reservation: 1048576 },
        cpu: {
          shares: 512,
          quota: 50000,
          period: 100000,
          cpus: "0-1",
          mems: "0",
        },
      },
      cgroupsPath: "/docker/web",
      namespaces: [
        { type: "mount" },
        { type: "uts" },
        { type: "pid" },
        { type: "network" },
        { type: "ipc", path: "/proc/1/ns/ipc" },
      ],
      devices: [
        { type: "c", path: "/dev/null", major: 1, minor: 3, fileMode: 0o666 },
        { type: "c", path: "/dev/tty", major: 5, minor: 0, fileMode: 0o666 },
        { type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 0 },
      ],
      rootfsPropagation: "rprivate",
      maskedPaths: ["/proc/kcore"],
      readonlyPaths: [
        "/proc/sys",
        "/proc/sysrq-trigger",
        "/proc/irq",
        "/proc/bus",
      ],
      mountLabel: "system_u:object_r:files_t:s0",
    },
  };
  assertEquals(spec, expected);
});

Deno.test("legacySpec() translates a whole document of 2015", () => {
  const { spec } = legacySpec(sample("form_2015"));
  const expected: Spec = {
    ociVersion: "1.3.0",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ["sh"],
      env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME=web",
        "TERM=xterm",
      ],
      cwd: "/",
      capabilities: {
        bounding: ["CAP_CHOWN"],
        effective: ["CAP_CHOWN"],
        permitted: ["CAP_CHOWN"],
      },
      noNewPrivileges: true,
      oomScoreAdj: 100,
      selinuxLabel: "system_u:system_r:svirt_t:s0",
    },
    root: { path: "/srv/web/root", readonly: true },
    hostname: "web",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: PROC },
      {
        destination: "/dev",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "strictatime", "mode=755"],
      },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: [
          "noexec",
          "nosuid",
          "newinstance",
          "ptmxmode=0666",
          "mode=0620",
          "gid=5",
        ],
      },
      {
        destination: "/sys",
        type: "sysfs",
        source: "sysfs",
        options: [...PROC, "ro"],
      },
      {
        destination: "/data",
        type: "bind",
        source: "/srv/data",
        options: ["rbind", "ro", "rprivate"],
      },
      {
        destination: "/one",
        type: "bind",
        source: "/srv/one",
        options: ["bind", "slave"],
      },
      { destination: "/cache", type: "tmpfs" },
    ],
    linux: {
      uidMappings: [
        { containerID: 0, hostID: 1000, size: 1 },
        { containerID: 1, hostID: 100000, size: 65536 },
      ],
      gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
      sysctl: { "net.ipv4.ip_forward": "1" },
      resources: {
        devices: [
          { allow: true, access: "rwm" },
          { allow: false, type: "c", major: 10, minor: 229, access: "rwm" },
        ],
        memory: { disableOOMKiller: true, swappiness: 0 },
        cpu: { realtimeRuntime: 1000, realtimePeriod: 100000 },
        pids: { limit: 99 },
        blockIO: {
          weight: 500,
          weightDevice: [{ major: 8, minor: 0, weight: 300 }],
          throttleReadBpsDevice: [
            { major: 8, minor: 0, rate: 1048576 },
            { major: 8, minor: 16, rate: 9007199254740993n },
          ],
          throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 100 }],
        },
        hugepageLimits: [{ pageSize: "2MB", limit: 4194304 }],
        network: {
          classID: 0x100001,
          priorities: [{ name: "eth0", priority: 5 }],
        },
      },
      cgroupsPath: "/nsinit/web",
      namespaces: [
        { type: "mount" },
        { type: "uts" },
        { type: "ipc", path: "/proc/1/ns/ipc" },
        { type: "pid" },
        { type: "user" },
      ],
      devices: [
        {
          type: "b",
          path: "/dev/loop7",
          major: 7,
          minor: 7,
          fileMode: 0o600,
          uid: 5,
          gid: 6,
        },
        { type: "p", path: "/dev/pipe", fileMode: 0o644 },
      ],
      seccomp: {
        defaultAction: "SCMP_ACT_ALLOW",
        architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
        syscalls: [
          { names: ["keyctl"], action: "SCMP_ACT_ERRNO" },
          {
            names: ["personality"],
            action: "SCMP_ACT_KILL",
            args: [
              { index: 0, value: 8, op: "SCMP_CMP_NE" },
              { index: 1, value: 255, valueTwo: 8, op: "SCMP_CMP_MASKED_EQ" },
            ],
          },
        ],
      },
      rootfsPropagation: "rslave",
      maskedPaths: ["/proc/kcore"],
      readonlyPaths: ["/proc/sys", "/proc/irq"],
    },
  };
  assertEquals(spec, expected);
});

/** The flags 14 in the order of the table of words. */
const PROC = ["nodev", "noexec", "nosuid"];

Deno.test("legacySpec() gives the usual capabilities, program and environment where the document has none", () => {
  const { process } = translated({});
  const names = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
  ].map((name) => `CAP_${name}`);
  assertEquals(process?.capabilities, {
    bounding: names,
    effective: names,
    permitted: names,
  });
  assertEquals(translated({ capabilities: null }).process, process);
  assertEquals(process?.env?.map((word) => word.replace(/=.*/, "")), [
    "PATH",
    "TERM",
  ]);
});

Deno.test("legacySpec() takes an empty list of capabilities or variables as one", () => {
  const { process } = translated({ capabilities: [], environment: [] });
  assertEquals(process?.capabilities, {
    bounding: [],
    effective: [],
    permitted: [],
  });
  assertEquals(process?.env, []);
});

Deno.test("legacySpec() denies devices without a cgroup in the document, and leaves its path to the runtime", () => {
  const { linux } = translated({});
  assertEquals(linux?.resources, {
    devices: [{ allow: false, access: "rwm" }],
  });
  assertEquals(linux?.cgroupsPath, undefined);
});

Deno.test("legacySpec() leaves out what Go writes for nothing", () => {
  const nothing = {
    user: "",
    working_dir: "",
    hostname: "",
    tty: false,
    ipc: "",
    networks: [],
    cgroups: { memory: 0, allowed_devices: [], cpuset_cpus: "", name: "" },
    rlimits: [],
    uid_mappings: [],
    mask_paths: [],
    sysctl: {},
    seccomp: null,
    apparmor_profile: "",
    no_such_thing: { a: [0, "", false, null] },
  };
  const { linux: { sysctl: _, ...linux } = {}, ...spec } = translated(nothing);
  assertEquals({ ...spec, linux }, translated({}));
});

Deno.test("legacySpec() takes the directory itself for the root where the first form names none", () => {
  const { rootfs: _, ...document } = SMALL;
  assertEquals(legacySpec(document).spec.root, { path: "." });
});

Deno.test("legacySpec() joins the namespaces that other members name, a network above all", () => {
  const { linux } = translated({
    namespaces: ["NEWNS", "NEWNET", "NEWPID"],
    networks: [{ type: "netns", ns_path: "/run/netns/a" }],
    pidns: "/proc/9/ns/pid",
  });
  assertEquals(linux?.namespaces, [
    { type: "mount" },
    { type: "network", path: "/run/netns/a" },
    { type: "pid", path: "/proc/9/ns/pid" },
  ]);
});

Deno.test("legacySpec() says the signal at the runtime's end in an annotation", () => {
  assertEquals(translated({ parent_death_signal: 9 }).annotations, {
    "dev.nsinit.parentDeathSignal": "9",
  });
  assertEquals(translated({ parent_death_signal: 0 }).annotations, undefined);
});

Deno.test("legacySpec() hands on that the root is to be moved", () => {
  assertEquals(
    legacySpec({ ...SMALL, mount_config: { no_pivot_root: true } }).noPivot,
    true,
  );
  const later = legacySpec({ ...SMALL_2015, no_pivot_root: true });
  assertEquals(later.noPivot, true);
});

Deno.test("legacySpec() gives terminals to the group 5 only where the container has it", () => {
  const gidOf = (mappings: unknown): string | undefined =>
    translated({ namespaces: ["NEWNS", "NEWUSER"], gid_mappings: mappings })
      .mounts?.find(({ type }) => type === "devpts")?.options?.[5];
  assertEquals(gidOf(null), "gid=5");
  assertEquals(gidOf([{ container_id: 0, host_id: 9, size: 6 }]), "gid=5");
  assertEquals(gidOf([{ container_id: 0, host_id: 9, size: 5 }]), undefined);
  assertEquals(gidOf([{ container_id: 6, host_id: 9, size: 5 }]), undefined);
});

Deno.test("legacySpec() translates the root's propagation", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ ...SMALL }, "rprivate"],
    [{ ...SMALL, mount_config: { no_pivot_root: true } }, "rslave"],
    [{ ...SMALL_2015 }, "rslave"],
    [{ ...SMALL_2015, privatefs: true }, "rprivate"],
    [{ ...SMALL_2015, rootPropagation: 0x100000 }, "shared"],
    [{ ...SMALL_2015, rootPropagation: 0x84000 }, "rslave"],
  ];
  for (const [document, word] of cases) {
    assertEquals(legacySpec(document).spec.linux?.rootfsPropagation, word);
  }
});
