import { assertEquals, assertThrows } from "../deps/assert.ts";
import { CgroupError } from "../errors.ts";
import { openManager } from "./create_manager.ts";
import {
  fakeHost,
  manage,
  PIDS,
  ROOT_SETS,
  V1,
  v1Host,
  V2,
  v2Host,
} from "./testdata/fake_host.ts";

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
