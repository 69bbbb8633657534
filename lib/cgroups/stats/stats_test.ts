import { assert, assertEquals, assertStrictEquals } from "../../deps/assert.ts";
import type { ReadFile } from "../write.ts";
import { parsePressure } from "./pressure.ts";
import { ALL_PARTS, readStats } from "./mod.ts";
import { pageSizeName } from "./page_sizes.ts";
import type { StatsSource } from "./source.ts";
import { FILES as HYBRID } from "./testdata/hybrid.ts";
import { FILES as V2 } from "./testdata/v2.ts";
import type { StatsPart } from "./types.ts";
import { statsV1 } from "./v1.ts";
import { statsV2 } from "./v2.ts";

/** Recorded files, changed or, where undefined, taken away. Lists what is read. */
function recorded(
  files: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | undefined>> = {},
  parts: readonly StatsPart[] = ALL_PARTS,
): StatsSource & { readonly log: string[] } {
  const all: Record<string, string | undefined> = { ...files, ...changes };
  const log: string[] = [];
  const isV1 = files === HYBRID;
  const directory = (controller: string): ReadFile | undefined => {
    const prefix = isV1 ? `${controller || "unified"}/` : "";
    if (!Object.keys(all).some((name) => name.startsWith(prefix))) {
      return undefined;
    }
    return (file) => {
      log.push(file);
      return all[`${prefix}${file}`];
    };
  };
  const wants = (part: StatsPart): boolean => parts.includes(part);
  return { directory, pageSizes: ["2MB", "1GB"], wants, log };
}

Deno.test("statsV1() reads a hybrid host's recorded files", () => {
  const stats = statsV1(recorded(HYBRID));
  assertEquals(stats.cpu, {
    usageNs: 210133792,
    userNs: 180_000_000,
    systemNs: 20_000_000,
    perCpuNs: [202640744, 7493048],
    perCpuUserNs: [188000000, 3633485],
    perCpuSystemNs: [28000000, 0],
    periods: 6,
    throttledPeriods: 1,
    throttledNs: 7732781,
    bursts: 0,
    burstNs: 0,
    pressure: stats.cpu!.pressure!,
  });
  assertEquals(stats.cpu?.pressure?.some.avg10, 1.63);
  const { stat, pressure, ...memory } = stats.memory!;
  assertEquals(memory, {
    usageBytes: 2269184,
    peakBytes: 33554432,
    limitBytes: 33554432,
    failures: 2611,
    cacheBytes: 1982464,
    swap: { usageBytes: 2269184, peakBytes: 33816576, failures: 0 },
    kernel: { usageBytes: 233472, peakBytes: 573440, failures: 0 },
    kernelTcp: { usageBytes: 0, peakBytes: 0, failures: 0 },
    oomKills: 1,
  });
  assert(pressure !== undefined);
  assertEquals(Object.keys(stat).length, 42);
  assertStrictEquals(stat["hierarchical_memsw_limit"], 2n ** 63n - 4096n);
  assertStrictEquals(stat["total_pgfault"], 9324);
  assertEquals(stats.pids, { current: 1, limit: 64 });
  assertEquals(stats.cpuset?.cpus, [0, 1]);
  assertEquals(stats.cpuset?.schedRelaxDomainLevel, -1);
  assertEquals([stats.io?.serviced, stats.io?.serviceBytes], [[], []]);
  assertEquals(stats.hugetlb, {
    "2MB": { usageBytes: 0, failures: 0, reservedBytes: 0 },
  });
  assertEquals([stats.rdma, stats.misc], [undefined, undefined]);
});

Deno.test("statsV1() reads what is asked for, and nothing else", () => {
  const only = (...parts: StatsPart[]) => {
    const source = recorded(HYBRID, {}, parts);
    return { stats: statsV1(source), log: source.log };
  };
  const pids = only("pids");
  assertEquals(pids.stats, { pids: { current: 1, limit: 64 } });
  assertEquals(pids.log, ["pids.current", "pids.max"]);
  const memory = only("memory");
  assertEquals(memory.stats.memory?.kernel, undefined);
  assertEquals(memory.stats.memory?.pressure, undefined);
  assertEquals(memory.log.filter((file) => /kmem|pressure/.test(file)), []);
  // The table has told that memory and swap together have no limit, here or above.
  assertEquals(
    memory.log.filter((file) => file.endsWith("limit_in_bytes")),
    ["memory.limit_in_bytes"],
  );
  assertEquals(memory.stats.memory?.swap?.limitBytes, undefined);
  assertEquals(only("pressure").stats, {});
  assert(only("cpu", "pressure").stats.cpu?.pressure !== undefined);
  assertEquals(only().stats, {});
});

