/**
 * The cpu controller of cgroup v2 (kernel: Documentation/admin-guide/cgroup-v2.rst, "CPU").
 *
 * @module
 */
import type { CpuResources } from "../../spec/types.ts";
import {
  type CgroupWrite,
  type ReadFile,
  readNothing,
  toBig,
} from "../write.ts";

/** The kernel's own period: 100 ms. */
const DEFAULT_PERIOD_US = 100_000n;

/**
 * Turns v1's shares (2 to 262144, default 1024) into v2's weight (1 to 10000, default 100). A quadratic curve in the
 * logarithm goes through all three pairs, so the default stays the default.
 *
 * @returns undefined for 0, "not set"
 */
export function weightOfShares(shares: bigint): number | undefined {
  if (shares === 0n) return undefined;
  if (shares <= 2n) return 1;
  if (shares >= 262_144n) return 10_000;
  const l = Math.log2(Number(shares));
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}

function weightWrites(cpu: CpuResources): CgroupWrite[] {
  const idle = cpu.idle === undefined
    ? undefined
    : { file: "cpu.idle", value: `${cpu.idle}` };
  const weight = weightOfShares(toBig(cpu.shares));
  if (weight === undefined) return idle === undefined ? [] : [idle];
  const write = { file: "cpu.weight", value: `${weight}` };
  if (idle === undefined) return [write];
  // An idle cgroup takes no weight (EINVAL). To wake it, idle is cleared first; to send it to sleep, the weight goes
  // first, and if it sleeps already, the weight means nothing.
  return toBig(cpu.idle) === 0n
    ? [idle, write]
    : [{ ...write, ignore: ["EINVAL"] }, idle];
}

/**
 * Quota and period stand in one file. What is not given stays as it is; in a new cgroup that is no quota, and 100 ms.
 */
function bandwidthWrites(cpu: CpuResources, read: ReadFile): CgroupWrite[] {
  const [quota, period] = [toBig(cpu.quota), toBig(cpu.period)];
  if (quota === 0n && period === 0n) return [];
  const held = quota !== 0n && period !== 0n
    ? []
    : (read("cpu.max") ?? "").trim().split(" ");
  const limit = quota > 0n ? `${quota}` : quota < 0n ? "max" : held[0] || "max";
  const value = `${limit} ${period || held[1] || DEFAULT_PERIOD_US}`;
  return [{ file: "cpu.max", value }];
}

/** What to write for CPU limits. Real-time bandwidth does not exist in v2 and is passed over, as runc does. */
export function cpuWrites(
  cpu: CpuResources,
  read: ReadFile = readNothing,
): CgroupWrite[] {
  const writes = weightWrites(cpu);
  if (cpu.burst !== undefined) {
    // It must not be greater than the quota, which may be about to change.
    const retry = toBig(cpu.quota) === 0n ? {} : { retryLast: true as const };
    writes.push({
      file: "cpu.max.burst",
      value: `${toBig(cpu.burst)}`,
      ...retry,
    });
  }
  return [...writes, ...bandwidthWrites(cpu, read)];
}
