/**
 * The line of system call numbers, cut into segments in which all numbers have the same fate. A profile that allows
 * three hundred calls has some sixty of them, for allowed calls stand side by side.
 *
 * @module
 */
import type { Seccomp } from "../spec/types.ts";
import {
  BAD_ARCHITECTURE,
  hidesNewCalls,
  NO_SUCH_CALL,
  returnValue,
} from "./actions.ts";
import type { FilterArch } from "./architectures.ts";
import type { Decision } from "./decision.ts";
import { collectRules } from "./rules.ts";

const CANCELLED = 0xffff_ffff;
const NUMBERS_END = 0x1_0000_0000;

/** Numbers from `start` to the next segment's. */
export interface Segment {
  readonly start: number;
  readonly arch: FilterArch;
  readonly decision: Decision;
}

/**
 * Cuts the line of the architectures that share an audit architecture: x86-64 and x32, else a single one.
 *
 * @param arches in the order of their numbers, the first from 0 on
 */
export function segmentsOf(
  seccomp: Seccomp,
  arches: readonly FilterArch[],
): readonly Segment[] {
  const standard = returnValue(seccomp.defaultAction, seccomp.defaultErrnoRet);
  const hides = hidesNewCalls(standard);
  const segments: Segment[] = [];
  for (const arch of arches) {
    const { decisions, last } = collectRules(seccomp, arch);
    const gaps = hides && last !== undefined
      ? gapsWithStub(arch, last, standard)
      : [{ start: arch.first, value: standard }];
    fill(segments, arch, decisions, gaps);
  }
  const end = arches.at(-1)!;
  if (end.end < NUMBERS_END) {
    // Numbers with the bit of x32, which the filter is not made for.
    put(segments, end.end, end, constant(BAD_ARCHITECTURE));
    // A tracer that cancels a call makes its number -1: that is no call of x32.
    put(segments, CANCELLED, end, constant(standard));
  }
  return segments;
}

/** What numbers without a rule get, from a number on. */
interface Gap {
  readonly start: number;
  readonly value: number;
}

function gapsWithStub(arch: FilterArch, last: number, standard: number): Gap[] {
  const gaps = [
    { start: arch.first, value: standard },
    { start: last + 1, value: NO_SUCH_CALL },
  ];
  return arch.privateFrom < arch.end
    ? [...gaps, { start: arch.privateFrom, value: standard }]
    : gaps;
}

/** Adds the segments of one architecture. */
function fill(
  segments: Segment[],
  arch: FilterArch,
  decisions: ReadonlyMap<number, Decision>,
  gaps: readonly Gap[],
): void {
  const numbers = [...decisions.keys()].sort((a, b) => a - b);
  let done = 0;
  for (const [i, { start, value }] of gaps.entries()) {
    const end = gaps[i + 1]?.start ?? arch.end;
    const gap = constant(value);
    let next = start;
    for (; done < numbers.length && numbers[done]! < end; done++) {
      const number = numbers[done]!;
      if (number > next) put(segments, next, arch, gap);
      put(segments, number, arch, decisions.get(number)!);
      next = number + 1;
    }
    if (next < end) put(segments, next, arch, gap);
  }
}

function put(
  segments: Segment[],
  start: number,
  arch: FilterArch,
  decision: Decision,
): void {
  const before = segments.at(-1);
  if (before === undefined || !sameConstant(before.decision, decision)) {
    segments.push({ start, arch, decision });
  }
}

function constant(value: number): Decision {
  return { tests: [], otherwise: value };
}

function sameConstant(a: Decision, b: Decision): boolean {
  return a.tests.length === 0 && b.tests.length === 0 &&
    a.otherwise === b.otherwise;
}
