import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../deps/assert.ts";
import { CgroupError, ConfigError } from "../errors.ts";
import type { Resources } from "../spec/types.ts";
import {
  type CgroupOptions,
  createManager,
  openManager,
} from "./create_manager.ts";
import type { CgroupLayout } from "./layout.ts";
import type { CgroupManager } from "./manager.ts";
import { FakeFiles, type FakeStart } from "./testdata/fake_files.ts";

const V1: CgroupLayout = {
  mode: "v1",
  mounts: ["cpuset", "devices", "memory", "pids"].map((name) => ({
    controllers: [name],
    mountPoint: `/cg/${name}`,
    root: "/",
  })),
  own: { cpuset: "/", devices: "/", memory: "/own", pids: "/" },
};
const V2: CgroupLayout = {
  mode: "v2",
  mounts: [{ controllers: [""], mountPoint: "/cg", root: "/" }],
  own: { "": "/user/scope" },
};
const PIDS = { "cgroup.controllers": "cpu memory pids\n" };
const ROOT_SETS = { "cpuset.cpus": "0-3\n", "cpuset.mems": "0\n" };

/** A host of fakes, by the last part of their mount points. */
function fakeHost(
  starts: Record<string, FakeStart>,
): { files: Record<string, FakeFiles>; open: () => FakeFiles } {
  const files = Object.fromEntries(
    Object.entries(starts).map((
      [name, start],
    ) => [
      name,
      new FakeFiles({
        mountPoint: name === "cg" ? "/cg" : `/cg/${name}`,
        ...start,
      }),
    ]),
  );
  const open = (mountPoint = ""): FakeFiles =>
    files[mountPoint.slice(mountPoint.lastIndexOf("/") + 1)]!;
  return { files, open };
}

/** A v1 host where all can be written; `changes` by hierarchy. */
function v1Host(
  changes: Record<string, FakeStart> = {},
): ReturnType<typeof fakeHost> {
  const usual: Record<string, FakeStart> = {
    cpuset: { files: ROOT_SETS, anyFile: true },
    devices: { anyFile: true, files: { "web/devices.list": "a *:* rwm\n" } },
    memory: { anyFile: true, directories: ["own"] },
    pids: { anyFile: true },
  };
  for (const [name, change] of Object.entries(changes)) {
    usual[name] = { ...usual[name], ...change };
  }
  return fakeHost(usual);
}

function v2Host(change: FakeStart = {}): ReturnType<typeof fakeHost> {
  const files = {
    "cgroup.controllers": "cpu memory\n",
    "user/web/cgroup.type": "domain\n",
  };
  const types = {
    "user/cgroup.type": "domain\n",
    "a/cgroup.type": "domain\n",
    "a/b/cgroup.type": "domain\n",
  };
  return fakeHost({
    cg: {
      anyFile: true,
      directories: ["user"],
      ...change,
      files: { ...files, ...types, ...change.files },
    },
  });
}

function manage(
  layout: CgroupLayout,
  host: ReturnType<typeof fakeHost>,
  options: Partial<CgroupOptions> = {},
): CgroupManager {
  return createManager(layout, { id: "web", ...options }, host.open);
}

Deno.test("create() on v1 makes a directory in each hierarchy, and fills the cpuset from above", () => {
  const host = v1Host();
  const manager = manage(V1, host);
  manager.create();
  assertEquals(host.files["cpuset"]!.log, [
    "mkdir web",
    "write web/cpuset.cpus=0-3",
    "write web/cpuset.mems=0",
  ]);
  assertEquals(host.files["memory"]!.log, ["mkdir own/web"]);
  assertEquals(manager.paths, {
    cpuset: "/cg/cpuset/web",
    devices: "/cg/devices/web",
    memory: "/cg/memory/own/web",
    pids: "/cg/pids/web",
  });
  assertEquals([manager.warnings, manager.toJSON().existing], [[], []]);
});

