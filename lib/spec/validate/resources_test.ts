import type { Resources } from "../types.ts";
import { resourceRules } from "./resources.ts";
import { HOST, specWith, testRule } from "./table_test.ts";
import type { SpecHost } from "./context.ts";

const V1: SpecHost = { ...HOST, cgroup: "v1" };
const HYBRID: SpecHost = { ...HOST, cgroup: "hybrid" };
const UNLIMITED = 9223372036854771712n;
const P = "/linux/resources";

function limits(resources: Resources) {
  return specWith({ linux: { resources } });
}

testRule(resourceRules, [
  { has: "no limits", spec: specWith({}) },
  {
    has: "empty limits",
    spec: limits({ devices: [], memory: {}, cpu: {}, pids: {}, unified: {} }),
  },
  {
    has: "device rules",
    spec: limits({
      devices: [
        { allow: false, access: "rwm" },
        { allow: true, type: "", access: "m" },
        { allow: true, type: "c", major: 10, minor: -1, access: "rw" },
        { allow: true, type: "a", major: -1, access: "r" },
      ],
    }),
  },
  {
    has: "device rules without access, with odd access, type and numbers",
    spec: limits({
      devices: [
        { allow: true, access: "" },
        { allow: true },
        { allow: true, access: "rx" },
        { allow: true, type: "u", access: "r" },
        { allow: true, type: "c", major: -2, minor: 1n << 40n, access: "r" },
      ],
    }),
    refused: [
      `${P}/devices/0/access: device access at 0 field cannot be empty, expected letters of rwm`,
      `${P}/devices/1/access: device access at 1 field cannot be empty, expected letters of rwm`,
      `${P}/devices/2/access: got "rx", expected letters of rwm`,
      `${P}/devices/3/type: invalid cgroup device type "u", expected a, b or c`,
      `${P}/devices/4/major: got -2, expected a number or -1 for all`,
      `${P}/devices/4/minor: got 1099511627776, expected a number or -1 for all`,
    ],
  },
  {
    has: "memory limits",
    spec: limits({ memory: { limit: 100, reservation: 50, swap: 100 } }),
  },
  {
    has: "memory without limits",
    spec: limits({ memory: { limit: -1, swap: 5, reservation: -1 } }),
  },
  { has: "unlimited swap", spec: limits({ memory: { limit: 5, swap: -1 } }) },
  {
    has: "limits near 2^63",
    spec: limits({ memory: { limit: UNLIMITED, swap: UNLIMITED } }),
  },
  {
    has: "limits below -1",
    spec: limits({ memory: { limit: -2, reservation: -3, swap: -4n } }),
    refused: [
      `${P}/memory/limit: got -2, expected bytes or -1 for unlimited`,
      `${P}/memory/reservation: got -3, expected bytes or -1 for unlimited`,
      `${P}/memory/swap: got -4, expected bytes or -1 for unlimited`,
    ],
  },
  ...[HOST, V1].map((host) => ({
    has: `memory and swap below memory on ${host.cgroup}`,
    host,
    spec: limits({ memory: { limit: UNLIMITED, swap: 99 } }),
    refused: [
      `${P}/memory/swap: memory+swap limit should be >= memory limit, got 99, expected ` +
      `${UNLIMITED} or more`,
    ],
  })),
  {
    has: "swap without memory on v2",
    spec: limits({ memory: { swap: 5 } }),
    refused: [
      `${P}/memory/swap: unable to set swap limit without memory limit, expected ${P}/memory/limit`,
    ],
  },
  {
    has: "swap without memory on v1",
    host: V1,
    spec: limits({ memory: { swap: 5 } }),
  },
  {
    has: "swappiness on v1",
    host: V1,
    spec: limits({ memory: { swappiness: 100 } }),
  },
  {
    has: "swappiness above 100",
    host: V1,
    spec: limits({ memory: { swappiness: 101 } }),
    refused: [
      `${P}/memory/swappiness: invalid memory swappiness value: 101 (valid range is 0-100)`,
    ],
  },
  {
    has: "settings that v2 does not have, with warnings",
    spec: limits({
      memory: { swappiness: 1, disableOOMKiller: true, kernel: 5 },
      cpu: { realtimeRuntime: 1, realtimePeriod: 2 },
    }),
    warnings: [
      `${P}/memory: Kernel memory settings are ignored and will be removed`,
      `${P}/memory/swappiness: ignored, cgroup v2 has no such setting`,
      `${P}/memory/disableOOMKiller: ignored, cgroup v2 has no such setting`,
      `${P}/cpu: real-time limits are ignored, cgroup v2 has none`,
    ],
  },
  {
    has: "the same on hybrid, where only kernel memory is ignored",
    host: HYBRID,
    spec: limits({
      memory: { swappiness: 1, disableOOMKiller: true, kernel: 5 },
      cpu: { realtimeRuntime: 2, realtimePeriod: 2 },
    }),
    warnings: [
      `${P}/memory: Kernel memory settings are ignored and will be removed`,
    ],
  },
  {
    has: "a limit of TCP buffers, which v1 has",
    host: V1,
    spec: limits({ memory: { kernelTCP: 5 } }),
  },
  {
    has: "a limit of TCP buffers, which v2 does not have",
    spec: limits({ memory: { kernelTCP: 5 } }),
    warnings: [
      `${P}/memory: Kernel memory settings are ignored and will be removed`,
    ],
  },
  ...[HOST, V1].map((host) => ({
    has: `memory that is not accounted for hierarchically on ${host.cgroup}`,
    host,
    spec: limits({ memory: { useHierarchy: false } }),
    warnings: [
      `${P}/memory/useHierarchy: ignored, the kernel always accounts for memory hierarchically`,
    ],
  })),
  {
    has: "files of cgroup v2 that are no limits",
    spec: limits({
      unified: { "cgroup.procs": "1", "cgroup.max.depth": "1" },
    }),
    refused: [
      `${P}/unified/cgroup.procs: unified resource "cgroup.procs" is no limit, but a switch for the ` +
      "container's processes",
    ],
  },
  {
    has: "an out-of-memory killer that stays on",
    spec: limits({ memory: { disableOOMKiller: false, useHierarchy: true } }),
  },
  {
    has: "CPU limits",
    spec: limits({
      cpu: {
        shares: 2,
        quota: 1000,
        burst: 1000,
        period: 1000,
        cpus: "0-3,7",
        mems: " 0 , 1",
        idle: 1,
      },
    }),
  },
  {
    has: "CPU limits that mean none",
    spec: limits({
      cpu: { shares: 0, quota: -1, burst: 5, period: 0, cpus: "", mems: "" },
    }),
  },
  {
    has: "CPU limits that the kernel refuses",
    spec: limits({
      cpu: {
        quota: 999,
        burst: 1000,
        period: 1_000_001,
        cpus: "a",
        mems: "0;1",
        idle: 2,
      },
    }),
    refused: [
      `${P}/cpu/period: got 1000001, expected 1000 to 1000000 microseconds`,
      `${P}/cpu/quota: got 999, expected 1000 microseconds or more, or -1 for unlimited`,
      `${P}/cpu/burst: got 1000, expected the quota (999) or less`,
      `${P}/cpu/idle: got 2, expected 0 or 1`,
      `${P}/cpu/cpus: got "a", expected a list of numbers such as 0-3,7`,
      `${P}/cpu/mems: got "0;1", expected a list of numbers such as 0-3,7`,
    ],
  },
  {
    has: "a period of less than a millisecond and real-time beyond its period",
    host: V1,
    spec: limits({
      cpu: { period: 999, realtimeRuntime: 3, realtimePeriod: 2 },
    }),
    refused: [
      `${P}/cpu/period: got 999, expected 1000 to 1000000 microseconds`,
      `${P}/cpu/realtimeRuntime: got 3, expected the period (2) or less`,
    ],
  },
  {
    has: "huge page limits",
    spec: limits({
      hugepageLimits: [{ pageSize: "2MB", limit: 0 }, {
        pageSize: "1GB",
        limit: 5,
      }],
    }),
  },
  {
    has: "a page size twice",
    spec: limits({
      hugepageLimits: [{ pageSize: "2MB", limit: 0 }, {
        pageSize: "2MB",
        limit: 5,
      }],
    }),
    refused: [
      `${P}/hugepageLimits/1/pageSize: 2MB is given twice, expected each size once`,
    ],
  },
  {
    has: "RDMA limits",
    spec: limits({ rdma: { a: { hcaHandles: 0 }, b: { hcaObjects: 1 } } }),
  },
  {
    has: "an RDMA limit of nothing",
    spec: limits({ rdma: { "a/b": {} } }),
    refused: [`${P}/rdma/a~1b: empty, expected hcaHandles or hcaObjects`],
  },
  {
    has: "files of cgroup v2",
    spec: limits({ unified: { "memory.high": "1", "hugetlb.1GB.max": "2" } }),
  },
  ...[V1, HYBRID].map((host) => ({
    has: `files of cgroup v2 on ${host.cgroup}`,
    host,
    spec: limits({ unified: { "memory.high": "1" } }),
    refused: [
      `${P}/unified: invalid configuration: cannot use unified on cgroup v1; leave it out, or boot with cgroup v2 alone`,
    ],
  })),
  {
    has: "no files of cgroup v2 on v1",
    host: V1,
    spec: limits({ unified: {} }),
  },
  {
    has: "paths and names without a controller",
    spec: limits({
      unified: {
        "../memory.high": "1",
        "memory": "1",
        ".x": "1",
        "..": "1",
        "a.": "",
      },
    }),
    refused: [
      `${P}/unified/..~1memory.high: unified resource "../memory.high" must be a file name (no slashes)`,
      ...["memory", ".x", "..", "a."].map((file) =>
        `${P}/unified/${file}: unified resource "${file}" must be in the form CONTROLLER.PARAMETER`
      ),
    ],
  },
  {
    has: "block device limits",
    spec: limits({
      blockIO: {
        weight: 0,
        leafWeight: 10,
        weightDevice: [{ major: 8, minor: 0, weight: 1000 }],
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 0 }],
      },
    }),
  },
  {
    has: "odd block device limits",
    spec: limits({
      blockIO: {
        weight: 9,
        leafWeight: 1001,
        weightDevice: [{ major: -1, minor: 0, leafWeight: 5 }, {
          major: 8,
          minor: 0,
        }],
        throttleWriteIOPSDevice: [{ major: 8, minor: -2, rate: 1 }],
      },
    }),
    refused: [
      `${P}/blockIO/weight: got 9, expected 10 to 1000, or 0 for none`,
      `${P}/blockIO/leafWeight: got 1001, expected 10 to 1000, or 0 for none`,
      `${P}/blockIO/weightDevice/0/major: got -1, expected a device number`,
      `${P}/blockIO/weightDevice/0/leafWeight: got 5, expected 10 to 1000, or 0 for none`,
      `${P}/blockIO/weightDevice/1: has no limit, expected weight or leafWeight`,
      `${P}/blockIO/throttleWriteIOPSDevice/0/minor: got -2, expected a device number`,
    ],
  },
]);
