import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { Mount } from "../spec/types.ts";
import type { MountHost } from "./context.ts";
import { mountAll } from "./mount.ts";
import { contextOf, lines, purposes, specWith } from "./testdata/steps.ts";

/** Everything but the way to the mount point. */
const MAKING =
  /^(fs|open_tree|mount|move_mount|fch|symlinkat|sendmsg|recvmsg|write)/;

function stepsOf(mount: Mount, host: Partial<MountHost> = {}): string[] {
  const context = contextOf(specWith([mount]), host);
  return lines((b) => mountAll(b, context), MAKING)
    .filter((line) => !line.startsWith("mkdirat"))
    .map((line) =>
      line.replace(
        "MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH",
        "EMPTY_PATH",
      )
    );
}

const ASK_TARGET = [
  "sendmsg(5, {message TARGET}, 16384)",
  "recvmsg(5, {answer}, 1073741824)",
];

Deno.test("mountAll() mounts proc on an ordinary directory", () => {
  const mount = { destination: "/proc", type: "proc", source: "proc" };
  const context = contextOf(specWith([mount]));
  const steps = lines((b) => mountAll(b, context));
  const how =
    "{O_PATH|O_DIRECTORY|O_CLOEXEC, RESOLVE_NO_MAGICLINKS|RESOLVE_NO_SYMLINKS|RESOLVE_IN_ROOT}";
  assertEquals(
    steps[0],
    `openat2(9, "proc", ${how}, 24); ENOENT, EAGAIN, ELOOP, ENOTDIR: to missing`,
  );
  assertEquals(steps.slice(8), [
    'fsopen("proc", FSOPEN_CLOEXEC)',
    'fsconfig($fsopen, FSCONFIG_SET_STRING, "source", "proc", 0)',
    "fsconfig($fsopen, FSCONFIG_CMD_CREATE, 0, 0, 0)",
    "fsmount($fsopen, FSMOUNT_CLOEXEC, 0)",
    "close($fsopen)",
    'move_mount($fsmount, "", [target], "", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH)',
    "close([target])",
    'statx($fsmount, "", AT_EMPTY_PATH, STATX_BASIC_STATS|STATX_MNT_ID, {/proc})',
    "close($fsmount)",
  ]);
});

Deno.test("mountAll() binds a clone that is changed before it is attached", () => {
  const options = ["rbind", "ro", "rprivate", "rnosuid"];
  assertEquals(
    stepsOf({ destination: "/a/b", source: "data", options }),
    [
      'open_tree(AT_FDCWD, "/bundle/data", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE)',
      'mount_setattr($open_tree, "", AT_EMPTY_PATH, {set MOUNT_ATTR_RDONLY, clear MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV|MOUNT_ATTR_NOEXEC|MOUNT_ATTR_NOSYMFOLLOW}, 32); EPERM: to locked',
      'mount_setattr($open_tree, "", AT_EMPTY_PATH, {set MOUNT_ATTR_RDONLY}, 32)',
      ...ASK_TARGET,
      'move_mount($open_tree, "", [target], "", EMPTY_PATH)',
      'mount_setattr($open_tree, "", AT_RECURSIVE|AT_EMPTY_PATH, {set MOUNT_ATTR_NOSUID}, 32)',
      'mount_setattr($open_tree, "", AT_RECURSIVE|AT_EMPTY_PATH, {MS_PRIVATE}, 32)',
    ],
  );
});

Deno.test("mountAll() asks the parent for a source that a user namespace can't reach", () => {
  const mount = { destination: "/a", source: "/src", options: ["bind"] };
  assertEquals(stepsOf(mount, { userNamespace: true }).slice(0, 3), [
    'open_tree(AT_FDCWD, "/src", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC); EACCES: to not reachable',
    "write(5, {message SOURCE}, 8)",
    "recvmsg(5, {answer}, 1073741824)",
  ]);
});

Deno.test("mountAll() has the parent map the ids of a clone before it is attached", () => {
  const mapping = [{ containerID: 0, hostID: 5, size: 1 }];
  const mount = {
    destination: "/a",
    source: "/src",
    options: ["bind"],
    uidMappings: mapping,
    gidMappings: mapping,
  };
  assertEquals(stepsOf(mount).slice(0, 2), [
    'open_tree(AT_FDCWD, "/src", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC)',
    "sendmsg(5, {message SOURCE}, 16384)",
  ]);
  const options = ["bind", "idmap"];
  const steps = stepsOf(
    { destination: "/a", source: "/src", options },
    { userNamespace: true },
  );
  assertEquals(
    steps.filter((line) => /SOURCE|move_mount/.test(line)).map((line) =>
      line.split("(")[0]
    ),
    ["write", "sendmsg", "move_mount"],
  );
});

Deno.test("mountAll() refuses to map ids without mappings and user namespace", () => {
  const mount = { destination: "/a", source: "/b", options: ["bind", "idmap"] };
  const error = assertThrows(() => stepsOf(mount), ConfigError);
  assertEquals(
    error.message,
    "/mounts/0/options: an id-mapped mount needs mappings, or a user namespace",
  );
});

