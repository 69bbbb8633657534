import { assertEquals } from "../../deps/assert.ts";
import type { Resources } from "../../spec/types.ts";
import { v1Writes } from "../v1/controllers.ts";
import { v2Writes } from "../v2/controllers.ts";
import type { CgroupWrite } from "../write.ts";
import { bitmask, limitProperties, quotaPerSecond } from "./limits.ts";
import { INFINITY } from "./property.ts";
import { alignQuota } from "./quota.ts";

/** Name to value, of a version that has everything. */
function properties(
  writes: readonly CgroupWrite[],
  v2: boolean,
  held: Record<string, string> = {},
): Record<string, unknown> {
  const found = limitProperties(writes, (file) => held[file], {
    version: 300,
    v2,
  });
  assertEquals(found.unknown, []);
  return Object.fromEntries(
    found.properties.map(({ name, value }) => [name, value]),
  );
}

function ofResources(
  resources: Resources,
  v2: boolean,
): Record<string, unknown> {
  const nothing = (): undefined => undefined;
  const writes = (v2 ? v2Writes : v1Writes).flatMap((controller) =>
    controller.writes(resources, nothing, {})
  );
  return properties(writes, v2);
}

const LIMITS: Resources = {
  memory: { limit: 1 << 28, reservation: 1 << 20, swap: 1 << 29 },
  pids: { limit: 20 },
  cpu: { shares: 1024, quota: 50_000, period: 100_000, cpus: "0-1", mems: "0" },
  blockIO: { weight: 500 },
};

Deno.test("limitProperties() has v2's properties for a container's limits", () => {
  assertEquals(ofResources(LIMITS, true), {
    TasksMax: 20n,
    MemoryMax: 268435456n,
    MemoryLow: 1048576n,
    MemorySwapMax: 268435456n,
    IOWeight: 4950n,
    CPUWeight: 100n,
    CPUQuotaPerSecUSec: 500_000n,
    CPUQuotaPeriodUSec: 100_000n,
    AllowedCPUs: [3],
    AllowedMemoryNodes: [1],
  });
});

Deno.test("limitProperties() has v1's properties for a container's limits", () => {
  assertEquals(ofResources(LIMITS, false), {
    MemoryLimit: 268435456n,
    TasksMax: 20n,
    CPUShares: 1024n,
    CPUQuotaPerSecUSec: 500_000n,
    CPUQuotaPeriodUSec: 100_000n,
    BlockIOWeight: 500n,
  });
});

Deno.test("limitProperties() calls no limit infinity", () => {
  const limits: Resources = {
    memory: { limit: -1, swap: -1 },
    pids: { limit: -1 },
    cpu: { quota: -1, period: 50_000 },
  };
  assertEquals(ofResources(limits, true), {
    TasksMax: INFINITY,
    MemoryMax: INFINITY,
    MemorySwapMax: INFINITY,
    CPUQuotaPerSecUSec: INFINITY,
    CPUQuotaPeriodUSec: 50_000n,
  });
  assertEquals(ofResources(limits, false), {
    MemoryLimit: INFINITY,
    TasksMax: INFINITY,
    CPUQuotaPerSecUSec: INFINITY,
    CPUQuotaPeriodUSec: 50_000n,
  });
});

Deno.test("limitProperties() reads files that a configuration names itself", () => {
  const unified = {
    "memory.high": "1G",
    "memory.min": "4096",
    "cpu.max": "max 20000",
    "io.weight": "default 200\n8:0 300",
    "cpuset.cpus": "0,3-4",
    "hugetlb.2MB.max": "0",
    "memory.low": "nonsense",
  };
  assertEquals(ofResources({ unified }, true), {
    MemoryHigh: 1073741824n,
    MemoryMin: 4096n,
    CPUQuotaPerSecUSec: INFINITY,
    CPUQuotaPeriodUSec: 20_000n,
    IOWeight: 200n,
    AllowedCPUs: [0b11001],
  });
});

