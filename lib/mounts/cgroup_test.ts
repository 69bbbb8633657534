import { block } from "../../init/builder.ts";
import { assertEquals } from "../deps/assert.ts";
import type { Mount } from "../spec/types.ts";
import type { CgroupHierarchy, MountHost } from "./context.ts";
import { mountAll } from "./mount.ts";
import { contextOf, lines, specWith } from "./testdata/steps.ts";

const CGROUP: Mount = {
  destination: "/sys/fs/cgroup",
  type: "cgroup",
  source: "cgroup",
  options: ["ro", "nosuid"],
};

function hierarchy(name: string, controllers: string[]): CgroupHierarchy {
  const mountPoint = `/sys/fs/cgroup/${name}`;
  return { controllers, mountPoint, containerPath: `${mountPoint}/box` };
}

const V1: MountHost["cgroup"] = {
  mode: "hybrid",
  hierarchies: [
    hierarchy("cpu,cpuacct", ["cpu", "cpuacct"]),
    hierarchy("systemd", ["name=systemd"]),
    hierarchy("unified", [""]),
  ],
};

function stepsOf(host: Partial<MountHost>, mount = CGROUP): string[] {
  const context = contextOf(specWith([mount]), host);
  const pick = /^(fs|open_tree|mount|move_mount|symlinkat)/;
  return lines((b) => mountAll(b, context), pick).map((line) =>
    line.replace(
      "MOVE_MOUNT_F_EMPTY_PATH|MOVE_MOUNT_T_EMPTY_PATH",
      "EMPTY_PATH",
    )
  );
}

Deno.test("mountAll() mounts cgroup2 on a v2 host, and falls back to the container's own cgroup", () => {
  const steps = stepsOf({});
  assertEquals(
    steps[0],
    'fsopen("cgroup2", FSOPEN_CLOEXEC); EPERM, EBUSY: to refused',
  );
  assertEquals(
    steps.filter((line) => line.startsWith("open_tree")),
    [
      'open_tree(AT_FDCWD, "/sys/fs/cgroup/box", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC)',
    ],
  );
  assertEquals(
    steps.at(-1),
    'move_mount([cgroup2], "", [target], "", EMPTY_PATH)',
  );
});

Deno.test("mountAll() falls back to all cgroups of a v2 host without a cgroup namespace", () => {
  assertEquals(
    stepsOf({ cgroupNamespace: false })
      .filter((line) => line.startsWith("open_tree")),
    ['open_tree(AT_FDCWD, "/sys/fs/cgroup", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC)'],
  );
});

Deno.test("mountAll() masks cgroups that a user namespace can't reach", () => {
  const steps = stepsOf({ userNamespace: true });
  assertEquals(
    steps.find((line) => line.startsWith("open_tree")),
    'open_tree(AT_FDCWD, "/sys/fs/cgroup/box", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC); ENOENT: to no cgroup',
  );
  assertEquals(steps.some((line) => line.includes("nr_blocks")), true);
});

Deno.test("mountAll() labels the directory of the v1 hierarchies", () => {
  const label = "system_u:object_r:container_file_t:s0:c1,c2";
  const spec = specWith([CGROUP], { linux: { mountLabel: label } });
  const context = contextOf(spec, { cgroup: V1 });
  assertEquals(
    lines((b) => mountAll(b, context), /^fsconfig/).filter((line) =>
      line.includes("context")
    ),
    [`fsconfig($fsopen, FSCONFIG_SET_STRING, "context", "${label}", 0)`],
  );
});

