import { assertEquals } from "../deps/assert.ts";
import type { Resources } from "../spec/types.ts";
import { askedResources, mergeResources } from "./merge_resources.ts";

Deno.test("askedResources() leaves out what runc's template for nothing has", () => {
  const template: Resources = {
    memory: { limit: 0, reservation: 0, swap: 0 },
    cpu: {
      shares: 0,
      quota: 0,
      period: 0,
      realtimeRuntime: 0,
      realtimePeriod: 0,
      cpus: "",
      mems: "",
    },
    blockIO: { weight: 0, throttleReadBpsDevice: [] },
    hugepageLimits: [],
    unified: {},
  };
  assertEquals(askedResources(template), {});
  assertEquals(askedResources({}), {});
});

Deno.test("askedResources() keeps zeros that are meant, and no device rules", () => {
  const meant: Resources = {
    cpu: { cpus: "0", mems: "0", idle: 0, burst: 0 },
    pids: { limit: 0 },
    memory: { swappiness: 0, disableOOMKiller: false, limit: -1 },
    devices: [],
  };
  assertEquals(askedResources(meant), meant);
});

Deno.test("mergeResources() changes what is given, and keeps the rest", () => {
  const old: Resources = {
    memory: { limit: 1000, swap: 2000, swappiness: 7 },
    cpu: { shares: 512, quota: 10, cpus: "0" },
    pids: { limit: 5 },
    devices: [{ allow: false }],
  };
  const before = structuredClone(old);
  assertEquals(
    mergeResources(old, { memory: { limit: 1500 }, cpu: { quota: 20 } }),
    {
      memory: { limit: 1500, swap: 2000, swappiness: 7 },
      cpu: { shares: 512, quota: 20, cpus: "0" },
      pids: { limit: 5 },
      devices: [{ allow: false }],
    },
  );
  assertEquals(mergeResources(old, { devices: [] }).devices, []);
  assertEquals(mergeResources(old, {}), old);
  assertEquals(old, before);
});

Deno.test("mergeResources() drops what a new limit makes void", () => {
  const old: Resources = {
    memory: { limit: 1000, swap: 2000 },
    cpu: { shares: 512 },
  };
  assertEquals(mergeResources(old, { memory: { limit: -1 } }).memory, {
    limit: -1,
  });
  assertEquals(
    mergeResources(old, { memory: { limit: -1n, swap: 3000 } }).memory,
    { limit: -1n, swap: 3000 },
  );
  assertEquals(mergeResources(old, { cpu: { idle: 1 } }).cpu, { idle: 1 });
  assertEquals(mergeResources(old, { cpu: { idle: 0 } }).cpu, {
    shares: 512,
    idle: 0,
  });
});

Deno.test("mergeResources() merges lists entry by entry", () => {
  const merged = mergeResources(
    {
      blockIO: {
        weight: 100,
        throttleReadBpsDevice: [
          { major: 8, minor: 0, rate: 1 },
          { major: 8, minor: 16, rate: 2 },
        ],
      },
      hugepageLimits: [{ pageSize: "2MB", limit: 1 }],
      network: { classID: 5, priorities: [{ name: "eth0", priority: 1 }] },
      rdma: { a: { hcaHandles: 1 } },
      unified: { "memory.high": "1" },
    },
    {
      blockIO: {
        throttleReadBpsDevice: [{ major: 8, minor: 0n, rate: 9 }],
        throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 3 }],
      },
      hugepageLimits: [
        { pageSize: "2MB", limit: 7 },
        { pageSize: "1GB", limit: 8 },
      ],
      network: { priorities: [{ name: "eth0", priority: 2 }] },
      rdma: { b: { hcaObjects: 2 } },
      unified: { "memory.high": "2", "cpu.idle": "1" },
    },
  );
  assertEquals(merged, {
    blockIO: {
      weight: 100,
      throttleReadBpsDevice: [
        { major: 8, minor: 0n, rate: 9 },
        { major: 8, minor: 16, rate: 2 },
      ],
      throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 3 }],
    },
    hugepageLimits: [
      { pageSize: "2MB", limit: 7 },
      { pageSize: "1GB", limit: 8 },
    ],
    network: { classID: 5, priorities: [{ name: "eth0", priority: 2 }] },
    rdma: { a: { hcaHandles: 1 }, b: { hcaObjects: 2 } },
    unified: { "memory.high": "2", "cpu.idle": "1" },
  });
  const nothing = mergeResources({}, { pids: { limit: 3 } });
  assertEquals(nothing, { pids: { limit: 3 } });
});
