/**
 * The cpu controller of cgroup v1 (kernel: Documentation/scheduler/sched-bwc.rst, sched-rt-group.rst).
 *
 * @module
 */
import type { CpuResources } from "../../spec/types.ts";
import { type CgroupWrite, toBig } from "../write.ts";

/**
 * Bandwidth of real-time tasks. Must be written before a real-time task enters the cgroup: with no bandwidth it could
 * not.
 */
export function realtimeWrites(cpu: CpuResources): CgroupWrite[] {
  const [period, runtime] = [
    toBig(cpu.realtimePeriod),
    toBig(cpu.realtimeRuntime),
  ];
  const writes: CgroupWrite[] = [];
  if (period !== 0n) {
    // Runtime must not be greater than the period at any moment, so one order can't suit all changes.
    const retry = runtime === 0n ? {} : { retryLast: true as const };
    writes.push({ file: "cpu.rt_period_us", value: `${period}`, ...retry });
  }
  if (runtime !== 0n) {
    writes.push({ file: "cpu.rt_runtime_us", value: `${runtime}` });
  }
  return writes;
}

/** Bandwidth of ordinary tasks: period, burst, quota. They depend on each other. */
function bandwidthWrites(cpu: CpuResources): CgroupWrite[] {
  const [period, quota] = [toBig(cpu.period), toBig(cpu.quota)];
  const retry = quota === 0n ? {} : { retryLast: true as const };
  const writes: CgroupWrite[] = [];
  if (period !== 0n) {
    writes.push({ file: "cpu.cfs_period_us", value: `${period}`, ...retry });
  }
  if (cpu.burst !== undefined) {
    writes.push({
      file: "cpu.cfs_burst_us",
      value: `${toBig(cpu.burst)}`,
      ...retry,
    });
  }
  if (quota !== 0n) {
    writes.push({ file: "cpu.cfs_quota_us", value: `${quota}` });
  }
  return writes;
}

/** What to write for CPU limits. */
export function cpuWrites(cpu: CpuResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const shares = toBig(cpu.shares);
  const idle = cpu.idle === undefined
    ? []
    : [{ file: "cpu.idle", value: `${cpu.idle}` }];
  // An idle cgroup takes no shares (EINVAL), so it must first be woken. While it is idle they mean nothing; that they
  // can't be read back then is why idling comes last.
  const wakes = cpu.idle !== undefined && toBig(cpu.idle) === 0n;
  if (wakes) writes.push(...idle);
  if (shares !== 0n) {
    writes.push({ file: "cpu.shares", value: `${shares}`, readBack: true });
  }
  writes.push(...bandwidthWrites(cpu));
  if (!wakes) writes.push(...idle);
  writes.push(...realtimeWrites(cpu));
  return writes;
}
