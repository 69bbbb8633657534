import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import {
  contextOf,
  lines,
  purposes,
  specWith,
} from "../mounts/testdata/steps.ts";
import type { Device, Mount } from "../spec/types.ts";
import { makeDevices } from "./devices.ts";
import { needsDeviceSetup } from "./needs_setup.ts";
import { deviceNodes } from "./nodes.ts";

function specOf(devices: Device[], mounts: Mount[] = []) {
  return specWith(mounts, { linux: { devices } });
}

const FUSE: Device = { path: "/dev/fuse", type: "c", major: 10, minor: 229 };

Deno.test("deviceNodes() lists the default devices before the configured ones", () => {
  const nodes = deviceNodes(specOf([FUSE]));
  assertEquals(
    nodes.map(({ path, major, minor }) => `${path} ${major}:${minor}`),
    [
      "/dev/null 1:3",
      "/dev/zero 1:5",
      "/dev/full 1:7",
      "/dev/random 1:8",
      "/dev/urandom 1:9",
      "/dev/tty 5:0",
      "/dev/fuse 10:229",
    ],
  );
  assertEquals(nodes.at(-1)?.mode, 0o20666);
});

Deno.test("deviceNodes() lets a configured device take the place of a default one", () => {
  const device: Device = {
    path: "/dev//null",
    type: "u",
    major: 1,
    minor: 3,
    fileMode: 0o100600,
    uid: 7,
  };
  const nodes = deviceNodes(specOf([device]));
  assertEquals(nodes.filter(({ path }) => path === "/dev/null"), [{
    path: "/dev/null",
    mode: 0o20600,
    major: 1,
    minor: 3,
    uid: 7,
    gid: 0,
    pointer: "/linux/devices/0",
  }]);
});

Deno.test("deviceNodes() leaves /dev/ptmx out and fifos without numbers", () => {
  const nodes = deviceNodes(specOf([
    { path: "/dev/ptmx", type: "c", major: 5, minor: 2 },
    { path: "/fifo", type: "p" },
  ]));
  assertEquals(nodes.some(({ path }) => path === "/dev/ptmx"), false);
  assertEquals(nodes.at(-1)?.mode, 0o10666);
});

Deno.test("deviceNodes() refuses numbers that no device has, and unknown types", () => {
  const refuse = (change: Partial<Device>, message: string) =>
    assertThrows(
      () => deviceNodes(specOf([{ ...FUSE, ...change }])),
      ConfigError,
      message,
    );
  refuse({ major: 4096 }, "/linux/devices/0/major: 4096 is not between");
  refuse({ minor: -1 }, "/linux/devices/0/minor: -1 is not between");
  refuse({ minor: 1048576 }, "/linux/devices/0/minor");
  refuse({ path: "/.." }, "/linux/devices/0/path: is the root");
  refuse({ type: "z" as "c" }, '/linux/devices/0/type: "z" is none of');
});

Deno.test("needsDeviceSetup() is false for a bound /dev only", () => {
  const withDev = (mount: Partial<Mount>) =>
    needsDeviceSetup(specWith([{ destination: "/dev/", ...mount }]));
  assertEquals(withDev({ type: "tmpfs" }), true);
  assertEquals(withDev({ options: ["rbind"] }), false);
  assertEquals(withDev({ type: "bind" }), false);
  assertEquals(needsDeviceSetup(specWith([])), true);
  const pts = { destination: "/dev/pts", options: ["bind"] };
  assertEquals(needsDeviceSetup(specWith([pts])), true);
});

/** The steps that make the device at the end of the default ones. */
function deviceSteps(device: Device, userNamespace = false): string[] {
  const context = contextOf(specOf([device]), { userNamespace });
  const all = lines((b) => makeDevices(b, context));
  const name = device.path.split("/").at(-1)!;
  const first = all.findIndex((line) => line.includes(`"${name}"`));
  return all.slice(
    userNamespace ? first - 8 : first,
    all.findIndex((line) => line.startsWith("unlinkat")),
  );
}

Deno.test("makeDevices() makes a node, looks at it through a descriptor, and sets its owner", () => {
  const steps = deviceSteps({ ...FUSE, uid: 1, gid: 2 });
  const looks = [
    'statx($openat2, "", AT_EMPTY_PATH, STATX_BASIC_STATS|STATX_MNT_ID, {statx})',
    "unless [statx+28] & 0xf000 is 0x2000, to wrong",
    "unless [statx+128] is 10, to wrong",
    "unless [statx+132] is 229, to wrong",
    "to right",
    "fail with EEXIST: cannot make device /dev/fuse: there is another file",
  ];
  assertEquals(steps.slice(0, 20), [
    'openat2([directory], "fuse", {O_PATH|O_NOFOLLOW|O_CLOEXEC}, 24); ENOENT: to missing',
    // One that is there may be the host's.
    ...looks,
    "close($openat2)",
    "to done",
    'mknodat([directory], "fuse", 020666, 2789); EPERM: to refused',
    'openat2([directory], "fuse", {O_PATH|O_NOFOLLOW|O_CLOEXEC}, 24)',
    ...looks,
    'fchownat($openat2, "", 1, 2, AT_EMPTY_PATH)',
    'fchmodat2($openat2, "", 0666, AT_EMPTY_PATH); ENOSYS: go on',
    "close($openat2)",
  ]);
});

Deno.test("makeDevices() binds the host's node in a user namespace, but makes fifos", () => {
  const steps = deviceSteps(FUSE, true);
  assertEquals(steps.some((line) => line.startsWith("mknodat")), false);
  assertEquals(
    steps.filter((line) => /^(open_tree|move_mount)/.test(line)),
    [
      'open_tree(AT_FDCWD, "/dev/fuse", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC)',
      'move_mount($open_tree, "", [device], "", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH)',
    ],
  );
  const fifo = lines(
    (b) =>
      makeDevices(
        b,
        contextOf(specOf([{ path: "/dev/f", type: "p" }]), {
          userNamespace: true,
        }),
      ),
    /^mknodat/,
  );
  assertEquals(fifo, ['mknodat([directory], "f", 010666, 0)']);
});

Deno.test("makeDevices() makes the links of /dev", () => {
  const context = contextOf(specOf([]));
  assertEquals(lines((b) => makeDevices(b, context), /^symlinkat/), [
    'symlinkat("pts/ptmx", [directory], "ptmx")',
    'symlinkat("/proc/self/fd", [directory], "fd"); EEXIST: go on',
    'symlinkat("/proc/self/fd/0", [directory], "stdin"); EEXIST: go on',
    'symlinkat("/proc/self/fd/1", [directory], "stdout"); EEXIST: go on',
    'symlinkat("/proc/self/fd/2", [directory], "stderr"); EEXIST: go on',
    'symlinkat("/proc/kcore", [directory], "core"); EEXIST: go on',
  ]);
});

Deno.test("makeDevices() does nothing when /dev is a bind mount", () => {
  const dev = { destination: "/dev", source: "/d", options: ["bind"] };
  const context = contextOf(specOf([FUSE], [dev]));
  assertEquals(purposes((b) => makeDevices(b, context)), []);
});