Deno.test("limitProperties() has weights of BFQ as systemd turns them back", () => {
  const weight = (value: string): unknown =>
    properties([{ file: "io.bfq.weight", value }], true)["IOWeight"];
  // BFQ_WEIGHT() of systemd: up to 100 the same, from there 900 steps for 9900
  const back = (own: bigint): bigint =>
    own <= 100n ? own : 100n + (own - 100n) * 900n / 9900n;
  for (const bfq of [1n, 10n, 100n, 101n, 500n, 999n, 1000n]) {
    assertEquals(back(weight(`${bfq}`) as bigint), bfq);
  }
});

Deno.test("limitProperties() lets idle win over a weight, and waking not", () => {
  const weight = { file: "cpu.weight", value: "50" };
  const idle = (value: string): CgroupWrite => ({ file: "cpu.idle", value });
  assertEquals(properties([idle("1"), weight], true), { CPUWeight: 0n });
  assertEquals(properties([weight, idle("0")], true), { CPUWeight: 50n });
  assertEquals(properties([idle("0")], true), { CPUWeight: 100n });
});

Deno.test("limitProperties() takes from v1's files what is not given", () => {
  const held = {
    "cpu.cfs_quota_us": "20000\n",
    "cpu.cfs_period_us": "50000\n",
  };
  assertEquals(
    properties([{ file: "cpu.cfs_quota_us", value: "10000" }], false, held),
    { CPUQuotaPerSecUSec: 200_000n, CPUQuotaPeriodUSec: 50_000n },
  );
  assertEquals(
    properties([{ file: "cpu.cfs_period_us", value: "40000" }], false, held),
    { CPUQuotaPerSecUSec: 500_000n, CPUQuotaPeriodUSec: 40_000n },
  );
});

Deno.test("limitProperties() tells what an old systemd does not know", () => {
  const writes = [
    { file: "cpu.idle", value: "1" },
    { file: "cpuset.cpus", value: "0" },
    { file: "pids.max", value: "5" },
  ];
  const { properties, unknown } = limitProperties(writes, () => undefined, {
    version: 239,
    v2: true,
  });
  assertEquals(properties.map(({ name }) => name), ["TasksMax"]);
  assertEquals(unknown.sort(), ["cpu.idle", "cpuset.cpus"]);
});

Deno.test("bitmask() has the lowest CPU in the lowest bit of the first byte", () => {
  const cases: [string, number[] | undefined][] = [
    ["0", [1]],
    ["0-3", [15]],
    ["8", [0, 1]],
    ["1,7,15-16", [0b1000_0010, 0b1000_0000, 1]],
    [" 2 , 4", [0b10100]],
    ["", undefined],
    ["a", undefined],
    ["0-99999", undefined],
  ];
  for (const [list, mask] of cases) assertEquals(bitmask(list), mask, list);
});

Deno.test("quotaPerSecond() rounds up to whole percents", () => {
  assertEquals(quotaPerSecond(50_000n, 100_000n), 500_000n);
  assertEquals(quotaPerSecond(33_333n, 100_000n), 340_000n);
  assertEquals(quotaPerSecond(1_000n, 1_000_000n), 10_000n);
  assertEquals(quotaPerSecond(250_000n, 100_000n), 2_500_000n);
});

Deno.test("alignQuota() makes the quota what systemd keeps, and says so", () => {
  const read = (file: string): string | undefined =>
    file === "cpu.max" ? "max 50000\n" : undefined;
  const align = (cpu: Resources["cpu"], v2 = true): unknown[] => {
    const { resources, warning } = alignQuota({ cpu: cpu! }, read, { v2 });
    return [resources.cpu?.quota, warning !== undefined];
  };
  assertEquals(align({ quota: 33_333, period: 100_000 }), [34_000, true]);
  assertEquals(align({ quota: 20_000, period: 100_000 }), [20_000, false]);
  assertEquals(align({ quota: 333 }), [500, true]);
  assertEquals(align({ quota: 333 }, false), [1_000, true]);
  assertEquals(align({ quota: -1, period: 3 }), [-1, false]);
  assertEquals(align({ shares: 5 }), [undefined, false]);
});
