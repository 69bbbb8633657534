/**
 * Comparisons of arguments, as BPF: arguments have 64 bits, BPF's words have 32.
 *
 * @module
 */
import type { FilterArch } from "./architectures.ts";
import type { FilterAssembler, Target } from "./assembler.ts";
import type { Condition, Decision } from "./decision.ts";

/** Offsets in struct seccomp_data, <linux/seccomp.h>, little-endian. */
export const SECCOMP_DATA = { nr: 0, arch: 4, args: 16 } as const;

const WORD = 0xffff_ffff;

/** Writes the code of a decision. */
export function writeDecision(
  to: FilterAssembler,
  arch: FilterArch,
  { tests, otherwise }: Decision,
): Target {
  let start: Target = { returns: otherwise };
  for (const { conditions, value } of tests.toReversed()) {
    const no = start;
    start = { returns: value };
    for (const condition of conditions.toReversed()) {
      start = writeCondition(to, arch, condition, start, no);
    }
  }
  return start;
}

function writeCondition(
  to: FilterAssembler,
  arch: FilterArch,
  condition: Condition,
  yes: Target,
  no: Target,
): Target {
  switch (condition.op) {
    case "SCMP_CMP_EQ":
    case "SCMP_CMP_MASKED_EQ":
      return writeEqual(to, arch, condition, yes, no);
    case "SCMP_CMP_NE":
      return writeEqual(to, arch, condition, no, yes);
    case "SCMP_CMP_GE":
      return writeOrder(to, arch, condition, "greater or equal", yes, no);
    case "SCMP_CMP_LT":
      return writeOrder(to, arch, condition, "greater or equal", no, yes);
    case "SCMP_CMP_GT":
      return writeOrder(to, arch, condition, "greater", yes, no);
    case "SCMP_CMP_LE":
      return writeOrder(to, arch, condition, "greater", no, yes);
  }
}

/** The two words of a number. */
function words(value: bigint): { low: number; high: number } {
  return { low: Number(value & 0xffff_ffffn), high: Number(value >> 32n) };
}

function lowOffset(index: number): number {
  return SECCOMP_DATA.args + 8 * index;
}

function writeEqual(
  to: FilterAssembler,
  arch: FilterArch,
  condition: Condition,
  yes: Target,
  no: Target,
): Target {
  const value = words(condition.value);
  const mask = words(condition.mask);
  const at = lowOffset(condition.index);
  const low = writeEqualWord(to, at, mask.low, value.low, yes, no);
  if (arch.argumentBits === 32) return low;
  return writeEqualWord(to, at + 4, mask.high, value.high, low, no);
}

function writeEqualWord(
  to: FilterAssembler,
  offset: number,
  mask: number,
  value: number,
  yes: Target,
  no: Target,
): Target {
  // The value has no bits outside the mask.
  if (mask === 0) return yes;
  const compare = to.compare("equal", value, yes, no);
  return to.load(offset, mask === WORD ? compare : to.and(mask, compare));
}

function writeOrder(
  to: FilterAssembler,
  arch: FilterArch,
  condition: Condition,
  comparison: "greater" | "greater or equal",
  yes: Target,
  no: Target,
): Target {
  const { low, high } = words(condition.value);
  const at = lowOffset(condition.index);
  const lower = to.load(at, to.compare(comparison, low, yes, no));
  if (arch.argumentBits === 32) return lower;
  const equal = to.compare("equal", high, lower, no);
  return to.load(at + 4, to.compare("greater", high, yes, equal));
}
