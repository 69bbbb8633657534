import { assertEquals, assertThrows } from "../deps/assert.ts";
import { RuntimeError } from "../errors.ts";
import type { Resources } from "../spec/types.ts";
import { UPDATE_FLAGS } from "./flags_verbs.ts";
import { Parsed } from "./parse.ts";
import { parseSize, resourcesOf } from "./resources_flags.ts";

/** What flags ask for, and what is said of them. */
function read(
  flags: Readonly<Record<string, string>>,
): { resources: Resources; warnings: string[] } {
  const warnings: string[] = [];
  const parsed = new Parsed(flags, UPDATE_FLAGS, ["id"]);
  const resources = resourcesOf(parsed, (text) => warnings.push(text));
  return { resources, warnings };
}

Deno.test("resourcesOf() gives each flag its place", () => {
  const flags = {
    "blkio-weight": "500",
    "cpu-period": "100000",
    "cpu-quota": "-1",
    "cpu-burst": "0",
    "cpu-share": "512",
    "cpu-rt-period": "1000000",
    "cpu-rt-runtime": "950000",
    "cpu-idle": "0",
    "cpuset-cpus": "0-3",
    "cpuset-mems": "0",
    "memory": "64M",
    "memory-reservation": "32m",
    "memory-swap": "-1",
    "pids-limit": "0",
  };
  assertEquals(read(flags), {
    resources: {
      memory: { limit: 67_108_864, reservation: 33_554_432, swap: -1 },
      cpu: {
        shares: 512,
        quota: -1,
        burst: 0,
        period: 100_000,
        realtimeRuntime: 950_000,
        realtimePeriod: 1_000_000,
        cpus: "0-3",
        mems: "0",
        idle: 0,
      },
      pids: { limit: 0 },
      blockIO: { weight: 500 },
    },
    warnings: [],
  });
});

Deno.test("resourcesOf() has nothing of flags that are absent or empty", () => {
  assertEquals(read({}).resources, {});
  const empty = Object.fromEntries(UPDATE_FLAGS.map(({ name }) => [name, ""]));
  assertEquals(read(empty).resources, {});
});

Deno.test("resourcesOf() keeps integers of 64 bits", () => {
  const { resources } = read({
    "cpu-share": "18446744073709551615",
    "cpu-quota": "-9223372036854775808",
  });
  assertEquals(resources.cpu, {
    shares: 2n ** 64n - 1n,
    quota: -(2n ** 63n),
  });
});

Deno.test("resourcesOf() refuses by the flag's name", () => {
  const cases: [name: string, text: string, detail: string][] = [
    ["cpu-quota", "1.5", 'parsing "1.5": invalid syntax'],
    ["cpu-quota", "9223372036854775808", "out of range"],
    ["cpu-period", "-1", 'parsing "-1": invalid syntax'],
    ["cpu-share", "0x10", "invalid syntax"],
    ["pids-limit", " 5", "invalid syntax"],
    ["memory", "-2", "invalid size: '-2'"],
    ["memory", "8 Q", "invalid size: '8 Q'"],
    ["memory-swap", "8E", "invalid size: '8E'"],
    ["memory-reservation", "8192P", "out of range"],
  ];
  for (const [name, text, detail] of cases) {
    const error = assertThrows(() => read({ [name]: text }), RuntimeError);
    assertEquals(error.message.startsWith(`invalid value for ${name}: `), true);
    assertEquals(error.message.includes(detail), true, error.message);
  }
});

Deno.test("resourcesOf() refuses Intel RDT, and passes over kernel memory with a word", () => {
  assertThrows(
    () => read({ "l3-cache-schema": "L3:0=f" }),
    RuntimeError,
    "Intel RDT/CAT: l3 cache schema is not enabled",
  );
  assertThrows(
    () => read({ "mem-bw-schema": "MB:0=20" }),
    RuntimeError,
    "Intel RDT/MBA: memory bandwidth schema is not enabled",
  );
  assertEquals(read({ "kernel-memory-tcp": "1M", "kernel-memory": "1" }), {
    resources: {},
    warnings: ["Kernel memory settings are ignored and will be removed"],
  });
});

Deno.test("parseSize() reads sizes in powers of 1024", () => {
  const cases: [string, bigint | undefined][] = [
    ["0", 0n],
    ["1024", 1024n],
    ["1k", 1024n],
    ["32M", 32n << 20n],
    ["32MB", 32n << 20n],
    ["32MiB", 32n << 20n],
    ["1.5g", 3n << 29n],
    ["2 T", 2n << 40n],
    ["1P", 1n << 50n],
    ["7b", 7n],
    ["1.5", 1n],
    ["", undefined],
    ["M", undefined],
    ["1 .5M", undefined],
    ["1e3", undefined],
    ["1MM", undefined],
    ["1  M", undefined],
  ];
  for (const [text, bytes] of cases) assertEquals(parseSize(text), bytes, text);
});
