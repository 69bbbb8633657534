import type { MemoryPolicy, Process, Scheduler } from "../types.ts";
import { schedulingRules } from "./scheduling.ts";
import { specWith, testRule } from "./table_test.ts";

const S = "/process/scheduler";
const M = "/linux/memoryPolicy";

function scheduler(scheduler: Scheduler) {
  return specWith({ process: { scheduler } });
}

function running(process: Partial<Process>) {
  return specWith({ process });
}

function memory(memoryPolicy: MemoryPolicy) {
  return specWith({ linux: { memoryPolicy } });
}

testRule(schedulingRules, [
  { has: "nothing", spec: specWith({}) },
  {
    has: "the lowest nice value",
    spec: scheduler({ policy: "SCHED_BATCH", nice: -20 }),
  },
  {
    has: "the highest nice value",
    spec: scheduler({ policy: "SCHED_OTHER", nice: 19 }),
  },
  {
    has: "nice values out of bounds",
    spec: scheduler({ policy: "SCHED_OTHER", nice: 20 }),
    refused: [
      `${S}/nice: invalid scheduler.nice: 20 when scheduler.policy is SCHED_OTHER, expected -20 to 19`,
    ],
  },
  {
    has: "any nice value for SCHED_IDLE",
    spec: scheduler({ policy: "SCHED_IDLE", nice: 30 }),
  },
  {
    has: "a priority for SCHED_FIFO",
    spec: scheduler({ policy: "SCHED_FIFO", priority: 99 }),
  },
  {
    has: "no priority for SCHED_RR",
    spec: scheduler({ policy: "SCHED_RR" }),
    refused: [`${S}/priority: got 0, expected 1 to 99 for SCHED_RR`],
  },
  {
    has: "a priority for SCHED_OTHER",
    spec: scheduler({ policy: "SCHED_OTHER", priority: 1 }),
    refused: [
      `${S}/priority: scheduler.priority can only be specified for SchedFIFO or SchedRR policy`,
    ],
  },
  {
    has: "SCHED_ISO",
    spec: scheduler({ policy: "SCHED_ISO" }),
    refused: [
      `${S}/policy: SCHED_ISO is reserved, but not implemented by Linux`,
    ],
  },
  {
    has: "a deadline",
    spec: scheduler({
      policy: "SCHED_DEADLINE",
      runtime: 1,
      deadline: 1n,
      period: 2,
    }),
  },
  {
    has: "a deadline without a period, which is then the deadline",
    spec: scheduler({ policy: "SCHED_DEADLINE", runtime: 1, deadline: 1 }),
  },
  ...[
    {},
    { runtime: 2, deadline: 1 },
    { runtime: 1, deadline: 3, period: 2 },
  ].map((times) => ({
    has: `a deadline with ${JSON.stringify(times)}`,
    spec: scheduler({ policy: "SCHED_DEADLINE", ...times }),
    refused: [
      `${S}: got runtime ${times.runtime ?? 0}, deadline ${
        times.deadline ?? 0
      }, period ` +
      `${times.period ?? 0}, expected 0 < runtime <= deadline <= period`,
    ],
  })),
  ...(["runtime", "deadline", "period"] as const).map((name) => ({
    has: `${name} for SCHED_OTHER`,
    spec: scheduler({ policy: "SCHED_OTHER", [name]: 1n << 60n }),
    refused: [
      `${S}: scheduler runtime/deadline/period can only be specified for SchedDeadline policy`,
    ],
  })),
  {
    has: "an I/O priority",
    spec: running({ ioPriority: { class: "IOPRIO_CLASS_BE", priority: 7 } }),
  },
  ...[-1, 8].map((priority) => ({
    has: `an I/O priority of ${priority}`,
    spec: running({ ioPriority: { class: "IOPRIO_CLASS_BE", priority } }),
    refused: [
      `/process/ioPriority/priority: invalid ioPriority.Priority: ${priority}, expected 0 to 7`,
    ],
  })),
  {
    has: "an affinity",
    spec: running({ execCPUAffinity: { initial: "0-1", final: "" } }),
  },
  {
    has: "an odd affinity",
    spec: running({ execCPUAffinity: { initial: "1-0", final: "0," } }),
    refused: [
      '/process/execCPUAffinity/initial: "1-0" has the backward range 1-0, expected a list such as 0-3,7',
      '/process/execCPUAffinity/final: "0," has an empty entry, expected a list such as 0-3,7',
    ],
  },
  ...(["MPOL_DEFAULT", "MPOL_LOCAL"] as const).flatMap((mode) => [
    { has: `${mode} without nodes`, spec: memory({ mode }) },
    {
      has: `${mode} with nodes`,
      spec: memory({ mode, nodes: "0" }),
      refused: [`${M}/nodes: ${mode} takes no nodes`],
    },
  ]),
  ...([
    "MPOL_BIND",
    "MPOL_INTERLEAVE",
    "MPOL_WEIGHTED_INTERLEAVE",
    "MPOL_PREFERRED_MANY",
  ] as const).flatMap((mode) => [
    { has: `${mode} with nodes`, spec: memory({ mode, nodes: "0-1" }) },
    {
      has: `${mode} without nodes`,
      spec: memory({ mode, nodes: "" }),
      refused: [`${M}/nodes: ${mode} needs at least one node`],
    },
  ]),
  {
    has: "MPOL_PREFERRED without nodes",
    spec: memory({ mode: "MPOL_PREFERRED" }),
  },
  {
    has: "MPOL_PREFERRED with nodes",
    spec: memory({ mode: "MPOL_PREFERRED", nodes: "1" }),
  },
  {
    has: "odd nodes",
    spec: memory({ mode: "MPOL_BIND", nodes: "x" }),
    refused: [
      `${M}/nodes: "x" has the entry "x", expected a list such as 0-3,7`,
    ],
  },
  {
    has: "flags that go together",
    spec: memory({
      mode: "MPOL_BIND",
      nodes: "0",
      flags: ["MPOL_F_STATIC_NODES", "MPOL_F_NUMA_BALANCING"],
    }),
  },
  {
    has: "flags that exclude each other or need another mode",
    spec: memory({
      mode: "MPOL_INTERLEAVE",
      nodes: "0",
      flags: [
        "MPOL_F_STATIC_NODES",
        "MPOL_F_RELATIVE_NODES",
        "MPOL_F_NUMA_BALANCING",
      ],
    }),
    refused: [
      `${M}/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other`,
      `${M}/flags: MPOL_F_NUMA_BALANCING needs MPOL_BIND or MPOL_PREFERRED_MANY, got MPOL_INTERLEAVE`,
    ],
  },
  {
    has: "a personality",
    spec: specWith({ linux: { personality: { domain: "LINUX32" } } }),
  },
  {
    has: "personality flags with a warning",
    spec: specWith({
      linux: { personality: { domain: "LINUX", flags: ["X"] } },
    }),
    warnings: [
      "/linux/personality/flags: ignoring unsupported personality flags",
    ],
  },
]);
