import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { RootfsPropagation, Spec } from "../spec/types.ts";
import type { MountContextOptions, MountHost } from "./context.ts";
import { makeCwd } from "./cwd.ts";
import { finishRoot } from "./finish.ts";
import { maskPaths, readonlyPaths } from "./masks.ts";
import { bareMounts, pivotRoot } from "./pivot.ts";
import { prepareRoot } from "./root.ts";
import { contextOf, lines, purposes, specWith } from "./testdata/steps.ts";

/** A container with a /dev of its own owner, so that no devices come into play. */
function plain(more: Partial<Spec> = {}): Spec {
  const dev = { destination: "/dev", source: "/d", options: ["bind"] };
  return specWith([dev], more);
}

function prepared(
  rootfsPropagation: string | undefined,
  host: Partial<MountHost> = {},
  options: Partial<MountContextOptions> = {},
): string[] {
  const linux = rootfsPropagation === undefined
    ? {}
    : { rootfsPropagation: rootfsPropagation as RootfsPropagation };
  const context = contextOf(plain({ linux }), host, options);
  return lines((b) => prepareRoot(b, context), /^(mount|open|umask|move)/);
}

Deno.test("prepareRoot() makes all mounts slaves and the root a mount of its own", () => {
  assertEquals(prepared(undefined), [
    "umask(00)",
    'mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, {MS_SLAVE}, 32)',
    'openat2(AT_FDCWD, "/bundle/rootfs", {O_PATH|O_DIRECTORY|O_CLOEXEC}, 24)',
    'open_tree($openat2, "", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE|AT_EMPTY_PATH)',
    'move_mount($open_tree, "", $openat2, "", MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH)',
  ]);
});

Deno.test("prepareRoot() makes the mount around a shared root private", () => {
  assertEquals(prepared("shared").slice(1, 5), [
    'mount_setattr(AT_FDCWD, "/", 0, {MS_SHARED}, 32)',
    'mount_setattr(AT_FDCWD, "/bundle/rootfs", 0, {MS_PRIVATE}, 32); EINVAL: to no mount',
    'mount_setattr(AT_FDCWD, "/bundle", 0, {MS_PRIVATE}, 32); EINVAL: to no mount',
    'mount_setattr(AT_FDCWD, "/", 0, {MS_PRIVATE}, 32)',
  ]);
});

Deno.test("prepareRoot() leaves unbindable for later: it would forbid the clone", () => {
  assertEquals(prepared("unbindable"), prepared(undefined));
  assertEquals(
    prepared("rprivate")[1],
    prepared(undefined)[1]!.replace("SLAVE", "PRIVATE"),
  );
});

Deno.test("prepareRoot() keeps the tree detached without a mount namespace, and mounts from spreading", () => {
  const steps = prepared(undefined, { mountNamespace: false });
  assertEquals(steps.slice(0, 2), [
    "umask(00)",
    'openat2(AT_FDCWD, "/bundle/rootfs", {O_PATH|O_DIRECTORY|O_CLOEXEC}, 24)',
  ]);
  assertEquals(steps.some((step) => step.startsWith("move_mount")), false);
  const change = steps.find((step) => step.startsWith("mount_setattr"));
  assertStringIncludes(change ?? "", "MS_PRIVATE");
});

Deno.test("prepareRoot() refuses an unknown propagation, and a private one without pivot_root", () => {
  assertThrows(
    () => prepared("sideways"),
    ConfigError,
    '/linux/rootfsPropagation: "sideways" is not supported',
  );
  assertThrows(
    () => prepared("rprivate", {}, { noPivot: true }),
    ConfigError,
    "not safe without pivot_root",
  );
});

function pivoted(
  more: Partial<Spec>,
  host: Partial<MountHost> = {},
  options: Partial<MountContextOptions> = {},
): string[] {
  const context = contextOf(plain(more), host, options);
  return lines((b) => pivotRoot(b, context));
}

Deno.test("pivotRoot() lets the old root disappear without reaching the host", () => {
  assertEquals(pivoted({}), [
    'openat2(AT_FDCWD, "/", {O_PATH|O_DIRECTORY|O_CLOEXEC}, 24)',
    "fchdir(9)",
    'pivot_root(".", ".")',
    'mount_setattr($openat2, "", AT_RECURSIVE|AT_EMPTY_PATH, {MS_SLAVE}, 32)',
    "fchdir($openat2)",
    'umount2(".", MNT_DETACH)',
    "close($openat2)",
    'chdir("/")',
  ]);
});

Deno.test("pivotRoot() applies shared and unbindable to the new root", () => {
  const last = (rootfsPropagation: RootfsPropagation) =>
    pivoted({ linux: { rootfsPropagation } }).at(-1);
  const changed = (flags: string, name: string) =>
    `mount_setattr(AT_FDCWD, "/", ${flags}, {${name}}, 32)`;
  assertEquals(last("unbindable"), changed("0", "MS_UNBINDABLE"));
  assertEquals(last("rshared"), changed("AT_RECURSIVE", "MS_SHARED"));
  assertEquals(last("private"), 'chdir("/")');
});

