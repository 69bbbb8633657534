/**
 * Limits that can't be had: each is refused by an error of one line that names the field or the file, and what helps;
 * and nothing is left. Where there can be no cgroup at all is in placement_test.ts, without root in rootless_test.ts.
 */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import { failure } from "./command.ts";
import { limited, ONLY_V1, onV2, refusal, V2, without } from "./limits.ts";
import type { Resources } from "./spec.ts";

/** Resources, and what must be said of them. */
type Refused = readonly [resources: Resources, text: RegExp];

/** Impossible on every kernel. */
const IMPOSSIBLE: readonly Refused[] = [
  [
    { cpu: { quota: 10, period: 100_000 } },
    /\/linux\/resources\/cpu\/quota: got 10, expected 1000 microseconds or more, or -1/,
  ],
  [
    { cpu: { period: 99_999_999 } },
    /\/linux\/resources\/cpu\/period: got 99999999, expected 1000 to 1000000 microseconds/,
  ],
  [
    { cpu: { quota: 10_000, burst: 20_000 } },
    /\/linux\/resources\/cpu\/burst: got 20000, expected the quota \(10000\) or less/,
  ],
  [
    { cpu: { realtimeRuntime: 950_000, realtimePeriod: 100_000 } },
    /\/linux\/resources\/cpu\/realtimeRuntime: got 950000, expected the period \(100000\) or less/,
  ],
  [
    { cpu: { cpus: "one" } },
    /\/linux\/resources\/cpu\/cpus: got \\"one\\", expected a list of numbers such as 0-3,7/,
  ],
  [
    { memory: { limit: 10_485_760, swap: 1_048_576 } },
    /\/linux\/resources\/memory\/swap: memory\+swap limit should be >= memory limit, got 1048576, expected 10485760/,
  ],
  [
    { memory: { limit: -5 } },
    /\/linux\/resources\/memory\/limit: got -5, expected bytes or -1 for unlimited/,
  ],
  [
    { blockIO: { weight: 5 } },
    /\/linux\/resources\/blockIO\/weight: got 5, expected 10 to 1000, or 0 for none/,
  ],
];

claim(
  "limits that no kernel has are refused by their field [v2]",
  async (box) => {
    for (const [resources, text] of IMPOSSIBLE) {
      assertMatch(await refusal(box, resources), text);
    }
  },
);

/** What this kernel refuses. */
const BEYOND: readonly Refused[] = [
  [
    { pids: { limit: 99_999_999 } },
    /Cannot write \\"99999999\\" to \/sys\/\S+\/pids\.max: invalid argument \(EINVAL\); the kernel has no more than/,
  ],
  [
    { cpu: { cpus: "999" } },
    /Cannot write \\"999\\" to \/sys\/\S+\/cpuset\.cpus: .*; it names CPUs or memory nodes that do not exist/,
  ],
  [
    { cpu: { mems: "63" } },
    /Cannot write \\"63\\" to \/sys\/\S+\/cpuset\.mems: .*; it names CPUs or memory nodes that do not exist/,
  ],
  [
    {
      blockIO: { throttleReadBpsDevice: [{ major: 250, minor: 9, rate: 1 }] },
    },
    /Cannot write \\"250:9 \S+\\" to \/sys\/\S+: no such device \(ENODEV\); .*give the numbers of the whole disk/,
  ],
];

claim(
  "limits that this kernel has not are refused by file, and with what helps [v2]",
  async (box) => {
    for (const [resources, text] of BEYOND) {
      assertMatch(await refusal(box, resources), text);
    }
    if (V2) return;
    assertMatch(
      await refusal(box, { cpu: { shares: 1 } }),
      /the minimum allowed cpu-shares is 2; ask for no less \(\/sys\/\S+\/cpu\.shares\)/,
    );
  },
  { skip: ["pids", "cpu", "cpuset"].map(without).find((reason) => reason) },
);

/** A controller that is nowhere, on v2. */
const NOWHERE: readonly Refused[] = [
  [{ unified: { "nosuch.max": "5" } }, /cannot set nosuch limit: \/sys\/fs/],
  [
    { rdma: { mlx5: { hcaHandles: 3 } } },
    /cannot set rdma limit: \/sys\/fs|rdma\.max: .*see \/sys\/class\/infiniband/,
  ],
  [
    { network: { classID: 1 } },
    /\/linux\/resources\/network\/classID: cgroup v2 can't mark packets; leave it out/,
  ],
];

claim(
  "limits of a controller that v2 has not are refused, and with what helps [v2]",
  async (box) => {
    // Here v1 has them; on a pure v2 host they are there.
    const held: readonly Refused[] = V2 ? [] : [
      [
        { pids: { limit: 5 } },
        /cannot set pids limit: \/sys\/fs\/cgroup\/cgroup\.controllers has no pids: .* or a v1 hierarchy has it/,
      ],
      [
        { memory: { limit: 1 << 25 } },
        /cannot set memory limit: \/sys\/fs\/cgroup\/cgroup\.controllers has no memory/,
      ],
    ];
    for (const [resources, text] of [...NOWHERE, ...held]) {
      const bundle = await box.bundle(limited(resources));
      const command = ["create", "-b", bundle.dir, box.newId()];
      assertMatch(failure(await onV2(box, command)), text);
      assertEquals(box.leaks(), []);
    }
  },
);

claim(
  "limits of a controller that v1 has not are refused, and with what helps",
  async (box) => {
    const refused: readonly Refused[] = [
      [
        { rdma: { mlx5: { hcaHandles: 3 } } },
        /cannot set rdma limit: .*no cgroup v1 hierarchy has this controller; .*mount one on \/sys\/fs\/cgroup\/rdma/,
      ],
      [
        { unified: { "memory.high": "5" } },
        /\/linux\/resources\/unified: .*cannot use unified on cgroup v1; leave it out, or boot with cgroup v2 alone/,
      ],
    ];
    for (const [resources, text] of refused) {
      assertMatch(await refusal(box, resources), text);
    }
  },
  { skip: ONLY_V1 ?? hasRdma() },
);

function hasRdma(): string | undefined {
  return without("rdma") === undefined ? "cgroup v1 has rdma here" : undefined;
}
