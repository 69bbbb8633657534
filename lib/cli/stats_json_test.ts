import { FILES, RUNC_EVENT } from "../cgroups/stats/testdata/hybrid.ts";
import { FILES as V2 } from "../cgroups/stats/testdata/v2.ts";
import { statsV1 } from "../cgroups/stats/v1.ts";
import { statsV2 } from "../cgroups/stats/v2.ts";
import { assertEquals } from "../deps/assert.ts";
import { parseJson, stringifyJson } from "../spec/json.ts";
import { statsJson } from "./stats_json.ts";

const every = { pageSizes: [], wants: () => true };

/** What `events` would print of recorded files. */
function printed(stats: Parameters<typeof statsJson>[0]): unknown {
  return parseJson(stringifyJson(statsJson(stats)));
}

function fromHybrid() {
  return statsV1({
    ...every,
    directory: (controller) => (file) =>
      FILES[`${controller || "unified"}/${file}`],
  });
}

function withoutPsi(value: unknown): unknown {
  return JSON.parse(
    stringifyJson(value),
    (name, member) => name === "psi" ? undefined : member,
  );
}

Deno.test("statsJson() is what runc printed of the same files, and pressure", () => {
  const ours = printed(fromHybrid());
  const { data } = parseJson(RUNC_EVENT) as { data: unknown };
  assertEquals(withoutPsi(ours), withoutPsi(data));
  const { cpu, memory, blkio } = ours as Record<string, { psi: unknown }>;
  assertEquals(cpu?.psi, {
    some: { avg10: 1.63, avg60: 0.34, avg300: 0.07, total: 237566 },
    full: { avg10: 1.63, avg60: 0.34, avg300: 0.07, total: 232387 },
  });
  assertEquals([typeof memory?.psi, typeof blkio?.psi], ["object", "object"]);
});

Deno.test("statsJson() keeps numbers beyond 2^53", () => {
  const text = stringifyJson(statsJson(fromHybrid()));
  assertEquals(text.match(/9223372036854771712/g)?.length, 4);
});

Deno.test("statsJson() writes v2 in the same shape", () => {
  const stats = statsV2({ ...every, directory: () => (file) => V2[file] });
  const { memory, cpuset, blkio } = printed(stats) as Record<
    string,
    Record<string, unknown>
  >;
  assertEquals(memory?.["swap"], {
    limit: 18_446_744_073_709_551_615n,
    usage: 8830976,
    failcnt: 0,
  });
  assertEquals(memory?.["kernel"], { limit: 0, usage: 126976, failcnt: 0 });
  assertEquals(memory?.["kernelTCP"], { limit: 0, failcnt: 0 });
  assertEquals(cpuset?.["cpus"], [0, 1]);
  assertEquals(
    (blkio?.["ioServicedRecursive"] as unknown[])[0],
    { major: 8, minor: 16, op: "Read", value: 192 },
  );
});

Deno.test("statsJson() leaves out what Go leaves out, and nothing else", () => {
  assertEquals(printed({}), {
    cpu: { usage: { kernel: 0, user: 0 }, throttling: {} },
    cpuset: {
      "cpu_exclusive": 0,
      "mem_hardwall": 0,
      "mem_exclusive": 0,
      "memory_migrate": 0,
      "memory_spread_page": 0,
      "memory_spread_slab": 0,
      "memory_pressure": 0,
      "sched_load_balance": 0,
      "sched_relax_domain_level": 0,
    },
    memory: {
      usage: { limit: 0, failcnt: 0 },
      swap: { limit: 0, failcnt: 0 },
      kernel: { limit: 0, failcnt: 0 },
      kernelTCP: { limit: 0, failcnt: 0 },
    },
    pids: {},
    blkio: {},
    hugetlb: {},
    "intel_rdt": {},
    "network_interfaces": null,
  });
});

Deno.test("statsJson() names what interfaces did as Go does", () => {
  const eth0 = {
    name: "eth0",
    rxBytes: 1,
    rxPackets: 2,
    rxErrors: 3,
    rxDropped: 4,
    txBytes: 5,
    txPackets: 6,
    txErrors: 7,
    txDropped: 8,
  };
  const { network_interfaces: interfaces } = printed({
    network: [eth0],
  }) as Record<string, unknown>;
  assertEquals(interfaces, [{
    Name: "eth0",
    RxBytes: 1,
    RxPackets: 2,
    RxErrors: 3,
    RxDropped: 4,
    TxBytes: 5,
    TxPackets: 6,
    TxErrors: 7,
    TxDropped: 8,
  }]);
});
