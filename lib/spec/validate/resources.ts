/**
 * Rules about limits enforced by cgroups: config-linux.md#control-groups.
 *
 * @module
 */
import { isKernelCpuList } from "../cpu_list.ts";
import { jsonPointer, quote } from "../pointer.ts";
import type { CpuResources, MemoryResources, Resources } from "../types.ts";
import { blockIoRules } from "./block_io.ts";
import type { RuleContext } from "./context.ts";

const POINTER = "/linux/resources";

/** Files of cgroup v2's core that limit nothing, but move, stop, kill processes or change what can be in the cgroup. */
const CORE_SWITCHES = [
  "cgroup.procs",
  "cgroup.threads",
  "cgroup.kill",
  "cgroup.freeze",
  "cgroup.type",
  "cgroup.subtree_control",
];

function checkDeviceRules(
  { problems }: RuleContext,
  { devices = [] }: Resources,
): void {
  for (const [index, { type, major, minor, access }] of devices.entries()) {
    const pointer = jsonPointer("linux", "resources", "devices", index);
    if (!access) {
      problems.refuse(
        `${pointer}/access`,
        `device access at ${index} field cannot be empty, expected letters of rwm`,
      );
    } else if (!/^[rwm]+$/.test(access)) {
      problems.refuse(
        `${pointer}/access`,
        `got ${quote(access)}, expected letters of rwm`,
      );
    }
    if (type && !["a", "b", "c"].includes(type)) {
      problems.refuse(
        `${pointer}/type`,
        `invalid cgroup device type ${quote(type)}, expected a, b or c`,
      );
    }
    for (
      const [name, number = -1] of [["major", major], ["minor", minor]] as const
    ) {
      if (number >= -1 && number <= 4294967295) continue;
      problems.refuse(
        `${pointer}/${name}`,
        `got ${number}, expected a number or -1 for all`,
      );
    }
  }
}

/** Memory and swap together can't be less than memory; on v2 swap alone is computed from the two. */
function checkSwap(
  { host, problems }: RuleContext,
  { limit = 0, swap = 0 }: MemoryResources,
): void {
  if (swap <= 0 || limit < 0) return;
  if (limit > 0 && swap < limit) {
    problems.refuse(
      `${POINTER}/memory/swap`,
      `memory+swap limit should be >= memory limit, got ${swap}, expected ${limit} or more`,
    );
  } else if (limit === 0 && host.cgroup === "v2") {
    problems.refuse(
      `${POINTER}/memory/swap`,
      "unable to set swap limit without memory limit, expected /linux/resources/memory/limit",
    );
  }
}

function checkMemory(context: RuleContext, memory: MemoryResources): void {
  const { host, problems } = context;
  for (
    const name of [
      "limit",
      "reservation",
      "swap",
      "kernel",
      "kernelTCP",
    ] as const
  ) {
    const value = memory[name];
    if (value === undefined || value >= -1) continue;
    problems.refuse(
      `${POINTER}/memory/${name}`,
      `got ${value}, expected bytes or -1 for unlimited`,
    );
  }
  checkSwap(context, memory);
  const { swappiness } = memory;
  if (swappiness !== undefined && swappiness > 100) {
    problems.refuse(
      `${POINTER}/memory/swappiness`,
      `invalid memory swappiness value: ${swappiness} (valid range is 0-100)`,
    );
  }
  const hasTcp = host.cgroup !== "v2";
  if (
    memory.kernel !== undefined || (memory.kernelTCP !== undefined && !hasTcp)
  ) {
    problems.warn(
      `${POINTER}/memory`,
      "Kernel memory settings are ignored and will be removed",
    );
  }
  // Linux 5.11 has taken the other way out of v1; v2 never had it.
  if (memory.useHierarchy === false) {
    problems.warn(
      `${POINTER}/memory/useHierarchy`,
      "ignored, the kernel always accounts for memory hierarchically",
    );
  }
  if (host.cgroup !== "v2") return;
  if (swappiness !== undefined) {
    problems.warn(
      `${POINTER}/memory/swappiness`,
      "ignored, cgroup v2 has no such setting",
    );
  }
  if (memory.disableOOMKiller) {
    problems.warn(
      `${POINTER}/memory/disableOOMKiller`,
      "ignored, cgroup v2 has no such setting",
    );
  }
}

