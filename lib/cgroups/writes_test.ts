import { assertEquals, assertThrows } from "../deps/assert.ts";
import { CgroupError, ConfigError } from "../errors.ts";
import type { CpuResources, MemoryResources } from "../spec/types.ts";
import { pidsWrites } from "./pids.ts";
import { cpuWrites as cpuV1, realtimeWrites } from "./v1/cpu.ts";
import { cpusetWrites as cpusetV1, inheritedWrites } from "./v1/cpuset.ts";
import { memoryWrites as memoryV1 } from "./v1/memory.ts";
import { cpuWrites as cpuV2, weightOfShares } from "./v2/cpu.ts";
import { cpusetWrites as cpusetV2 } from "./v2/cpuset.ts";
import { memoryWrites as memoryV2, swapLimit } from "./v2/memory.ts";
import type { CgroupWrite, ReadFile } from "./write.ts";

/** Writes as lines: `file=value`, with ` ?` where EINVAL is tried again, ` !` where it is read back. */
function lines(writes: CgroupWrite[]): string[] {
  return writes.map(({ file, value, ignore, retryLast, readBack }) =>
    `${file}=${value}${retryLast ? " ?" : ""}${readBack ? " !" : ""}${
      ignore ? ` -${ignore}` : ""
    }`
  );
}

function reader(files: Record<string, string>): ReadFile {
  return (file) => files[file];
}

const nothing = reader({});

Deno.test("v1 memoryWrites() writes only what is set", () => {
  assertEquals(memoryV1({}, nothing), []);
  assertEquals(
    memoryV1(
      { limit: 0, swap: 0, reservation: 0, kernel: 5, kernelTCP: 0 },
      nothing,
    ),
    [],
  );
  const memory: MemoryResources = {
    limit: 9223372036854771712n,
    reservation: 5,
    swappiness: 0,
    disableOOMKiller: true,
  };
  assertEquals(lines(memoryV1(memory, nothing)), [
    "memory.limit_in_bytes=9223372036854771712",
    "memory.soft_limit_in_bytes=5",
    "memory.oom_control=1",
    "memory.swappiness=0",
  ]);
});

Deno.test("v1 memoryWrites() writes the greater limit first, so that swap never is the lesser", () => {
  const memory = { limit: 100, swap: 200 };
  const [limit, swap] = [
    "memory.limit_in_bytes=100",
    "memory.memsw.limit_in_bytes=200",
  ] as const;
  const at = (held: string): ReadFile =>
    reader({ "memory.limit_in_bytes": held });
  assertEquals(lines(memoryV1(memory, at("9223372036854771712\n"))), [
    limit,
    swap,
  ]);
  assertEquals(lines(memoryV1(memory, at("150\n"))), [swap, limit]);
  assertEquals(lines(memoryV1({ limit: 100, swap: -1 }, nothing)), [
    "memory.memsw.limit_in_bytes=-1",
    limit,
  ]);
});

Deno.test("v1 memoryWrites() frees swap along with memory where there is swap accounting", () => {
  assertEquals(lines(memoryV1({ limit: -1 }, nothing)), [
    "memory.limit_in_bytes=-1",
  ]);
  const accounted = reader({ "memory.memsw.limit_in_bytes": "5\n" });
  assertEquals(lines(memoryV1({ limit: -1 }, accounted)), [
    "memory.memsw.limit_in_bytes=-1",
    "memory.limit_in_bytes=-1",
  ]);
});

Deno.test("v1 memoryWrites() refuses a swappiness above 100, and takes the unsigned -1 for unset", () => {
  assertEquals(memoryV1({ swappiness: 18446744073709551615n }, nothing), []);
  assertThrows(
    () => memoryV1({ swappiness: 101 }, nothing),
    ConfigError,
    "(valid range is 0-100)",
  );
});