Deno.test("create() on v1 hands cpusets down every level, and puts the container's own first", () => {
  const files = {
    ...ROOT_SETS,
    "a/cpuset.cpus": "\n",
    "a/cpuset.mems": "1\n",
    "a/b/cpuset.mems": "\n",
  };
  const host = v1Host({ cpuset: { files, directories: ["a"] } });
  manage(V1, host, { cgroupsPath: "/a/b" }).create({ cpu: { cpus: "2" } });
  assertEquals(host.files["cpuset"]!.log, [
    "write a/cpuset.cpus=0-3",
    "mkdir a/b",
    "write a/b/cpuset.cpus=2",
    "write a/b/cpuset.mems=1",
  ]);
  assertEquals(host.files["pids"]!.log, [
    "mkdir a/b: ENOENT",
    "mkdir a",
    "mkdir a/b",
  ]);
});

Deno.test("create() on v1 hands real-time bandwidth down every level that it makes", () => {
  const cpu = { controllers: ["cpu"], mountPoint: "/cg/cpu", root: "/" };
  const layout = {
    ...V1,
    mounts: [...V1.mounts, cpu],
    own: { ...V1.own, cpu: "/" },
  };
  const host = v1Host({ cpu: { anyFile: true, directories: ["a"] } });
  manage(layout, host, { cgroupsPath: "/a/b/c" }).create({
    cpu: { realtimeRuntime: 5, realtimePeriod: 10 },
  });
  assertEquals(host.files["cpu"]!.log, [
    "mkdir a/b/c: ENOENT",
    "mkdir a/b",
    "mkdir a/b/c",
    "write a/b/cpu.rt_period_us=10",
    "write a/b/cpu.rt_runtime_us=5",
    "write a/b/c/cpu.rt_period_us=10",
    "write a/b/c/cpu.rt_runtime_us=5",
  ]);
});

Deno.test("create() removes what it made when a later hierarchy refuses", () => {
  const host = v1Host({
    pids: { refuse: { "mkdir a/b": ["EACCES", "EACCES"] } },
  });
  const manager = manage(V1, host, { cgroupsPath: "/a/b" });
  const error = assertThrows(() => manager.create(), CgroupError);
  assertEquals(
    error.message,
    "Cannot make /cg/pids/a/b: permission denied (EACCES); run as root, or have the cgroup delegated to this user",
  );
  assertEquals(host.files["devices"]!.log.slice(-2), ["rmdir a/b", "rmdir a"]);
  assertEquals(host.files["cpuset"]!.log.slice(-2), ["rmdir a/b", "rmdir a"]);
});

Deno.test("create() refuses a cgroup with processes in it, on v1 in any hierarchy, and changes nothing", () => {
  for (const where of ["devices", "pids"]) {
    const start = {
      directories: ["web", "web/sub"],
      files: { "web/cgroup.procs": "", "web/sub/cgroup.procs": "7\n8\n" },
    };
    const host = v1Host({ [where]: start });
    assertThrows(
      () => manage(V1, host).create(),
      CgroupError,
      "container's cgroup is not empty: 2 process(es) found",
    );
    for (const { log } of Object.values(host.files)) assertEquals(log, []);
  }
});

Deno.test("create() refuses a frozen cgroup, even an empty one", () => {
  const files = {
    "web/cgroup.procs": "",
    "web/freezer.state": "FROZEN\n",
    "web/freezer.self_freezing": "1\n",
  };
  const layout = {
    ...V1,
    mounts: [...V1.mounts, {
      controllers: ["freezer"],
      mountPoint: "/cg/freezer",
      root: "/",
    }],
    own: { ...V1.own, freezer: "/" },
  };
  const host = v1Host({ freezer: { directories: ["web"], files } });
  assertThrows(
    () => manage(layout, host).create(),
    CgroupError,
    "container's cgroup unexpectedly frozen",
  );
  const v2 = v2Host({
    directories: ["user", "user/web"],
    files: { "user/web/cgroup.procs": "", "user/web/cgroup.freeze": "1\n" },
  });
  assertThrows(
    () => manage(V2, v2).create(),
    CgroupError,
    "container's cgroup unexpectedly frozen",
  );
});

Deno.test("destroy() leaves a cgroup that was there before, but nothing below it", async () => {
  const start = {
    directories: ["web", "web/sub"],
    files: { "web/cgroup.procs": "", "web/sub/cgroup.procs": "" },
  };
  const host = v1Host({ pids: start });
  const manager = manage(V1, host);
  manager.create();
  const record = JSON.parse(JSON.stringify(manager));
  assertEquals(record.existing, ["pids"]);
  await openManager(record, host.open).destroy();
  assertEquals(host.files["pids"]!.log, ["rmdir web/sub", "close"]);
  assertEquals(host.files["devices"]!.log, ["mkdir web", "rmdir web", "close"]);
});