function checkBandwidth({ problems }: RuleContext, cpu: CpuResources): void {
  const { quota = 0, burst = 0, period = 0 } = cpu;
  // kernel/sched/core.c, tg_set_cfs_bandwidth(): min_cfs_quota_period is 1 ms, max_cfs_quota_period 1 s.
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    problems.refuse(
      `${POINTER}/cpu/period`,
      `got ${period}, expected 1000 to 1000000 microseconds`,
    );
  }
  if (quota > 0 && quota < 1000) {
    problems.refuse(
      `${POINTER}/cpu/quota`,
      `got ${quota}, expected 1000 microseconds or more, or -1 for unlimited`,
    );
  }
  if (quota > 0 && burst > quota) {
    problems.refuse(
      `${POINTER}/cpu/burst`,
      `got ${burst}, expected the quota (${quota}) or less`,
    );
  }
}

function checkCpu(context: RuleContext, cpu: CpuResources): void {
  const { host, problems } = context;
  checkBandwidth(context, cpu);
  const { realtimeRuntime = 0, realtimePeriod = 0, idle = 0 } = cpu;
  if (realtimePeriod !== 0 && realtimeRuntime > realtimePeriod) {
    problems.refuse(
      `${POINTER}/cpu/realtimeRuntime`,
      `got ${realtimeRuntime}, expected the period (${realtimePeriod}) or less`,
    );
  }
  if (idle < 0 || idle > 1) {
    problems.refuse(`${POINTER}/cpu/idle`, `got ${idle}, expected 0 or 1`);
  }
  for (const name of ["cpus", "mems"] as const) {
    const list = cpu[name] ?? "";
    if (isKernelCpuList(list)) continue;
    problems.refuse(
      `${POINTER}/cpu/${name}`,
      `got ${quote(list)}, expected a list of numbers such as 0-3,7`,
    );
  }
  if (host.cgroup === "v2" && (realtimeRuntime !== 0 || realtimePeriod !== 0)) {
    problems.warn(
      `${POINTER}/cpu`,
      "real-time limits are ignored, cgroup v2 has none",
    );
  }
}

/** A limit that is set twice would depend on the order of writing. */
function checkHugepages(
  { problems }: RuleContext,
  { hugepageLimits = [] }: Resources,
): void {
  const seen = new Set<string>();
  for (const [index, { pageSize }] of hugepageLimits.entries()) {
    if (seen.has(pageSize)) {
      problems.refuse(
        jsonPointer("linux", "resources", "hugepageLimits", index, "pageSize"),
        `${pageSize} is given twice, expected each size once`,
      );
    }
    seen.add(pageSize);
  }
}

function checkRdma({ problems }: RuleContext, { rdma = {} }: Resources): void {
  for (const [device, { hcaHandles, hcaObjects }] of Object.entries(rdma)) {
    if (hcaHandles !== undefined || hcaObjects !== undefined) continue;
    problems.refuse(
      jsonPointer("linux", "resources", "rdma", device),
      "empty, expected hcaHandles or hcaObjects",
    );
  }
}

function checkUnified(
  { host, problems }: RuleContext,
  { unified = {} }: Resources,
): void {
  const files = Object.keys(unified);
  if (files.length > 0 && host.cgroup !== "v2") {
    problems.refuse(
      `${POINTER}/unified`,
      "invalid configuration: cannot use unified on cgroup v1; leave it out, or boot with cgroup v2 alone",
    );
    return;
  }
  for (const file of files) {
    const pointer = jsonPointer("linux", "resources", "unified", file);
    if (file.includes("/")) {
      problems.refuse(
        pointer,
        `unified resource ${quote(file)} must be a file name (no slashes)`,
      );
    } else if (!/^[^.]+\.[^.]/.test(file)) {
      problems.refuse(
        pointer,
        `unified resource ${
          quote(file)
        } must be in the form CONTROLLER.PARAMETER`,
      );
    } else if (CORE_SWITCHES.includes(file)) {
      problems.refuse(
        pointer,
        `unified resource ${
          quote(file)
        } is no limit, but a switch for the container's processes`,
      );
    }
  }
}

/** Checks all limits of the cgroup. */
export function resourceRules(context: RuleContext): void {
  const resources = context.spec.linux?.resources;
  if (resources === undefined) return;
  checkDeviceRules(context, resources);
  if (resources.memory !== undefined) checkMemory(context, resources.memory);
  if (resources.cpu !== undefined) checkCpu(context, resources.cpu);
  if (resources.blockIO !== undefined) {
    blockIoRules(context.problems, resources.blockIO);
  }
  checkHugepages(context, resources);
  checkRdma(context, resources);
  checkUnified(context, resources);
}
