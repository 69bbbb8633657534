import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { BlockIoResources } from "../spec/types.ts";
import { hugetlbWrites } from "./hugetlb.ts";
import { rdmaWrites } from "./rdma.ts";
import { blkioWrites } from "./v1/blkio.ts";
import { memoryWrites as memoryV1 } from "./v1/memory.ts";
import { classWrites, priorityWrites } from "./v1/network.ts";
import { askedControllers } from "./v2/controllers.ts";
import { cpuWrites as cpuV2 } from "./v2/cpu.ts";
import { ioWeight, ioWrites } from "./v2/io.ts";
import { memoryWrites as memoryV2 } from "./v2/memory.ts";
import { unifiedWrites } from "./v2/unified.ts";
import { type CgroupWrite, type ReadFile, readNothing } from "./write.ts";

function lines(writes: CgroupWrite[]): string[] {
  return writes.map(({ file, value }) => `${file}=${value}`);
}

function reader(files: Record<string, string>): ReadFile {
  return (file) => files[file];
}

const DISK = { major: 8, minor: 16 };
const ALL_BLOCK_IO: BlockIoResources = {
  weight: 10,
  weightDevice: [{ ...DISK, weight: 1000 }, { major: 7, minor: 0 }],
  throttleReadBpsDevice: [{ ...DISK, rate: 1 }],
  throttleWriteBpsDevice: [{ ...DISK, rate: 18446744073709551615n }],
  throttleReadIOPSDevice: [{ ...DISK, rate: 0 }],
  throttleWriteIOPSDevice: [{ major: 7, minor: 0, rate: 4 }],
};

Deno.test("v1 blkioWrites() uses BFQ's weights where CFQ's files are missing", () => {
  const throttles = [
    "blkio.throttle.read_bps_device=8:16 1",
    "blkio.throttle.write_bps_device=8:16 18446744073709551615",
    "blkio.throttle.read_iops_device=8:16 0",
    "blkio.throttle.write_iops_device=7:0 4",
  ];
  assertEquals(lines(blkioWrites(ALL_BLOCK_IO, readNothing)), [
    "blkio.bfq.weight=10",
    "blkio.bfq.weight_device=8:16 1000",
    ...throttles,
  ]);
  const cfq = reader({ "blkio.weight": "500\n" });
  assertEquals(lines(blkioWrites(ALL_BLOCK_IO, cfq)), [
    "blkio.weight=10",
    "blkio.weight_device=8:16 1000",
    ...throttles,
  ]);
});

Deno.test("v1 blkioWrites() writes leaf weights, of all devices and of one", () => {
  const leaf = { leafWeight: 20, weightDevice: [{ ...DISK, leafWeight: 30 }] };
  assertEquals(lines(blkioWrites(leaf, readNothing)), [
    "blkio.leaf_weight=20",
    "blkio.leaf_weight_device=8:16 30",
  ]);
});

Deno.test("blkioWrites() and ioWrites() pass over what Go writes for nothing", () => {
  const nothing: BlockIoResources = {
    weight: 0,
    leafWeight: 0,
    weightDevice: [{ ...DISK, weight: 0, leafWeight: 0 }],
    throttleReadBpsDevice: [],
  };
  assertEquals(blkioWrites(nothing, readNothing), []);
  assertEquals(ioWrites(nothing, readNothing), []);
});

Deno.test("v2 ioWrites() converts weights unless BFQ has files for v1's", () => {
  const throttles = [
    "io.max=8:16 rbps=1 wbps=18446744073709551615 riops=max",
    "io.max=7:0 wiops=4",
  ];
  assertEquals(lines(ioWrites(ALL_BLOCK_IO, readNothing)), [
    "io.weight=1",
    "io.weight=8:16 10000",
    ...throttles,
  ]);
  const bfq = reader({ "io.bfq.weight": "default 100\n" });
  assertEquals(lines(ioWrites(ALL_BLOCK_IO, bfq)), [
    "io.bfq.weight=10",
    "io.bfq.weight=8:16 1000",
    ...throttles,
  ]);
});

Deno.test("v2 ioWeight() maps the ends of v1's range to those of v2's, and never falls", () => {
  assertEquals([10, 100, 500, 1000].map(ioWeight), [1, 910, 4950, 10000]);
  for (let weight = 11; weight <= 1000; weight++) {
    if (ioWeight(weight) <= ioWeight(weight - 1)) throw new Error(`${weight}`);
  }
});

Deno.test("v2 ioWrites() refuses leaf weights by their pointer", () => {
  const pointerOf = (blockIO: BlockIoResources): string =>
    assertThrows(() => ioWrites(blockIO, readNothing), ConfigError).pointer;
  assertEquals(
    pointerOf({ leafWeight: 10 }),
    "/linux/resources/blockIO/leafWeight",
  );
  const weightDevice = [{ ...DISK, weight: 10 }, { ...DISK, leafWeight: 10 }];
  assertEquals(
    pointerOf({ weightDevice }),
    "/linux/resources/blockIO/weightDevice/1/leafWeight",
  );
});

Deno.test("hugetlbWrites() limits pages in use and pages reserved", () => {
  const limits = [{ pageSize: "2MB", limit: 0 }, {
    pageSize: "1GB",
    limit: 18446744073709551615n,
  }];
  assertEquals(lines(hugetlbWrites(limits, 1)), [
    "hugetlb.2MB.limit_in_bytes=0",
    "hugetlb.2MB.rsvd.limit_in_bytes=0",
    "hugetlb.1GB.limit_in_bytes=18446744073709551615",
    "hugetlb.1GB.rsvd.limit_in_bytes=18446744073709551615",
  ]);
  const [used, reserved] = hugetlbWrites(limits, 2);
  assertEquals([used?.file, reserved?.file], [
    "hugetlb.2MB.max",
    "hugetlb.2MB.rsvd.max",
  ]);
  // A page size that is not there must be an error; the file for reservations is younger.
  assertEquals([used?.ignore, reserved?.ignore], [undefined, ["ENOENT"]]);
});

