import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../../deps/assert.ts";
import { ConfigError } from "../../errors.ts";
import { legacySpec } from "./translate.ts";

/** The smallest document of the first form that is accepted. */
const SMALL = { rootfs: "/r", namespaces: { NEWNS: true } };

/** The same of the second form. */
const SMALL_2015 = {
  rootfs: "/r",
  mounts: [],
  namespaces: [{ type: "NEWNS" }],
};

const ACCOUNTS = {
  passwd: "root:x:0:0::/root:/bin/sh\nweb:x:9:9::/:/bin/sh\n",
  group: "root:x:0:\nstaff:x:50:web\n",
};

/** Message of the refusal; it begins with the pointer. */
function refusal(document: unknown): string {
  const refused = (): void => void legacySpec(document, { accounts: ACCOUNTS });
  return assertThrows(refused, ConfigError).message;
}

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

Deno.test("legacySpec() wants a root in the second form", () => {
  const { rootfs: _, ...document } = SMALL_2015;
  assertEquals(
    refusal(document),
    "/rootfs: missing, expected the root file system",
  );
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
