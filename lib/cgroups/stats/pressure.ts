/**
 * Pressure stall information of a cgroup: Documentation/accounting/psi.rst.
 *
 * @module
 */
import { pairs } from "./fields.ts";
import type { PressureLine, PressureStats } from "./types.ts";

const NONE: PressureLine = { avg10: 0, avg60: 0, avg300: 0, totalUs: 0 };

/**
 * Reads a pressure file. The line `full` of the CPU is there since Linux 5.13 only; without it, it counts as zero.
 *
 * @param text the file; undefined if the kernel does not have it, or it is switched off
 */
export function parsePressure(
  text: string | undefined,
): PressureStats | undefined {
  if (text === undefined) return undefined;
  const lines: Record<string, PressureLine> = {};
  for (const line of text.split("\n")) {
    const { first, values } = pairs(line);
    if (first === "") continue;
    lines[first] = {
      avg10: Number(values["avg10"]),
      avg60: Number(values["avg60"]),
      avg300: Number(values["avg300"]),
      totalUs: Number(values["total"]),
    };
  }
  const { some, full = NONE } = lines;
  return some === undefined ? undefined : { some, full };
}

/** A part with its pressure, if there is one. */
export function withPressure<T>(
  part: T | undefined,
  pressure: PressureStats | undefined,
): T | undefined {
  return part === undefined || pressure === undefined
    ? part
    : { ...part, pressure };
}