Deno.test("mountAll() binds the container's v1 cgroups into a tmpfs, with links for shared ones", () => {
  const changed =
    'mount_setattr($open_tree, "", AT_EMPTY_PATH, {set MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOSUID, clear MOUNT_ATTR_NODEV|MOUNT_ATTR_NOEXEC|MOUNT_ATTR_NOSYMFOLLOW}, 32); EPERM: to locked';
  const locked =
    'mount_setattr($open_tree, "", AT_EMPTY_PATH, {set MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOSUID}, 32)';
  const attached = 'move_mount($open_tree, "", $openat2, "", EMPTY_PATH)';
  assertEquals(stepsOf({ cgroup: V1, cgroupNamespace: false }), [
    'fsopen("tmpfs", FSOPEN_CLOEXEC)',
    'fsconfig($fsopen, FSCONFIG_SET_STRING, "source", "tmpfs", 0)',
    'fsconfig($fsopen, FSCONFIG_SET_STRING, "mode", "755", 0)',
    "fsconfig($fsopen, FSCONFIG_CMD_CREATE, 0, 0, 0)",
    "fsmount($fsopen, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV|MOUNT_ATTR_NOEXEC)",
    'move_mount($fsmount, "", [target], "", EMPTY_PATH)',
    'open_tree(AT_FDCWD, "/sys/fs/cgroup/cpu,cpuacct/box", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE)',
    changed,
    locked,
    attached,
    'symlinkat("cpu,cpuacct", $fsmount, "cpu")',
    'symlinkat("cpu,cpuacct", $fsmount, "cpuacct")',
    'open_tree(AT_FDCWD, "/sys/fs/cgroup/systemd/box", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE)',
    changed,
    locked,
    attached,
    'mount_setattr($fsmount, "", AT_EMPTY_PATH, {set MOUNT_ATTR_RDONLY}, 32)',
  ]);
});

Deno.test("mountAll() binds our own v1 cgroup where the container was not given one", () => {
  const own = {
    ...hierarchy("pids", ["pids"]),
    ownPath: "/sys/fs/cgroup/pids/ours",
  };
  const cgroup = { mode: "v1" as const, hierarchies: [own] };
  assertEquals(
    stepsOf({ cgroup, cgroupNamespace: false, userNamespace: true })
      .filter((line) => /^(open_tree|move_mount)/.test(line)).slice(1),
    [
      'open_tree(AT_FDCWD, "/sys/fs/cgroup/pids/box", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE); ENOENT: to no cgroup',
      'open_tree(AT_FDCWD, "/sys/fs/cgroup/pids/ours", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE)',
      'move_mount([cgroup], "", $openat2, "", EMPTY_PATH)',
    ],
  );
});

Deno.test("mountAll() mounts v1 cgroups anew in a cgroup namespace", () => {
  const steps = stepsOf({ cgroup: V1 }, { ...CGROUP, options: [] });
  assertEquals(steps.slice(6, 11), [
    'fsopen("cgroup", FSOPEN_CLOEXEC)',
    'fsconfig($fsopen, FSCONFIG_SET_STRING, "source", "cgroup", 0)',
    'fsconfig($fsopen, FSCONFIG_SET_FLAG, "cpu", 0, 0)',
    'fsconfig($fsopen, FSCONFIG_SET_FLAG, "cpuacct", 0, 0)',
    "fsconfig($fsopen, FSCONFIG_CMD_CREATE, 0, 0, 0)",
  ]);
  assertEquals(
    steps.includes(
      'fsconfig($fsopen, FSCONFIG_SET_STRING, "name", "systemd", 0)',
    ),
    true,
  );
  assertEquals(steps.some((line) => line.includes("RDONLY")), false);
});

Deno.test("mountAll() opens a directory that only init knows the name of in the one above it", () => {
  const containerPath = {
    directory: "/sys/fs/cgroup",
    name: block("id", 8),
  };
  const host: Partial<MountHost> = {
    cgroupNamespace: true,
    cgroup: {
      mode: "v2",
      hierarchies: [{ ...V1.hierarchies[2]!, containerPath }],
    },
  };
  assertEquals(
    stepsOf(host).filter((line) => line.startsWith("open_tree")),
    ["open_tree($openat, {id}, OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC)"],
  );
});
