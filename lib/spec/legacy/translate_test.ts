// deno-lint-ignore-file camelcase -- the document's names keep their spelling
import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../../deps/assert.ts";
import { ConfigError } from "../../errors.ts";
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

/** Message of the refusal; it begins with the pointer. */
function refusal(document: unknown): string {
  const refused = (): void => void legacySpec(document, { accounts: ACCOUNTS });
  return assertThrows(refused, ConfigError).message;
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
  const { rootfs: __, ...later } = SMALL_2015;
  assertEquals(
    refusal(later),
    "/rootfs: missing, expected the root file system",
  );
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

/** What is wrong, and the beginning of the message: the pointer and some of the words. */
const WRONG: readonly (readonly [Record<string, unknown>, string])[] = [
  [{ hostname: 5 }, "/hostname: expected a string, got 5"],
  [{ tty: "yes" }, '/tty: expected true or false, got "yes"'],
  [{ environment: "A=b" }, '/environment: expected an array, got "A=b"'],
  [{ rootfs: 1 }, "/rootfs: expected a string"],
  [{ rlimits: [{ type: "NOFILE" }] }, "/rlimits/0/type: expected a 32-bit"],
  [{ rlimits: [{ type: 16 }] }, "/rlimits/0/type: unknown resource 16"],
  [{ memory: 5 }, "/memory: unknown property"],
  [{ restrict_syss: true }, "/restrict_syss: unknown property"],
  [{ cgroups: { memry: 1 } }, "/cgroups/memry: unknown property"],
  [{ syscalls: ["read"] }, "/syscalls: unknown property"],
  [{ seccomp_config: { enable: true } }, "/seccomp_config: unknown property"],
  [{ capabilities_mask: ["CHOWN"] }, "/capabilities_mask: unknown property"],
  [
    { namespaces: "NEWNS" },
    '/namespaces: expected an object or an array, got "NEWNS"',
  ],
  [
    { namespaces: { NEWNS: true, NEWFOO: true } },
    '/namespaces/NEWFOO: unknown namespace "NEWFOO", expected one of NEWNS',
  ],
  [
    { namespaces: { NEWNS: true, NEWFOO: false } },
    "/namespaces/NEWFOO: unknown",
  ],
  [{ namespaces: { NEWNS: 1 } }, "/namespaces/NEWNS: expected true or false"],
  [{ namespaces: ["NEWNS", 7] }, "/namespaces/1: unknown namespace 7"],
  [
    { namespaces: [{ type: "mount" }] },
    '/namespaces/0/type: unknown namespace "mount"',
  ],
  [
    { namespaces: [{ type: "NEWNS", path: 1 }] },
    "/namespaces/0/path: expected an absolute",
  ],
  [
    { namespaces: [{ type: "NEWNS", file: "/" }] },
    "/namespaces/0/file: unknown property",
  ],
  [{ namespaces: undefined }, "/namespaces: NEWNS is missing"],
  [{ namespaces: { NEWNS: false } }, "/namespaces: NEWNS is missing"],
  [{ hostname: "a" }, "/hostname: needs NEWUTS"],
  [{ ipc: "ns" }, '/ipc: "ns" is not an absolute path'],
  [
    { networks: [{ type: "veth" }] },
    '/networks/0/type: "veth" is not supported',
  ],
  [{ networks: [{ type: "netns" }] }, "/networks/0/ns_path: missing"],
  [{ networks: [{}] }, "/networks/0/type: missing, expected a string"],
  [{ routes: [{ destination: "0.0.0.0/0" }] }, "/routes: not supported"],
  [{ user: "nobody" }, '/user: "nobody" is neither a number nor in'],
  [{ user: "web:nobody" }, '/user: "web:nobody" is neither'],
  [
    { additional_groups: [1, "video"] },
    '/additional_groups/1: "video" is neither',
  ],
  [
    { additional_groups: [true] },
    "/additional_groups/0: expected a number or a name",
  ],
  [{ additional_groups: [-1] }, "/additional_groups/0: -1 is neither"],
  [
    { working_dir: "srv" },
    '/working_dir: expected an absolute path, got "srv"',
  ],
  [
    { capabilities: ["CHOWN", "NOSUCH"] },
    '/capabilities/1: unknown capability "NOSUCH"',
  ],
  [{ parent_death_signal: 65 }, "/parent_death_signal: expected the number"],
  [{ cgroups: { name: "../up" } }, '/cgroups/name: "../up" leads upwards'],
  [{ cgroups: { parent: "p" } }, "/cgroups/name: missing"],
  [{ cgroups: { slice: "system.slice" } }, "/cgroups/slice: not supported"],
  [{ cgroups: { freezer: "FROZEN" } }, '/cgroups/freezer: expected "THAWED"'],
  [{ cgroups: { memory: "1g" } }, "/cgroups/memory: expected a 64-bit integer"],
  [{ cgroups: { cpu_shares: -1 } }, "/cgroups/cpu_shares: -1 is negative"],
  [
    { cgroups: { blkio_weight_device: "sda 5" } },
    "/cgroups/blkio_weight_device: expected lines",
  ],
  [
    { cgroups: { net_cls_classid: "1:1" } },
    "/cgroups/net_cls_classid: expected a number",
  ],
  [
    { cgroups: { allowed_devices: [{ type: 120, permissions: "r" }] } },
    "/cgroups/allowed_devices/0/type: unknown type 120, expected one of 97 (a), 98 (b), 99 (c)",
  ],
  [
    { cgroups: { allowed_devices: [{ type: 99, cgroup_permissions: "rx" }] } },
    '/cgroups/allowed_devices/0/cgroup_permissions: expected letters out of r, w, m, got "rx"',
  ],
  [
    { cgroups: { denied_devices: [{ type: 99, permissions: "r" }] } },
    "/cgroups/denied_devices: needs allow_all_devices",
  ],
  [
    { mount_config: { mounts: [{ type: "proc", destination: "/p" }] } },
    '/mount_config/mounts/0/type: unknown type "proc"',
  ],
  [
    { mount_config: { mounts: [{ type: "bind", destination: "/p" }] } },
    "/mount_config/mounts/0/source: missing",
  ],
  [
    { mount_config: { mounts: [{ type: "tmpfs", destination: "p" }] } },
    "/mount_config/mounts/0/destination: expected an absolute path",
  ],
  [
    {
      mount_config: {
        mounts: [{
          type: "bind",
          source: "/",
          destination: "/p",
          relabel: "Z",
        }],
      },
    },
    "/mount_config/mounts/0/relabel: not supported",
  ],
  [
    { mount_config: { device_nodes: [{ type: 97, path: "/dev/a" }] } },
    "/mount_config/device_nodes/0/type: unknown type 97",
  ],
  [
    { mount_config: { device_nodes: [{ type: 99 }] } },
    "/mount_config/device_nodes/0/path: expected an absolute path",
  ],
];

Deno.test("legacySpec() refuses what is wrong in the first form, by its pointer", () => {
  for (const [members, message] of WRONG) {
    const text = refusal({ ...SMALL, ...members });
    assertEquals(text.slice(0, message.length), message);
  }
});

const WRONG_2015: readonly (readonly [Record<string, unknown>, string])[] = [
  [{ mount_config: {} }, "/mount_config: is of another form than /mounts"],
  [{ restrict_sys: true }, "/restrict_sys: is of another form than /mounts"],
  [{ mounts: [{ destination: "/a" }] }, "/mounts/0/device: missing"],
  [
    { mounts: [{ destination: "a", device: "tmpfs" }] },
    "/mounts/0/destination: expected an absolute path",
  ],
  [{ mounts: [{ destination: "/a", device: "" }] }, "/mounts/0/device: empty"],
  [
    { mounts: [{ destination: "/a", device: "tmpfs", flags: 32 }] },
    "/mounts/0/flags: 32 has flags that no new mount can have",
  ],
  [
    { mounts: [{ destination: "/a", device: "tmpfs", flags: 8192 }] },
    "/mounts/0/flags: 8192 has flags",
  ],
  [
    { mounts: [{ destination: "/a", device: "bind", propagation_flags: [1] }] },
    "/mounts/0/propagation_flags/0: 1 is no propagation",
  ],
  [
    { mounts: [{ destination: "/a", device: "tmpfs", data: "size=1,ro" }] },
    '/mounts/0/data: "ro" is no option of a file system',
  ],
  [
    {
      mounts: [{ destination: "/a", device: "bind", data: "idmap=uids=0-0-1" }],
    },
    '/mounts/0/data: "idmap=uids=0-0-1" is no option',
  ],
  [
    {
      mounts: [{
        destination: "/a",
        device: "tmpfs",
        premount_cmds: [{ path: "/x" }],
      }],
    },
    "/mounts/0/premount_cmds: not supported",
  ],
  [{ rootPropagation: 1 }, "/rootPropagation: 1 is no propagation"],
  [
    { seccomp: { default_action: 9 } },
    "/seccomp/default_action: expected 1 to 5, got 9",
  ],
  [
    { seccomp: { syscalls: [{ name: "read", action: 4 }] } },
    "/seccomp/default_action: expected 1 to 5, got 0",
  ],
  [
    { seccomp: { default_action: 4, architectures: ["z80"] } },
    '/seccomp/architectures/0: unknown architecture "z80"',
  ],
  [
    { seccomp: { default_action: 4, syscalls: [{ name: "read", action: 0 }] } },
    "/seccomp/syscalls/0/action: expected 1 to 5, got 0",
  ],
  [
    {
      seccomp: {
        default_action: 4,
        syscalls: [{ name: "read", action: 1, args: [{ op: 8 }] }],
      },
    },
    "/seccomp/syscalls/0/args/0/op: expected 1 to 7, got 8",
  ],
  [{ hooks: { prestart: [{ path: "/x" }] } }, "/hooks: unknown property"],
];

Deno.test("legacySpec() refuses what is wrong in the second form, by its pointer", () => {
  for (const [members, message] of WRONG_2015) {
    const text = refusal({ ...SMALL_2015, ...members });
    assertEquals(text.slice(0, message.length), message);
  }
});

Deno.test("legacySpec() refuses what is no object, and counts all mistakes", () => {
  for (const document of [null, [], "x", 5]) {
    assertStringIncludes(refusal(document), "config: expected an object");
  }
  assertStringIncludes(
    refusal({ rootfs: "/r", user: "x", namespaces: ["NEWX"] }),
    "(and 2 more problems: ",
  );
});

Deno.test("legacySpec() reads a name in a pointer that needs escapes", () => {
  assertEquals(
    refusal({ ...SMALL, "a/b~c": 1 }).split(":")[0],
    "/a~1b~0c",
  );
});