Deno.test("statsV1() leaves out controllers that the container has no cgroup of", () => {
  const gone = (prefix: string) =>
    Object.fromEntries(
      Object.keys(HYBRID).filter((name) => name.startsWith(prefix)).map(
        (name) => [name, undefined],
      ),
    );
  for (
    const [prefix, part] of [
      ["memory/", "memory"],
      ["pids/", "pids"],
      ["cpuset/", "cpuset"],
    ] as const
  ) {
    assertEquals(statsV1(recorded(HYBRID, gone(prefix)))[part], undefined);
  }
  assertEquals(
    statsV1(recorded(HYBRID, { ...gone("cpu/"), ...gone("cpuacct/") })).cpu,
    undefined,
  );
  assertEquals(statsV1(recorded(HYBRID, gone("cpuacct/"))).cpu?.periods, 6);
  assertEquals(statsV1(recorded(HYBRID, gone("unified/"))).hugetlb, undefined);
  const noSwap = statsV1(recorded(HYBRID, gone("memory/memory.memsw")));
  assertEquals(noSwap.memory?.swap, undefined);
});

Deno.test("statsV1() tells the cgroup's own limit, not one above", () => {
  const stat = HYBRID["memory/memory.stat"]!.replace(
    "hierarchical_memsw_limit 9223372036854771712",
    "hierarchical_memsw_limit 67108864",
  );
  const above = statsV1(recorded(HYBRID, { "memory/memory.stat": stat }));
  assertEquals(above.memory?.swap?.limitBytes, undefined);
  assertEquals(above.memory?.limitBytes, 33554432);
});

Deno.test("statsV1() reads CPU sets of a mount without prefixes", () => {
  const bare = Object.fromEntries(
    Object.entries(HYBRID).filter(([name]) => name.startsWith("cpuset/"))
      .flatMap(([name, text]) => [
        [name, undefined],
        [name.replace("cpuset.", ""), text],
      ]),
  );
  const { cpuset } = statsV1(recorded(HYBRID, bare));
  assertEquals([cpuset?.cpus, cpuset?.schedLoadBalance], [[0, 1], 1]);
});

Deno.test("statsV1() reads huge pages of v1", () => {
  const hugetlb = {
    "hugetlb/hugetlb.2MB.usage_in_bytes": "4194304\n",
    "hugetlb/hugetlb.2MB.max_usage_in_bytes": "6291456\n",
    "hugetlb/hugetlb.2MB.failcnt": "2\n",
    "hugetlb/hugetlb.2MB.rsvd.usage_in_bytes": "8388608\n",
  };
  assertEquals(statsV1(recorded(HYBRID, hugetlb)).hugetlb, {
    "2MB": {
      usageBytes: 4194304,
      peakBytes: 6291456,
      failures: 2,
      reservedBytes: 8388608,
    },
  });
});

const THROTTLED = {
  "blkio/blkio.throttle.io_serviced_recursive":
    "8:0 Read 2\n8:0 Write 1\n8:0 Total 3\nTotal 3\n",
  "blkio/blkio.throttle.io_service_bytes_recursive":
    "8:0 Read 8192\n8:0 Write 512\n8:0 Total 8704\nTotal 8704\n",
};

Deno.test("statsV1() takes block devices from throttling, and from BFQ if that has counted", () => {
  const throttled = statsV1(recorded(HYBRID, THROTTLED)).io!;
  assertEquals(throttled.serviced, [
    { major: 8, minor: 0, operation: "Read", value: 2 },
    { major: 8, minor: 0, operation: "Write", value: 1 },
    { major: 8, minor: 0, operation: "Total", value: 3 },
  ]);
  assertEquals(throttled.serviceBytes[0]?.value, 8192);
  const bfq = statsV1(recorded(HYBRID, {
    ...THROTTLED,
    "blkio/blkio.bfq.io_serviced_recursive": "8:16 Read 7\nTotal 7\n",
    "blkio/blkio.bfq.io_service_bytes_recursive": "8:16 Read 4096\n",
    "blkio/blkio.bfq.sectors_recursive": "8:16 8\n",
  })).io!;
  const entry = { major: 8, minor: 16, operation: "Read" };
  assertEquals(bfq.serviced, [{ ...entry, value: 7 }]);
  assertEquals(bfq.serviceBytes, [{ ...entry, value: 4096 }]);
  assertEquals(bfq.sectors, [{ ...entry, operation: "", value: 8 }]);
});