Deno.test("destroy() waits for EBUSY to pass, and takes what is gone for removed", async () => {
  const host = v1Host({
    pids: { refuse: { "rmdir web": ["EBUSY", "EBUSY"] } },
  });
  const manager = manage(V1, host);
  manager.create();
  host.files["devices"]!.removeDirectory("web");
  await manager.destroy();
  assertEquals(host.files["pids"]!.log, [
    "mkdir web",
    "rmdir web: EBUSY",
    "rmdir web: EBUSY",
    "rmdir web",
    "close",
  ]);
  await manager.destroy();
});

Deno.test("destroy() takes what never was in a read-only file system for removed, and nothing else", async () => {
  const refuse = { "rmdir user/web": ["EROFS", "EROFS"] };
  const nowhere = manage(V2, v2Host({ refuse }));
  await nowhere.destroy();
  const there = manage(
    V2,
    v2Host({ refuse, directories: ["user", "user/web"] }),
  );
  await assertRejects(
    () => there.destroy(),
    CgroupError,
    "Cannot remove /cg/user/web: read-only file system (EROFS)",
  );
});

Deno.test("destroy() says which cgroup is still in use", async () => {
  const refuse = { "rmdir web": Array<string>(11).fill("EBUSY") };
  const host = v1Host({
    pids: { refuse, files: { "web/cgroup.procs": "5\n" } },
  });
  const manager = manage(V1, host);
  manager.create();
  await assertRejects(
    () => manager.destroy(),
    CgroupError,
    "Cannot remove /cg/pids/web: 1 process(es) still in it",
  );
});

Deno.test("of a cgroup that was only planned, nothing is killed, and only what is empty is removed", async () => {
  const refuse = { "rmdir web": ["EBUSY"] };
  const host = v1Host({
    pids: { refuse, files: { "web/cgroup.procs": "5\n" } },
  });
  host.files["pids"]!.makeDirectory("web");
  host.files["devices"]!.makeDirectory("web");
  const planned = manage(V1, host).toJSON();
  assertEquals(planned.planned, true);
  const manager = openManager(planned, host.open);
  assertEquals(await manager.kill(), true);
  await manager.destroy();
  assertEquals(host.files["pids"]!.log, [
    "mkdir web",
    "rmdir web: EBUSY",
    "close",
  ]);
  assertEquals(host.files["devices"]!.log, ["mkdir web", "rmdir web", "close"]);
});

Deno.test("a cgroup that was made is no longer planned", () => {
  for (const layout of [V1, V2]) {
    const manager = manage(layout, layout === V1 ? v1Host() : v2Host());
    manager.create();
    assertEquals(manager.toJSON().planned, undefined);
  }
});

Deno.test("without privileges, a container that asks for nothing does without cgroups, and says so", () => {
  const refuse = { "mkdir web": ["EACCES"] };
  const host = v1Host({ pids: { refuse } });
  const manager = manage(V1, host, { rootless: true });
  manager.create();
  assertEquals(Object.keys(manager.paths), ["cpuset", "devices", "memory"]);
  assertEquals(manager.warnings.length, 1);
  assert(
    manager.warnings[0]!.startsWith(
      "the container runs without the cgroup /cg/pids/web: Cannot make",
    ),
  );
  manager.join(5);
  assertEquals(host.files["pids"]!.log, ["mkdir web: EACCES"]);
  assertThrows(
    () => manager.apply({ pids: { limit: 5 } }, { devices: false }),
    CgroupError,
    "cannot set pids limit: container could not join or create cgroup",
  );
  assertThrows(
    () =>
      manage(V1, v1Host({ pids: { refuse } }), {
        rootless: true,
        cgroupsPath: "/web",
      }).create(),
    CgroupError,
    "EACCES",
  );
});