Deno.test("mountAll() gives a tmpfs the mode of what it covers, and delays its read-only", () => {
  const context = contextOf(specWith([{
    destination: "/tmp",
    type: "tmpfs",
    source: "tmpfs",
    options: ["ro", "noexec", "size=1m"],
  }]));
  const steps = lines((b) => mountAll(b, context), /^(fs|fchmod|TEST|close)/);
  assertEquals(steps.slice(-10), [
    'fsopen("tmpfs", FSOPEN_CLOEXEC)',
    'fsconfig($fsopen, FSCONFIG_SET_STRING, "source", "tmpfs", 0)',
    'fsconfig($fsopen, FSCONFIG_SET_STRING, "size", "1m", 0)',
    "fsconfig($fsopen, FSCONFIG_CMD_CREATE, 0, 0, 0)",
    "fsmount($fsopen, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOEXEC)",
    "close($fsopen)",
    "unless [made] is 0, to was made",
    "fchmod($openat2, [statx+28])",
    "close($openat2)",
    "close([target])",
  ]);
  assertEquals(context.delayed.map(({ destination }) => destination), ["/tmp"]);
});

Deno.test("mountAll() leaves a tmpfs with a configured mode alone", () => {
  const options = ["mode=1777"];
  const steps = stepsOf({ destination: "/t", type: "tmpfs", options });
  assertEquals(steps.some((line) => line.startsWith("fchmod")), false);
});

Deno.test("mountAll() sends both directories for tmpcopyup before it attaches", () => {
  const options = ["tmpcopyup", "mode=755"];
  const steps = stepsOf({ destination: "/t", type: "tmpfs", options });
  assertEquals(steps.slice(-2), [
    "sendmsg(5, {message COPY_UP}, 16384)",
    'move_mount($fsmount, "", [target], "", EMPTY_PATH)',
  ]);
});

Deno.test("mountAll() mounts by mount(2) what fsconfig(2) can't express", () => {
  const lower = `lowerdir=${"x".repeat(300)}`;
  const steps = stepsOf({
    destination: "/o",
    type: "overlay",
    source: "overlay",
    options: ["nosuid", lower],
  });
  assertEquals(steps.slice(-2), [
    "fchdir([target])",
    `mount("overlay", ".", "overlay", MS_NOSUID, "${lower}")`,
  ]);
});

Deno.test("mountAll() labels what takes a label", () => {
  const label = "system_u:object_r:container_file_t:s0:c1,c2";
  const linux = { mountLabel: label };
  const stepsFor = (type: string) => {
    const mount = { destination: "/m", type, source: type };
    const context = contextOf(specWith([mount], { linux }));
    return lines((b) => mountAll(b, context), /^fs/)
      .filter((line) => line.includes(label));
  };
  assertEquals(stepsFor("tmpfs"), [
    `fsconfig($fsopen, FSCONFIG_SET_STRING, "context", "${label}", 0)`,
  ]);
  assertEquals(stepsFor("mqueue"), [
    `fsetxattr($openat2, "security.selinux", "${label}", ${label.length}, 0)`,
  ]);
  assertEquals(stepsFor("proc"), []);
});

Deno.test("mountAll() takes the host's sysfs where a user namespace has not its own network", () => {
  const mount = {
    destination: "/sys",
    type: "sysfs",
    source: "sysfs",
    options: ["ro"],
  };
  const fallback =
    'open_tree(AT_FDCWD, "/sys", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE)';
  assertEquals(stepsOf(mount).includes(fallback), false);
  const steps = stepsOf(mount, { userNamespace: true });
  assertEquals(steps.slice(-3), [
    fallback,
    'mount_setattr([sysfs], "", AT_RECURSIVE|AT_EMPTY_PATH, {set MOUNT_ATTR_RDONLY}, 32)',
    'move_mount([sysfs], "", [target], "", EMPTY_PATH)',
  ]);
  const linux = { namespaces: [{ type: "network" as const }] };
  const context = contextOf(specWith([mount], { linux }), {
    userNamespace: true,
  });
  assertEquals(lines((b) => mountAll(b, context)).includes(fallback), false);
});

Deno.test("mountAll() remounts: attributes only with bind, else the file system", () => {
  const remount = (...options: string[]) =>
    stepsOf({
      destination: "/m",
      type: "tmpfs",
      source: "x",
      options: ["remount", ...options],
    });
  assertEquals(remount("ro", "size=1m"), [
    "fchdir($openat2)",
    'mount(0, ".", 0, MS_RDONLY|MS_REMOUNT, "size=1m")',
  ]);
  assertEquals(remount("bind", "ro").map((line) => line.split("(")[0]), [
    "mount_setattr",
    "mount_setattr",
  ]);
});

Deno.test("mountAll() names each mount's purpose", () => {
  const context = contextOf(specWith([
    { destination: "/proc", type: "proc", source: "proc" },
    { destination: "x", source: "/src", options: ["bind"] },
    { destination: "/proc", options: ["remount"] },
  ]));
  assertEquals(purposes((b) => mountAll(b, context)), [
    "mount proc on /proc",
    "mount /src on x",
    "remount /proc",
  ]);
});