Deno.test("v2 swapLimit() turns memory and swap together into swap alone", () => {
  const cases: [bigint, bigint, bigint | undefined][] = [
    [0n, 0n, undefined],
    [0n, 100n, undefined],
    [0n, -1n, -1n],
    [-1n, 100n, -1n],
    [-1n, -1n, -1n],
    [300n, -1n, 300n],
    [300n, 100n, 200n],
    [100n, 100n, 0n],
  ];
  for (const [swap, limit, expected] of cases) {
    assertEquals(swapLimit(swap, limit), expected);
  }
  assertThrows(
    () => swapLimit(100n, 0n),
    ConfigError,
    "unable to set swap limit without memory limit",
  );
  assertThrows(
    () => swapLimit(99n, 100n),
    ConfigError,
    "memory+swap limit should be >= memory limit",
  );
  assertThrows(() => swapLimit(99n, -2n), ConfigError, "invalid memory value");
});

Deno.test("v2 memoryWrites() writes swap first and can do without the file for none and for any", () => {
  assertEquals(memoryV2({}, nothing), []);
  assertEquals(
    lines(memoryV2({ limit: 100, swap: 300, reservation: 50 }, nothing)),
    [
      "memory.swap.max=200",
      "memory.max=100",
      "memory.low=50",
    ],
  );
  assertEquals(lines(memoryV2({ limit: 100, swap: 100 }, nothing)), [
    "memory.swap.max=0 -ENOENT",
    "memory.max=100",
  ]);
  assertEquals(lines(memoryV2({ limit: -1 }, nothing)), [
    "memory.swap.max=max -ENOENT",
    "memory.max=max",
  ]);
  assertEquals(
    memoryV2({ swappiness: 10, disableOOMKiller: true, kernel: 7 }, nothing),
    [],
  );
});

Deno.test("v2 memoryWrites() refuses a limit that is exceeded only if asked to look", () => {
  const read = reader({ "memory.current": "100\n" });
  const check = (memory: MemoryResources): CgroupWrite[] =>
    memoryV2({ checkBeforeUpdate: true, ...memory }, read);
  assertThrows(
    () => check({ limit: 100 }),
    CgroupError,
    "rejecting memory limit 100 <= usage 100",
  );
  assertThrows(
    () => check({ limit: 50, swap: 90 }),
    CgroupError,
    "rejecting memory+swap limit 90 <= usage 100",
  );
  assertEquals(check({ limit: 101 }).length, 1);
  assertEquals(check({ limit: -1, swap: -1 }).length, 2);
  assertEquals(memoryV2({ limit: 100 }, read).length, 1);
  assertEquals(
    memoryV2({ limit: 100, checkBeforeUpdate: true }, nothing).length,
    1,
  );
});

Deno.test("v1 cpuWrites() reads shares back and tries period and burst again after the quota", () => {
  assertEquals(cpuV1({}), []);
  const cpu: CpuResources = {
    shares: 512,
    quota: 5000,
    period: 10000,
    burst: 0,
  };
  assertEquals(lines(cpuV1(cpu)), [
    "cpu.shares=512 !",
    "cpu.cfs_period_us=10000 ?",
    "cpu.cfs_burst_us=0 ?",
    "cpu.cfs_quota_us=5000",
  ]);
  assertEquals(lines(cpuV1({ period: 10000, burst: 7 })), [
    "cpu.cfs_period_us=10000",
    "cpu.cfs_burst_us=7",
  ]);
  assertEquals(lines(cpuV1({ quota: -1 })), ["cpu.cfs_quota_us=-1"]);
});

Deno.test("v1 cpuWrites() wakes an idle cgroup before it sets shares, and sends one to sleep after", () => {
  assertEquals(lines(cpuV1({ shares: 5, idle: 1 })), [
    "cpu.shares=5 !",
    "cpu.idle=1",
  ]);
  assertEquals(lines(cpuV1({ shares: 5, idle: 0 })), [
    "cpu.idle=0",
    "cpu.shares=5 !",
  ]);
});