Deno.test("without privileges, one line tells of all cgroups that a container does without", () => {
  const refused = (...names: string[]): readonly string[] => {
    const parts = Object.fromEntries(names.map((name) => {
      const directory = name === "memory" ? "own/web" : "web";
      return [name, { refuse: { [`mkdir ${directory}`]: ["EACCES"] } }];
    }));
    const manager = manage(V1, v1Host(parts), { rootless: true });
    manager.create();
    manager.join(5);
    return manager.warnings;
  };
  const reason = (path: string): string =>
    `Cannot make ${path}: permission denied (EACCES); run as root, or have the cgroup delegated to this user`;
  assertEquals(refused("memory", "pids"), [
    `the container runs without the cgroups /cg/memory/own/web, /cg/pids/web: ${
      reason("/cg/memory/own/web")
    }`,
  ]);
  assertEquals(refused("cpuset", "devices", "memory", "pids"), [
    `the container runs without cgroups: ${
      reason("/cg/cpuset/web")
    } (and 3 more)`,
  ]);
});

Deno.test("without privileges on v2, limits need a cgroup and the lack of one is told", () => {
  const refuse = { "mkdir user/web": ["EACCES"] };
  const asking = (
    options: Partial<CgroupOptions>,
    resources: Resources,
  ): CgroupManager => {
    const manager = manage(V2, v2Host({ refuse, files: PIDS }), {
      rootless: true,
      ...options,
    });
    manager.create(resources);
    return manager;
  };
  const manager = asking({}, {});
  assertEquals([manager.paths, manager.warnings.length], [{}, 1]);
  manager.apply({});
  assertEquals([manager.pids(), manager.exists(), manager.openDirectory()], [
    [],
    false,
    undefined,
  ]);
  assertThrows(
    () => asking({}, { pids: { limit: 5 } }),
    CgroupError,
    "rootless needs no limits + no cgrouppath when no permission is granted for cgroups",
  );
  assertThrows(
    () => asking({ cgroupsPath: "user/web" }, {}),
    CgroupError,
    "Cannot make",
  );
});

Deno.test("without cgroups at all, only an unprivileged container that asks for nothing can be made", () => {
  const none: CgroupLayout = { mode: "none", mounts: [], own: {} };
  const host = fakeHost({});
  const manager = manage(none, host, { rootless: true });
  manager.create();
  manager.join(1);
  assertEquals(manager.warnings, [
    "the container runs without cgroups: no cgroup file system is mounted",
  ]);
  assertThrows(
    () => manager.apply({ memory: { limit: 5 } }),
    CgroupError,
    "cannot set memory limit",
  );
  assertThrows(
    () => manage(none, host),
    CgroupError,
    "no cgroup file system is mounted",
  );
});

Deno.test("create() on v2 hands all controllers down, one by one where not all can be", () => {
  const refuse = {
    "write cgroup.subtree_control=+cpu +memory": ["EINVAL"],
    "write cgroup.subtree_control=+cpu": ["EBUSY"],
  };
  const host = v2Host({ refuse });
  const manager = manage(V2, host, { cgroupsPath: "/a/b" });
  manager.create();
  assertEquals(host.files["cg"]!.log, [
    "write cgroup.subtree_control=+cpu +memory: EINVAL",
    "write cgroup.subtree_control=+cpu: EBUSY",
    "write cgroup.subtree_control=+memory",
    "mkdir a",
    "write a/cgroup.subtree_control=+cpu +memory",
    "mkdir a/b",
  ]);
  assertEquals(manager.paths, { "": "/cg/a/b" });
});

Deno.test("create() on v2 makes a cgroup below busy ones threaded, unless a limit needs more", () => {
  const files = { ...PIDS, "user/web/cgroup.type": "domain invalid\n" };
  const host = v2Host({ files });
  manage(V2, host).create({ pids: { limit: 5 } });
  assertEquals(
    host.files["cg"]!.log.at(-1),
    "write user/web/cgroup.type=threaded",
  );
  const limited = v2Host({ files });
  assertThrows(
    () => manage(V2, limited).create({ memory: { limit: 5 } }),
    CgroupError,
    "with domain controllers -- it is in an invalid state",
  );
  assertEquals(limited.files["cg"]!.log.at(-1), "rmdir user/web");
});

Deno.test("join() tries EINVAL again, and explains any other refusal", () => {
  const host = v1Host({
    pids: { refuse: { "write web/cgroup.procs=7": ["EINVAL", "EINVAL"] } },
  });
  const manager = manage(V1, host);
  manager.create();
  manager.join(7);
  assertEquals(host.files["pids"]!.log.length, 4);
  const dead = v1Host({
    devices: { refuse: { "write web/cgroup.procs=7": ["ESRCH"] } },
  });
  assertThrows(
    () => manage(V1, dead).join(7),
    CgroupError,
    "the process has ended",
  );
});