Deno.test("statsV2() reads a v2 host's recorded files", () => {
  const stats = statsV2(recorded(V2));
  const { pressure, ...cpu } = stats.cpu!;
  assertEquals(cpu, {
    usageNs: 6713944000,
    userNs: 3906404000,
    systemNs: 2807539000,
    periods: 144,
    throttledPeriods: 128,
    throttledNs: 6213822000,
    bursts: 0,
    burstNs: 0,
  });
  assertEquals(pressure?.some.totalUs, 5766228);
  const { stat, events, pressure: memoryPressure, ...memory } = stats.memory!;
  assertEquals(memory, {
    usageBytes: 8830976,
    peakBytes: 33554432,
    limitBytes: 33554432,
    failures: 38,
    cacheBytes: 8433664,
    swap: { usageBytes: 8830976, failures: 0 },
    swapOnly: { usageBytes: 0, failures: 0 },
    kernel: { usageBytes: 126976, failures: 0 },
    oomKills: 1,
  });
  assertEquals(memoryPressure?.full.avg60, 0.08);
  assertEquals(stat["thp_fault_alloc"], 11);
  assertEquals(events?.["oom"], 1);
  assertEquals(stats.pids, { current: 2, limit: 64 });
  assertEquals(stats.cpuset?.cpus, [0, 1]);
  assertEquals(stats.io?.serviceBytes.slice(0, 3), [
    { major: 8, minor: 16, operation: "Read", value: 1459200 },
    { major: 8, minor: 16, operation: "Write", value: 314773504 },
    { major: 8, minor: 16, operation: "Discard", value: 0 },
  ]);
  assertEquals(stats.io?.serviced.at(-1)?.value, 3021);
  assertEquals(stats.hugetlb?.["2MB"]?.reservedBytes, 0);
  assertEquals(stats.rdma?.["ocrdma1"], {
    hcaHandles: 1,
    hcaObjects: 23,
    hcaHandlesLimit: 3,
  });
  assertEquals(stats.misc, {
    "res_a": { current: 3 },
    "res_b": { current: 0, limit: 4 },
  });
});

Deno.test("statsV2() computes the limit of memory and swap together from the two", () => {
  const limit = { "memory.swap.max": "1048576\n" };
  assertEquals(
    statsV2(recorded(V2, limit)).memory?.swap?.limitBytes,
    33554432 + 1048576,
  );
  const free = { ...limit, "memory.max": "max\n" };
  assertEquals(statsV2(recorded(V2, free)).memory?.swap?.limitBytes, undefined);
});

Deno.test("statsV2() has no part for a controller that is not enabled, but CPU time", () => {
  const stats = statsV2(recorded(V2, { "cgroup.controllers": "pids\n" }));
  assertEquals(Object.keys(stats), ["cpu", "pids"]);
  assertEquals(statsV2(recorded(V2, { "cpu.stat": undefined })).cpu, undefined);
});

Deno.test("parsePressure() reads kernels that tell of the CPU's `some` only, and those that tell nothing", () => {
  const some = "some avg10=0.17 avg60=7.60 avg300=1.84 total=5766228\n";
  assertEquals(parsePressure(some), {
    some: { avg10: 0.17, avg60: 7.6, avg300: 1.84, totalUs: 5766228 },
    full: { avg10: 0, avg60: 0, avg300: 0, totalUs: 0 },
  });
  assertEquals(parsePressure(undefined), undefined);
  assertEquals(parsePressure(""), undefined);
});

Deno.test("pageSizeName() names sizes as cgroup files do", () => {
  assertEquals([64, 2048, 32768, 1048576, 16777216].map(pageSizeName), [
    "64KB",
    "2MB",
    "32MB",
    "1GB",
    "16GB",
  ]);
});

Deno.test("readStats() finds nothing of a cgroup that is gone", () => {
  const gone = { mountPoints: {}, existing: [], rootless: false };
  const paths = Object.fromEntries(
    ["memory", "cpu", "cpuacct", "blkio", "pids", "rdma", "hugetlb", ""].map(
      (name) => [name, `/no/such/${name}`],
    ),
  );
  for (const mode of ["hybrid", "v1", "v2", "none"] as const) {
    const stats = readStats({ ...gone, mode, paths }, { parts: ALL_PARTS });
    assertEquals(stats, {});
  }
});