Deno.test("pivotRoot() takes a verified null device along when there is something to mask", () => {
  const steps = pivoted({ linux: { maskedPaths: ["/a"] } });
  assertEquals(steps.slice(0, 6), [
    'open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC)',
    'statx($open_tree, "", AT_EMPTY_PATH, STATX_BASIC_STATS|STATX_MNT_ID, {statx})',
    "unless [statx+28] & 0xf000 is 0x2000, to no null device",
    "unless [statx+128] is 1, to no null device",
    "unless [statx+132] is 3, to no null device",
    "to null device",
  ]);
});

Deno.test("pivotRoot() moves the root with noPivot, and hides whole proc and sysfs mounts", () => {
  const bare = ["/proc", "/bundle/rootfs/proc"];
  assertEquals(pivoted({}, { bareMounts: bare }, { noPivot: true }), [
    'mount_setattr(AT_FDCWD, "/proc", AT_RECURSIVE, {MS_SLAVE}, 32); ENOENT, EINVAL: to next',
    'umount2("/proc", MNT_DETACH); EINVAL, EPERM: to cover',
    "to next",
    'mount("tmpfs", "/proc", "tmpfs", 0, 0)',
    "fchdir(9)",
    'move_mount(9, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH)',
    'chroot(".")',
    'chdir("/")',
  ]);
});

Deno.test("pivotRoot() only changes the root directory without a mount namespace", () => {
  assertEquals(pivoted({}, { mountNamespace: false }), [
    "fchdir(9)",
    'chroot(".")',
    'chdir("/")',
  ]);
});

Deno.test("bareMounts() finds mounts of all of proc and sysfs", () => {
  const mountinfo = `22 27 0:21 / /proc rw - proc proc rw
23 27 0:22 / /sys rw shared:3 - sysfs sysfs rw
24 27 0:21 /sys /proc/sys ro - proc proc rw
25 27 0:6 / /dev rw - devtmpfs devtmpfs rw
26 27 0:21 / /a\\040b/proc rw - proc proc rw
`;
  assertEquals(bareMounts(mountinfo), ["/proc", "/sys", "/a b/proc"]);
});

Deno.test("finishRoot() makes delayed mounts and the root read-only", () => {
  const context = contextOf(plain({ root: { path: "r", readonly: true } }));
  context.delayed.push({
    mount: 11,
    destination: "/dev",
    pointer: "/mounts/0",
  });
  const steps = lines((b) => finishRoot(b, context));
  assertEquals(steps.slice(0, 3), [
    'mount_setattr(11, "", AT_EMPTY_PATH, {set MOUNT_ATTR_RDONLY}, 32); EBUSY: to busy',
    "to read-only",
    "nanosleep({100 ms}, 0)",
  ]);
  assertEquals(steps.slice(-2), [
    "close(11)",
    'mount_setattr(9, "", AT_EMPTY_PATH, {set MOUNT_ATTR_RDONLY}, 32)',
  ]);
});

Deno.test("finishRoot() does nothing for a writable root", () => {
  assertEquals(lines((b) => finishRoot(b, contextOf(plain()))), []);
});

Deno.test("readonlyPaths() and maskPaths() take each path once", () => {
  const paths = ["/proc/sys", "/proc/./sys/", "/data"];
  const linux = { maskedPaths: paths, readonlyPaths: paths };
  const context = contextOf(plain({ linux }));
  context.nullDevice = 8;
  assertEquals(purposes((b) => readonlyPaths(b, context)), [
    "make /proc/sys read-only",
    "make /data read-only",
  ]);
  assertEquals(purposes((b) => maskPaths(b, context)), [
    "mask paths",
    "mask /proc/sys",
    "mask /data",
  ]);
});

Deno.test("readonlyPaths() and maskPaths() need a mount namespace", () => {
  for (const field of ["maskedPaths", "readonlyPaths"] as const) {
    const spec = plain({ linux: { [field]: ["/a"] } });
    const context = contextOf(spec, { mountNamespace: false });
    context.nullDevice = 8;
    assertThrows(
      () =>
        lines((b) =>
          (field === "maskedPaths" ? maskPaths : readonlyPaths)(b, context)
        ),
      ConfigError,
      `/linux/${field}: needs a mount namespace`,
    );
  }
});

Deno.test("makeCwd() makes the directories of the working directory one by one", () => {
  const made = (cwd: string) =>
    lines((b) => {
      const process = { cwd, args: [], user: { uid: 0, gid: 0 } };
      makeCwd(b, contextOf(plain({ process })));
    }, /^mkdirat/);
  assertEquals(made("/"), []);
  assertEquals(made("/a/./b/../c/"), [
    'mkdirat(AT_FDCWD, "/a", 0755); EEXIST: go on',
    'mkdirat(AT_FDCWD, "/a/b", 0755); EEXIST: go on',
    'mkdirat(AT_FDCWD, "/a/b/../c", 0755); EEXIST: go on',
  ]);
});
