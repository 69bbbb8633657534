import { assert, assertEquals, assertThrows } from "../../deps/assert.ts";
import { CgroupError } from "../../errors.ts";
import type { Resources } from "../../spec/types.ts";
import { CONVERSIONS, conversionTable, reasonsOf } from "../conversions.ts";
import type { CgroupLayout } from "../layout.ts";
import { FakeFiles, type FakeStart } from "../testdata/fake_files.ts";
import { v1Writes } from "../v1/controllers.ts";
import { v2Writes } from "../v2/controllers.ts";
import { type CgroupWrite, readNothing } from "../write.ts";
import { planCgroups } from "./plan.ts";
import { formatCgroupStep } from "./print.ts";

const DISK = { major: 8, minor: 0 };
const RATE = [{ ...DISK, rate: 5 }];

/** Something of every kind, but what one of the versions refuses. */
const ALL: Resources = {
  memory: {
    limit: 100,
    reservation: 50,
    swap: 150,
    kernel: 5,
    kernelTCP: 6,
    swappiness: 7,
    disableOOMKiller: true,
    useHierarchy: true,
    checkBeforeUpdate: true,
  },
  cpu: {
    shares: 512,
    quota: 2000,
    burst: 1,
    period: 4000,
    realtimeRuntime: 1,
    realtimePeriod: 2,
    cpus: "0",
    mems: "0",
    idle: 0,
  },
  pids: { limit: 5 },
  blockIO: {
    weight: 10,
    weightDevice: [{ ...DISK, weight: 20 }],
    throttleReadBpsDevice: RATE,
    throttleWriteBpsDevice: RATE,
    throttleReadIOPSDevice: RATE,
    throttleWriteIOPSDevice: RATE,
  },
  hugepageLimits: [{ pageSize: "2MB", limit: 5 }],
  rdma: { x: { hcaHandles: 1 } },
};
const ONLY_V1: Resources = {
  ...ALL,
  blockIO: { ...ALL.blockIO, leafWeight: 10 },
  network: { classID: 1, priorities: [{ name: "lo", priority: 1 }] },
};

function fields(resources: Resources): Set<string> {
  return new Set(
    Object.entries(resources).flatMap(([name, value]) =>
      ["hugepageLimits", "rdma"].includes(name)
        ? [name]
        : Object.keys(value).map((inner) => `${name}/${inner}`)
    ),
  );
}

Deno.test("the table of conversions has every limit of the specification", () => {
  const expected = fields(ONLY_V1).add("devices").add("unified");
  assertEquals(new Set(CONVERSIONS.map(({ field }) => field)), expected);
});

Deno.test("the table of conversions has every file that a controller writes, and no others", () => {
  const files = (writes: CgroupWrite[]): string[] =>
    writes.map(({ file }) => file);
  const written = {
    1: v1Writes.flatMap(({ writes }) =>
      files(writes(ONLY_V1, readNothing, {}))
    ),
    2: v2Writes.flatMap(({ writes }) => files(writes(ALL, readNothing, {}))),
  };
  for (const version of [1, 2] as const) {
    const meant = new Set<string>();
    for (const file of written[version]) {
      const reasons = reasonsOf(file, version);
      assert(reasons.length > 0, `${file} is not in the table`);
      for (const { field } of reasons) meant.add(field);
    }
    const inTable = CONVERSIONS.filter((entry) =>
      entry[version === 1 ? "v1" : "v2"].files.length > 0
    ).map(({ field }) => field);
    assertEquals(
      meant,
      new Set(inTable.filter((f) => f !== "devices" && f !== "unified")),
    );
  }
});

Deno.test("the documentation has the table of conversions as it is", () => {
  const url = new URL("../../../docs/cgroups.md", import.meta.url);
  const squeeze = (line: string): string =>
    line.replace(/ +/g, " ").replace(/-+/g, "-");
  const document = Deno.readTextFileSync(url).split("\n").map(squeeze);
  for (const line of conversionTable()) {
    assert(document.includes(squeeze(line)), `missing: ${line}`);
  }
});

const V2: CgroupLayout = {
  mode: "v2",
  mounts: [{ controllers: [""], mountPoint: "/cg", root: "/" }],
  own: { "": "/user/scope" },
};

function planV2(resources: Resources, start: FakeStart = {}): string[] {
  const files = new FakeFiles({
    directories: ["user"],
    ...start,
    files: {
      "cgroup.controllers": "cpu io\n",
      "user/cgroup.type": "domain\n",
      ...start.files,
    },
  });
  const steps = planCgroups(V2, { id: "web", resources, open: () => files });
  assertEquals(files.log.filter((line) => line !== "close"), []);
  return steps.map(formatCgroupStep);
}

