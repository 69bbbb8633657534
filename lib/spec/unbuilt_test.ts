import { assertEquals } from "../deps/assert.ts";
import { exampleSpec } from "./example.ts";
import { Problems } from "./problems.ts";
import type { Spec } from "./types.ts";
import { unbuiltRules } from "./unbuilt.ts";

const MOUNT = { destination: "/a", source: "/b" };

type Parts = Omit<Partial<Spec>, "process"> & {
  readonly process?: Partial<Spec["process"]>;
};

function refusals(parts: Parts): string[] {
  const problems = new Problems();
  unbuiltRules({ spec: { ociVersion: "1.3.0", ...parts } as Spec, problems });
  return problems.refused.map(({ pointer, detail }) => `${pointer}: ${detail}`);
}

const REFUSED: readonly [pointer: string, reason: string, parts: Parts][] = [
  [
    "/linux/netDevices",
    "the devices would stay on the host",
    { linux: { netDevices: { eth0: {} } } },
  ],
  [
    "/linux/intelRdt",
    "the container would stay in the runtime's class",
    { linux: { intelRdt: {} } },
  ],
];

for (const [pointer, reason, parts] of REFUSED) {
  Deno.test(`unbuiltRules() refuses ${JSON.stringify(parts)}`, () => {
    assertEquals(refusals(parts), [
      `${pointer}: not supported by this version of nsinit: ${reason}`,
    ]);
  });
}

Deno.test("unbuiltRules() accepts the example and values that change nothing", () => {
  assertEquals(refusals(exampleSpec()), []);
  assertEquals(
    refusals({
      mounts: [{
        ...MOUNT,
        uidMappings: [],
        gidMappings: [],
        options: ["bind", "ro"],
      }],
      linux: {
        netDevices: {},
      },
    }),
    [],
  );
});

Deno.test("unbuiltRules() accepts limits of all kinds", () => {
  assertEquals(
    refusals({
      linux: {
        resources: {
          blockIO: { weight: 10, weightDevice: [{ major: 1, minor: 1 }] },
          hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
          network: { classID: 1, priorities: [{ name: "a", priority: 0 }] },
          rdma: { a: { hcaHandles: 1 } },
          unified: { "memory.high": "1" },
        },
      },
    }),
    [],
  );
});
