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
import { collectRules, type Decision } from "./rules.ts";

const CANCELLED = 0xffff_ffff;

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
  const put = (start: number, arch: FilterArch, decision: Decision): void => {
    const before = segments.at(-1);
    if (before?.start === start) segments.pop();
    const previous = segments.at(-1);
    if (previous === undefined || !sameConstant(previous.decision, decision)) {
      segments.push({ start, arch, decision });
    }
  };
  for (const arch of arches) {
    const { decisions, last } = collectRules(seccomp, arch);
    put(arch.first, arch, constant(standard));
    let hidden = last === undefined || !hides;
    const hide = (): void => {
      hidden = true;
      put(last! + 1, arch, constant(NO_SUCH_CALL));
      if (arch.privateFrom < arch.end) {
        put(arch.privateFrom, arch, constant(standard));
      }
    };
    for (const number of [...decisions.keys()].sort((a, b) => a - b)) {
      if (!hidden && number > last!) hide();
      put(number, arch, decisions.get(number)!);
      put(number + 1, arch, constant(standard));
    }
    if (!hidden) hide();
  }
  const end = arches.at(-1)!;
  if (end.end < 0x1_0000_0000) {
    // Numbers with the bit of x32, which the filter is not made for. They are newer than the profile, too.
    put(end.end, end, constant(hides ? NO_SUCH_CALL : BAD_ARCHITECTURE));
    // A tracer that cancels a call makes its number -1: that is no call of x32.
    if (!hides) put(CANCELLED, end, constant(standard));
  }
  return segments;
}

function constant(value: number): Decision {
  return { tests: [], otherwise: value };
}

function sameConstant(a: Decision, b: Decision): boolean {
  return a.tests.length === 0 && b.tests.length === 0 &&
    a.otherwise === b.otherwise;
}
