import { assertEquals } from "../deps/assert.ts";
import { parseCgroupLayout, parseOwnCgroups } from "./layout.ts";

const HYBRID = `22 27 0:21 / /proc rw,relatime - proc proc rw
23 27 0:22 / /sys rw,relatime - sysfs sysfs rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
`;
const HYBRID_OWN =
  "5:name=systemd:/\n4:memory:/process_api/0b:fa\n3:devices:/\n1:cpu,cpuacct:/\n0::/\n";

const UNIFIED = `23 27 0:22 / /sys rw,relatime - sysfs sysfs rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate
`;

Deno.test("parseOwnCgroups() keeps colons in paths, and gives each controller of a line its path", () => {
  assertEquals(parseOwnCgroups(HYBRID_OWN), {
    "name=systemd": "/",
    memory: "/process_api/0b:fa",
    devices: "/",
    cpu: "/",
    cpuacct: "/",
    "": "/",
  });
  assertEquals(parseOwnCgroups("nonsense\n\n0::relative\n"), {});
});

Deno.test("parseCgroupLayout() finds v1 hierarchies and the unified one beside them", () => {
  const layout = parseCgroupLayout(HYBRID, HYBRID_OWN);
  assertEquals(layout.mode, "hybrid");
  assertEquals(layout.mounts, [
    {
      controllers: ["cpu", "cpuacct"],
      mountPoint: "/sys/fs/cgroup/cpu,cpuacct",
      root: "/",
    },
    { controllers: ["memory"], mountPoint: "/sys/fs/cgroup/memory", root: "/" },
    {
      controllers: ["devices"],
      mountPoint: "/sys/fs/cgroup/devices",
      root: "/",
    },
    {
      controllers: ["name=systemd"],
      mountPoint: "/sys/fs/cgroup/systemd",
      root: "/",
    },
    { controllers: [""], mountPoint: "/sys/fs/cgroup/unified", root: "/" },
  ]);
  assertEquals(JSON.parse(JSON.stringify(layout)), layout);
});

Deno.test("parseCgroupLayout() finds pure v2", () => {
  assertEquals(parseCgroupLayout(UNIFIED, "0::/user.slice/a.scope\n"), {
    mode: "v2",
    mounts: [{ controllers: [""], mountPoint: "/sys/fs/cgroup", root: "/" }],
    own: { "": "/user.slice/a.scope" },
  });
});

Deno.test("parseCgroupLayout() takes a v2 mount on top of v1 hierarchies for the one in force", () => {
  const covered = HYBRID +
    "50 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 none rw\n";
  const layout = parseCgroupLayout(covered, HYBRID_OWN);
  assertEquals(layout.mode, "v2");
  assertEquals(layout.mounts.map((mount) => mount.mountPoint), [
    "/sys/fs/cgroup",
  ]);
});

Deno.test("parseCgroupLayout() does not see hierarchies hidden below a later mount", () => {
  const covered = HYBRID + "50 31 0:60 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n";
  assertEquals(parseCgroupLayout(covered, HYBRID_OWN).mode, "none");
  const higher = HYBRID + "50 23 0:60 / /sys rw - sysfs sysfs rw\n";
  assertEquals(parseCgroupLayout(higher, HYBRID_OWN).mode, "none");
  const sibling = HYBRID + "50 23 0:60 / /sys/fs rw - tmpfs tmpfs rw\n";
  assertEquals(parseCgroupLayout(sibling, HYBRID_OWN).mode, "none");
  const beside = HYBRID + "50 23 0:60 / /sys/fs/cg rw - tmpfs tmpfs rw\n";
  assertEquals(parseCgroupLayout(beside, HYBRID_OWN).mode, "hybrid");
});

Deno.test("parseCgroupLayout() prefers the usual place of a hierarchy mounted twice", () => {
  const twice = "60 27 0:32 /sub /mnt/memory rw - cgroup cgroup rw,memory\n" +
    HYBRID;
  const layout = parseCgroupLayout(twice, HYBRID_OWN);
  assertEquals(
    layout.mounts.filter((mount) => mount.controllers.includes("memory")).map((
      mount,
    ) => mount.mountPoint),
    ["/sys/fs/cgroup/memory"],
  );
});

Deno.test("parseCgroupLayout() passes over a cgroup2 mount elsewhere when v1 is in use", () => {
  const v1 = HYBRID.replace("/sys/fs/cgroup/unified", "/run/other");
  assertEquals(parseCgroupLayout(v1, HYBRID_OWN).mode, "v1");
  const only = UNIFIED.replace("/sys/fs/cgroup", "/run/my\\040cgroups");
  const layout = parseCgroupLayout(only, "0::/\n");
  assertEquals([layout.mode, layout.mounts[0]?.mountPoint], [
    "v2",
    "/run/my cgroups",
  ]);
});

Deno.test("parseCgroupLayout() keeps the root of a bind-mounted hierarchy, and notes noprefix", () => {
  const text =
    "60 27 0:32 /docker/abc /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset,noprefix\n";
  assertEquals(parseCgroupLayout(text, "1:cpuset:/docker/abc\n").mounts, [
    {
      controllers: ["cpuset"],
      mountPoint: "/sys/fs/cgroup/cpuset",
      root: "/docker/abc",
      noPrefix: true,
    },
  ]);
});

Deno.test("parseCgroupLayout() says so when no cgroups are mounted, whatever the lines hold", () => {
  assertEquals(parseCgroupLayout("", ""), {
    mode: "none",
    mounts: [],
    own: {},
  });
  assertEquals(
    parseCgroupLayout("a b\n1 2 3 - cgroup2\n- - -\n", "x").mode,
    "none",
  );
});