Deno.test("planCgroups() on v2 tells what is made and written, why, and how values are converted", () => {
  const program =
    "attach a BPF program to /cg/user/web, 64 instructions: deny all devices but b *:* m, c *:* m, c 1:3 rwm, " +
    "c 1:5 rwm, c 1:7 rwm, c 1:8 rwm, c 1:9 rwm, c 5:0 rwm, c 5:2 rwm, c 10:200 rwm, c 136:* rwm " +
    "for /linux/resources/devices";
  const made = [
    'write "+cpu +io" to /cg/cgroup.subtree_control',
    'write "+cpu +io" to /cg/user/cgroup.subtree_control',
    "mkdir /cg/user/web",
  ];
  const resources = {
    cpu: { shares: 512, period: 7000 },
    unified: { "io.latency": "8:0 target=5", "cpu.weight.nice": "1" },
  };
  assertEquals(planV2(resources), [
    ...made,
    'write "59" to /cg/user/web/cpu.weight for /linux/resources/cpu/shares (ceil(10^((l*l + 125*l) / 612 - 7/34)), ' +
    "l = log2(shares): 2 is 1, 1024 is 100, 262144 is 10000)",
    'write "max 7000" to /cg/user/web/cpu.max for /linux/resources/cpu/period (the second number)',
    'write "8:0 target=5" to /cg/user/web/io.latency for /linux/resources/unified/io.latency',
    'write "1" to /cg/user/web/cpu.weight.nice for /linux/resources/unified/cpu.weight.nice',
    program,
  ]);
  assertEquals(planV2({}), [...made, program]);
});

Deno.test("planCgroups() knows of a new cgroup which files it would have, from others", () => {
  const weight = (start: FakeStart): string | undefined =>
    planV2({ blockIO: { weight: 100 } }, start)
      .find((line) => line.includes("weight"));
  assertEquals(
    weight({})?.split(" for ")[0],
    'write "910" to /cg/user/web/io.weight',
  );
  assertEquals(
    weight({ files: { "user/io.bfq.weight": "default 100\n" } })
      ?.split(" for ")[0],
    'write "100" to /cg/user/web/io.bfq.weight',
  );
});

Deno.test("planCgroups() plans a new cgroup, whether one of that name is in use or not", () => {
  const used = {
    directories: ["user", "user/web"],
    files: { "user/web/cgroup.procs": "7\n", "user/web/cpu.max": "5 7\n" },
  };
  const resources = { cpu: { quota: 2000 } };
  assertEquals(planV2(resources, used), planV2(resources));
});

Deno.test("planCgroups() fails as the creation would, where that is known before", () => {
  assertThrows(
    () => planV2({ pids: { limit: 1 } }),
    CgroupError,
    "cannot set pids limit",
  );
});

Deno.test("planCgroups() on v1 starts with the rules for devices that the parent has", () => {
  const layout: CgroupLayout = {
    mode: "v1",
    mounts: ["devices", "cpuset"].map((name) => ({
      controllers: [name],
      mountPoint: `/cg/${name}`,
      root: "/",
    })),
    own: { devices: "/", cpuset: "/" },
  };
  const hierarchies: Record<string, FakeFiles> = {
    "/cg/devices": new FakeFiles({
      mountPoint: "/cg/devices",
      directories: ["a"],
      files: { "devices.list": "a *:* rwm\n", "a/devices.list": "c 1:3 rwm\n" },
    }),
    "/cg/cpuset": new FakeFiles({
      mountPoint: "/cg/cpuset",
      files: { "cpuset.cpus": "0-3\n", "cpuset.mems": "0\n" },
    }),
  };
  const plan = (cgroupsPath: string): string[] =>
    planCgroups(layout, {
      id: "web",
      cgroupsPath,
      resources: { cpu: { cpus: "2" } },
      open: (mountPoint) => hierarchies[mountPoint]!,
    }).map(formatCgroupStep);
  const top = plan("/web");
  assertEquals(top.slice(0, 5), [
    "mkdir /cg/cpuset/web",
    'write "2" to /cg/cpuset/web/cpuset.cpus for /linux/resources/cpu/cpus',
    'write "0" to /cg/cpuset/web/cpuset.mems',
    "mkdir /cg/devices/web",
    'write "a" to /cg/devices/web/devices.deny for /linux/resources/devices (what leads from devices.list to the rules)',
  ]);
  const below = plan("/a/web").filter((line) => line.includes("devices."));
  assert(!below.some((line) => line.includes('"a"')));
  assert(!below.some((line) => line.includes('"c 1:3 rwm"')));
  assert(below.some((line) => line.includes('"c 1:5 rwm"')));
});
