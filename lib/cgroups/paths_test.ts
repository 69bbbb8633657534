import { assertEquals, assertMatch, assertThrows } from "../deps/assert.ts";
import { CgroupError } from "../errors.ts";
import type { CgroupLayout } from "./layout.ts";
import { cgroupPaths } from "./paths.ts";

const V1: CgroupLayout = {
  mode: "hybrid",
  mounts: [
    {
      controllers: ["cpu", "cpuacct"],
      mountPoint: "/sys/fs/cgroup/cpu,cpuacct",
      root: "/",
    },
    { controllers: ["memory"], mountPoint: "/sys/fs/cgroup/memory", root: "/" },
    {
      controllers: ["devices"],
      mountPoint: "/sys/fs/cgroup/devices",
      root: "/docker/x",
    },
    { controllers: ["debug"], mountPoint: "/sys/fs/cgroup/debug", root: "/" },
    { controllers: [""], mountPoint: "/sys/fs/cgroup/unified", root: "/" },
  ],
  own: {
    cpu: "/",
    cpuacct: "/",
    memory: "/api/1",
    devices: "/docker/x/y",
    "": "/",
  },
};

function v2(own: string, root = "/"): CgroupLayout {
  return {
    mode: "v2",
    mounts: [{ controllers: [""], mountPoint: "/sys/fs/cgroup", root }],
    own: { "": own },
  };
}

Deno.test("cgroupPaths() puts a container by its id below our own cgroup on v1, devices before memory", () => {
  assertEquals(Object.entries(cgroupPaths(V1, { id: "web" })), [
    ["devices", "/sys/fs/cgroup/devices/y/web"],
    ["memory", "/sys/fs/cgroup/memory/api/1/web"],
    ["cpu", "/sys/fs/cgroup/cpu,cpuacct/web"],
    ["cpuacct", "/sys/fs/cgroup/cpu,cpuacct/web"],
    ["", "/sys/fs/cgroup/unified/web"],
  ]);
});

Deno.test("cgroupPaths() puts an absolute path below the mount points, and lets none out of them", () => {
  for (const cgroupsPath of ["/a/b", "/../../a/./b", "/a/c/../b/"]) {
    assertEquals(
      cgroupPaths(V1, { id: "web", cgroupsPath })["memory"],
      "/sys/fs/cgroup/memory/a/b",
    );
    assertEquals(cgroupPaths(v2("/x/y"), { id: "web", cgroupsPath }), {
      "": "/sys/fs/cgroup/a/b",
    });
  }
  assertEquals(
    cgroupPaths(V1, { id: "web", cgroupsPath: "../../a" })["memory"],
    "/sys/fs/cgroup/memory/api/1/a",
  );
});

Deno.test("cgroupPaths() starts relative paths at the parent of our own cgroup on v2", () => {
  const path = (layout: CgroupLayout): string | undefined =>
    cgroupPaths(layout, { id: "web" })[""];
  assertEquals(
    path(v2("/user.slice/a.scope")),
    "/sys/fs/cgroup/user.slice/web",
  );
  assertEquals(path(v2("/a.scope")), "/sys/fs/cgroup/web");
  assertEquals(path(v2("/")), "/sys/fs/cgroup/web");
  assertEquals(path(v2("/docker/x/y", "/docker/x")), "/sys/fs/cgroup/web");
  assertEquals(path(v2("/docker/x", "/docker/x")), "/sys/fs/cgroup/web");
});

Deno.test("cgroupPaths() refuses a path that names the root of a hierarchy", () => {
  for (const cgroupsPath of ["/", "/..", "..", ".", "//"]) {
    const error = assertThrows(
      () => cgroupPaths(V1, { id: "web", cgroupsPath }),
      CgroupError,
    );
    assertMatch(error.message, /^Cannot use cgroupsPath .*: it names the root/);
  }
});

Deno.test("cgroupPaths() refuses v1 without the devices hierarchy, and a host without cgroups", () => {
  const without = {
    ...V1,
    mounts: V1.mounts.filter((mount) => !mount.controllers.includes("devices")),
  };
  assertThrows(
    () => cgroupPaths(without, { id: "web" }),
    CgroupError,
    "the devices controller of cgroup v1",
  );
  const none: CgroupLayout = { mode: "none", mounts: [], own: {} };
  assertThrows(
    () => cgroupPaths(none, { id: "web" }),
    CgroupError,
    "no cgroup file system is mounted",
  );
});

Deno.test("cgroupPaths() refuses a relative path when our own cgroup is not in what is mounted", () => {
  for (const devices of ["/elsewhere", "/docker/xy", "/docker/x/../.."]) {
    const layout = { ...V1, own: { ...V1.own, devices } };
    assertThrows(
      () => cgroupPaths(layout, { id: "web" }),
      CgroupError,
      "is not below /docker/x",
    );
    assertEquals(
      cgroupPaths(layout, { id: "web", cgroupsPath: "/a" })["devices"],
      "/sys/fs/cgroup/devices/a",
    );
  }
});

Deno.test("cgroupPaths() refuses what no file system has: names of 256 bytes, paths of 4096", () => {
  const placed = (cgroupsPath: string) => () =>
    cgroupPaths(V1, { id: "web", cgroupsPath });
  placed(`/${"a".repeat(255)}/b`)();
  placed(`/${"ä".repeat(127)}`)();
  for (
    const path of [
      "a".repeat(256),
      `/a/${"ä".repeat(128)}/b`,
      "/abc".repeat(1000),
    ]
  ) {
    const error = assertThrows(placed(path), CgroupError);
    assertMatch(error.message, /^Cannot use the cgroup ".*" of \d+ bytes: /);
  }
});