Deno.test("v1 realtimeWrites() are part of the limits, and can be had alone", () => {
  const cpu = { realtimePeriod: 1000, realtimeRuntime: 500 };
  const expected = ["cpu.rt_period_us=1000 ?", "cpu.rt_runtime_us=500"];
  assertEquals(lines(realtimeWrites(cpu)), expected);
  assertEquals(lines(cpuV1(cpu)), expected);
  assertEquals(lines(realtimeWrites({ realtimePeriod: 1000 })), [
    "cpu.rt_period_us=1000",
  ]);
});

Deno.test("v2 weightOfShares() goes through the bounds and the default, and never leaves them", () => {
  const cases: [bigint, number | undefined][] = [
    [0n, undefined],
    [1n, 1],
    [2n, 1],
    [3n, 1 + 1],
    [1024n, 100],
    [262143n, 10000],
    [262144n, 10000],
    [18446744073709551615n, 10000],
  ];
  for (const [shares, weight] of cases) {
    assertEquals(weightOfShares(shares), weight, `${shares}`);
  }
  let last = 1;
  for (let shares = 2n; shares < 262144n; shares += 97n) {
    const weight = weightOfShares(shares)!;
    if (weight < last || weight > 10000) {
      throw new Error(`${shares} → ${weight}`);
    }
    last = weight;
  }
});

Deno.test("v2 cpuWrites() writes quota and period together, with the defaults of what is not set", () => {
  assertEquals(cpuV2({}), []);
  assertEquals(lines(cpuV2({ quota: 5000 })), ["cpu.max=5000 100000"]);
  assertEquals(lines(cpuV2({ period: 5000 })), ["cpu.max=max 5000"]);
  assertEquals(lines(cpuV2({ quota: -1 })), ["cpu.max=max 100000"]);
  assertEquals(lines(cpuV2({ quota: 5, period: 9, burst: 3 })), [
    "cpu.max.burst=3 ?",
    "cpu.max=5 9",
  ]);
  assertEquals(lines(cpuV2({ burst: 3 })), ["cpu.max.burst=3"]);
  assertEquals(cpuV2({ realtimePeriod: 5, realtimeRuntime: 5 }), []);
});

Deno.test("v2 cpuWrites() can set a weight and idling at once", () => {
  assertEquals(lines(cpuV2({ shares: 1024, idle: 1 })), [
    "cpu.weight=100 -EINVAL",
    "cpu.idle=1",
  ]);
  assertEquals(lines(cpuV2({ shares: 1024, idle: 0 })), [
    "cpu.idle=0",
    "cpu.weight=100",
  ]);
  assertEquals(lines(cpuV2({ idle: 1 })), ["cpu.idle=1"]);
});

Deno.test("cpusetWrites() writes only sets that are not empty", () => {
  assertEquals(lines(cpusetV1({ cpus: "0-1", mems: "" })), ["cpuset.cpus=0-1"]);
  assertEquals(lines(cpusetV1({ cpus: "0", mems: "1" }, "")), [
    "cpus=0",
    "mems=1",
  ]);
  assertEquals(lines(cpusetV2({ cpus: "0", mems: "1" })), [
    "cpuset.cpus=0",
    "cpuset.mems=1",
  ]);
});

Deno.test("v1 inheritedWrites() takes from the parent only what is empty", () => {
  const parent = { cpus: "0-3\n", mems: "0\n" };
  assertEquals(lines(inheritedWrites({ cpus: "\n", mems: "" }, parent)), [
    "cpuset.cpus=0-3",
    "cpuset.mems=0",
  ]);
  assertEquals(
    lines(inheritedWrites({ cpus: "1\n", mems: "\n" }, parent, "")),
    ["mems=0"],
  );
});

Deno.test("pidsWrites() makes 0 the least limit there is, and any negative number none", () => {
  const value = (limit?: number): string[] =>
    lines(pidsWrites(limit === undefined ? {} : { limit }));
  assertEquals(value(), []);
  assertEquals(value(20), ["pids.max=20"]);
  assertEquals(value(0), ["pids.max=1"]);
  assertEquals(value(-1), ["pids.max=max"]);
  assertEquals(value(-7), ["pids.max=max"]);
});