Deno.test("apply() on v1 checks that the device rules took effect", () => {
  const manager = manage(V1, v1Host());
  manager.create();
  assertThrows(
    () => manager.apply({}),
    CgroupError,
    "devices.list is not what was asked for",
  );
  manager.apply({}, { devices: false });
});

Deno.test("apply() on v1 without privileges goes on without device rules, but for no other reason", () => {
  const host = (errno: string): ReturnType<typeof fakeHost> =>
    v1Host({ devices: { refuse: { "write web/devices.deny=a": [errno] } } });
  const manager = manage(V1, host("EPERM"), { rootless: true });
  manager.apply({});
  assertEquals(manager.warnings.length, 1);
  assertThrows(
    () => manage(V1, host("EIO"), { rootless: true }).apply({}),
    CgroupError,
    "EIO",
  );
  assertThrows(() => manage(V1, host("EPERM")).apply({}), CgroupError, "EPERM");
});

Deno.test("limits that can't be kept are refused by their pointer before anything is made", () => {
  const refused: [CgroupLayout, Resources, string][] = [
    [V1, { unified: { "memory.high": "5" } }, "/linux/resources/unified"],
    [V2, { network: { classID: 7 } }, "/linux/resources/network/classID"],
    [
      V2,
      { network: { priorities: [{ name: "lo", priority: 1 }] } },
      "/linux/resources/network/priorities",
    ],
    [
      V2,
      { blockIO: { leafWeight: 10 } },
      "/linux/resources/blockIO/leafWeight",
    ],
    [
      V2,
      { blockIO: { weightDevice: [{ major: 8, minor: 0, leafWeight: 9 }] } },
      "/linux/resources/blockIO/weightDevice/0/leafWeight",
    ],
    [
      V2,
      { unified: { "../a.b": "1" } },
      "/linux/resources/unified/..~1a.b",
    ],
    [
      V2,
      { unified: { "cgroup.procs": "1" } },
      "/linux/resources/unified/cgroup.procs",
    ],
    [V2, { memory: { limit: 5, swap: 3 } }, "/linux/resources/memory/swap"],
    [V1, { memory: { swappiness: 200 } }, "/linux/resources/memory/swappiness"],
    [
      V1,
      { devices: [{ allow: true, type: "c" }] },
      "/linux/resources/devices/0/access",
    ],
  ];
  for (const [layout, resources, pointer] of refused) {
    const host = layout === V1 ? v1Host() : v2Host();
    const manager = manage(layout, host);
    for (
      const act of [
        () => manager.create(resources),
        () => manager.apply(resources),
      ]
    ) {
      assertEquals(assertThrows(act, ConfigError).pointer, pointer);
    }
    for (const { log } of Object.values(host.files)) assertEquals(log, []);
  }
});

Deno.test("limits that change nothing pass, whether a controller sets them or not", () => {
  const nothing: Resources = {
    blockIO: { weight: 0, leafWeight: 0, throttleReadBpsDevice: [] },
    hugepageLimits: [],
    network: { classID: 0, priorities: [] },
    rdma: {},
    unified: {},
  };
  manage(V1, v1Host()).create(nothing);
  manage(V2, v2Host()).create(nothing);
});

Deno.test("a limit of a controller that v1 has nowhere is refused before anything is made", () => {
  const host = v1Host();
  const manager = manage(V1, host);
  const error = assertThrows(
    () => manager.create({ hugepageLimits: [{ pageSize: "2MB", limit: 5 }] }),
    CgroupError,
  );
  assertEquals(
    error.message,
    "cannot set hugetlb limit: container could not join or create cgroup: no cgroup v1 hierarchy has this controller; " +
      "mount one on /sys/fs/cgroup/hugetlb",
  );
  for (const { log } of Object.values(host.files)) assertEquals(log, []);
});

