/**
 * CPU quotas that systemd can keep.
 *
 * @module
 */
import type { Resources } from "../../spec/types.ts";
import { type ReadFile, toBig } from "../write.ts";
import { quotaPerSecond } from "./limits.ts";

const SECOND_US = 1_000_000n;
const DEFAULT_PERIOD_US = 100_000n;

/** The period in force: v2 has it behind the quota, v1 in a file of its own. */
function heldPeriod(read: ReadFile, v2: boolean): bigint {
  const text = v2
    ? read("cpu.max")?.trim().split(" ")[1]
    : read("cpu.cfs_period_us")?.trim();
  return /^\d+$/.test(text ?? "") ? BigInt(text!) : DEFAULT_PERIOD_US;
}

/**
 * Rounds a quota up to what systemd keeps, whole percents of a CPU. It would write its own number over an exact one, at
 * a time that can't be told; so there is one number.
 *
 * @param read what the cgroup's files hold
 * @returns the resources, and a line for the log if the quota has changed
 */
export function alignQuota(
  resources: Resources,
  read: ReadFile,
  { v2 }: { readonly v2: boolean },
): { resources: Resources; warning?: string } {
  const { cpu } = resources;
  const quota = toBig(cpu?.quota);
  if (quota <= 0n) return { resources };
  const period = toBig(cpu?.period) || heldPeriod(read, v2);
  const aligned = quotaPerSecond(quota, period) * period / SECOND_US;
  if (aligned === quota) return { resources };
  return {
    resources: { ...resources, cpu: { ...cpu, quota: Number(aligned) } },
    warning:
      `the CPU quota of ${quota} µs in ${period} µs becomes ${aligned} µs: systemd keeps whole percents of a CPU`,
  };
}
