import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../deps/assert.ts";
import { CgroupError, ConfigError } from "../errors.ts";
import type { Resources } from "../spec/types.ts";
import type { CgroupLayout } from "./layout.ts";
import { manage, V1, v1Host, V2, v2Host } from "./testdata/fake_host.ts";

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