Deno.test("a limit of a controller that only the hierarchy beside v1 has is refused, and says so", () => {
  const unified = { controllers: [""], mountPoint: "/cg/unified", root: "/" };
  const layout: CgroupLayout = {
    mode: "hybrid",
    mounts: [...V1.mounts, unified],
    own: { ...V1.own, "": "/" },
  };
  const host = v1Host({
    unified: { anyFile: true, files: { "cgroup.controllers": "hugetlb\n" } },
  });
  const refused = (resources: Resources): string =>
    assertThrows(() => manage(layout, host).create(resources), CgroupError)
      .message;
  assertStringIncludes(
    refused({ hugepageLimits: [{ pageSize: "2MB", limit: 5 }] }),
    "/cg/unified/cgroup.controllers has it, but beside v1 that hierarchy sets no limits: boot with cgroup v2 alone, " +
      "or mount one on /sys/fs/cgroup/hugetlb",
  );
  const rdma = refused({ rdma: { mlx5: { hcaHandles: 3 } } });
  assertStringIncludes(rdma, "has this controller; mount one on");
});

Deno.test("a limit of a controller that v2 does not have is refused before anything is made", () => {
  const asked: [Resources, string][] = [
    [{ pids: { limit: 5 } }, "pids"],
    [{ unified: { "misc.max": "x 1" } }, "misc"],
  ];
  for (const [resources, name] of asked) {
    const host = v2Host();
    const error = assertThrows(
      () => manage(V2, host).create(resources),
      CgroupError,
    );
    assertEquals(error.file, "/cg/cgroup.controllers");
    assertEquals(
      error.message,
      `cannot set ${name} limit: /cg/cgroup.controllers has no ${name}: the kernel was built or booted without this ` +
        "controller, or a v1 hierarchy has it",
    );
    assertEquals(host.files["cg"]!.log, []);
  }
});

Deno.test("update() changes what is given and no more; device rules only if there are some", () => {
  const host = v1Host({ memory: { anyFile: true } });
  const manager = manage(V1, host);
  manager.create();
  const logs = (): string[][] =>
    Object.values(host.files).map(({ log }) => log.splice(0));
  logs();
  manager.update({ memory: { limit: 5 } });
  const [cpuset, devices, memory] = logs();
  assertEquals([cpuset, devices], [[], []]);
  assertEquals(
    memory?.filter((line) => line.startsWith("write")).length,
    1,
  );
  assertThrows(
    () => manager.update({ devices: [] }),
    CgroupError,
    "devices.list is not what was asked for",
  );
});

Deno.test("update() refuses all of it if one value can't be meant", () => {
  const host = v2Host();
  const manager = manage(V2, host);
  manager.create();
  host.files["cg"]!.log.splice(0);
  const resources = {
    pids: { limit: 5 },
    memory: { limit: 5, swap: 4 },
  };
  assertThrows(() => manager.update(resources), ConfigError);
  assertEquals(host.files["cg"]!.log, []);
});

Deno.test("update() of a container that does without cgroups says so", () => {
  const none: CgroupLayout = { mode: "none", mounts: [], own: {} };
  const manager = manage(none, v1Host(), { rootless: true });
  assertThrows(
    () => manager.update({ pids: { limit: 5 } }),
    CgroupError,
    "cannot update pids: the container has no cgroup",
  );
});

Deno.test("delegate() gives the directory and the files the kernel names to the user", () => {
  const host = v2Host({ files: { "user/web/cgroup.procs": "" } });
  const manager = manage(V2, host);
  manager.create();
  manager.delegate(1000);
  const changed = host.files["cg"]!.log.filter((line) =>
    line.startsWith("chown") && !line.endsWith("ENOENT")
  );
  assertEquals(changed, [
    "chown user/web=1000",
    "chown user/web/cgroup.procs=1000",
  ]);
});

Deno.test("openManager() refuses a record whose paths lead elsewhere", () => {
  const record = {
    mode: "v2",
    mountPoints: { "": "/cg" },
    existing: [],
    rootless: false,
  } as const;
  for (
    const path of [
      "/etc/passwd",
      "/cgx/web",
      "/cg",
      "/cg/../etc",
      "/cg/a/./b",
      "/cg//a",
    ]
  ) {
    const bad = { ...record, paths: { "": path }, existing: [] };
    assertThrows(
      () => openManager(bad, fakeHost({}).open),
      CgroupError,
      "not below a mounted hierarchy",
    );
  }
});