Deno.test("v1 network writes: no class and no priorities are what a new cgroup has", () => {
  assertEquals(classWrites({}), []);
  assertEquals(classWrites({ classID: 0 }), []);
  assertEquals(lines(classWrites({ classID: 0x100001 })), [
    "net_cls.classid=1048577",
  ]);
  assertEquals(priorityWrites({}), []);
  const priorities = [{ name: "lo", priority: 0 }, {
    name: "eth0",
    priority: 4294967295,
  }];
  assertEquals(lines(priorityWrites({ priorities })), [
    "net_prio.ifpriomap=lo 0",
    "net_prio.ifpriomap=eth0 4294967295",
  ]);
});

Deno.test("rdmaWrites() names only counts that are given, 0 among them", () => {
  assertEquals(rdmaWrites({}), []);
  const rdma = {
    "mlx4_0": { hcaHandles: 2, hcaObjects: 2000 },
    ocrdma1: { hcaObjects: 0 },
    none: {},
  };
  assertEquals(lines(rdmaWrites(rdma)), [
    "rdma.max=mlx4_0 hca_handle=2 hca_object=2000",
    "rdma.max=ocrdma1 hca_object=0",
  ]);
});

Deno.test("v2 unifiedWrites() writes line by line, in the configuration's order", () => {
  const unified = {
    "memory.high": "5",
    "io.max": "8:0 rbps=1\n8:16 wbps=2\n",
    "cgroup.max.depth": "1",
  };
  assertEquals(lines(unifiedWrites(unified)), [
    "memory.high=5",
    "io.max=8:0 rbps=1",
    "io.max=8:16 wbps=2",
    "cgroup.max.depth=1",
  ]);
});

Deno.test("v2 unifiedWrites() refuses paths, names without a controller, and switches", () => {
  const names = [
    "../x/memory.high",
    "memory",
    ".x",
    "a.",
    "",
    "cgroup.procs",
    "cgroup.kill",
    "cgroup.subtree_control",
  ];
  for (const name of names) {
    const error = assertThrows(
      () => unifiedWrites({ [name]: "1" }),
      ConfigError,
    );
    const escaped = name.replaceAll("/", "~1");
    assertEquals(error.pointer, `/linux/resources/unified/${escaped}`);
  }
});

Deno.test("v2 askedControllers() counts files that are named, and knows who needs a domain", () => {
  const resources = {
    pids: { limit: 5 },
    cpu: { cpus: "0" },
    unified: {
      "misc.max": "x 1",
      "pids.max": "7",
      "cgroup.max.depth": "1",
      "io.max": "",
    },
  };
  assertEquals(askedControllers(resources), ["pids", "cpuset", "misc"]);
  assertEquals(askedControllers(resources, true), ["misc"]);
  assertEquals(askedControllers({}), []);
});

Deno.test("v2 cpuWrites() keeps the half of cpu.max that is not given", () => {
  const held = reader({ "cpu.max": "20000 50000\n" });
  assertEquals(lines(cpuV2({ quota: 7000 }, held)), ["cpu.max=7000 50000"]);
  assertEquals(lines(cpuV2({ period: 70000 }, held)), ["cpu.max=20000 70000"]);
  assertEquals(lines(cpuV2({ quota: -1 }, held)), ["cpu.max=max 50000"]);
  assertEquals(lines(cpuV2({ quota: 7000, period: 9000 }, held)), [
    "cpu.max=7000 9000",
  ]);
});

Deno.test("v2 memoryWrites() counts swap from the limit in force if no other is given", () => {
  const held = reader({ "memory.max": "100\n" });
  assertEquals(lines(memoryV2({ swap: 300 }, held)), ["memory.swap.max=200"]);
  assertEquals(lines(memoryV2({ swap: 300, limit: 200 }, held)), [
    "memory.swap.max=100",
    "memory.max=200",
  ]);
  assertEquals(lines(memoryV2({ swap: -1 }, held)), ["memory.swap.max=max"]);
  assertThrows(
    () => memoryV2({ swap: 99 }, held),
    ConfigError,
    "memory+swap limit should be >= memory limit",
  );
  assertThrows(
    () => memoryV2({ swap: 99 }, reader({ "memory.max": "max\n" })),
    ConfigError,
    "unable to set swap limit without memory limit",
  );
});

Deno.test("v1 memoryWrites() switches the OOM killer on only where it is off", () => {
  const at = (state: string): ReadFile =>
    reader({
      "memory.oom_control": `oom_kill_disable ${state}\nunder_oom 0\n`,
    });
  const on = { disableOOMKiller: false };
  assertEquals(lines(memoryV1(on, at("1"))), ["memory.oom_control=0"]);
  assertEquals(memoryV1(on, at("0")), []);
  assertEquals(memoryV1(on, readNothing), []);
  assertEquals(lines(memoryV1({ disableOOMKiller: true }, readNothing)), [
    "memory.oom_control=1",
  ]);
});

Deno.test("v1 memoryWrites() limits TCP buffers, and passes over kernel memory, which has no limit any more", () => {
  assertEquals(lines(memoryV1({ kernel: 5, kernelTCP: -1 }, readNothing)), [
    "memory.kmem.tcp.limit_in_bytes=-1",
  ]);
});
