/**
 * The rules of a profile, sorted by system call number: what happens to each call of one architecture.
 *
 * @module
 */
import type { Seccomp, SeccompArg, SeccompSyscall } from "../spec/types.ts";
import { returnValue } from "./actions.ts";
import type { FilterArch } from "./architectures.ts";
import type { Condition, Decision, Test } from "./decision.ts";
import { multiplexed } from "./multiplexed.ts";
import { byPrecedence } from "./precedence.ts";

/** What a profile says about one architecture. */
export interface ArchRules {
  /** By number; calls without a rule are not in it. */
  readonly decisions: ReadonlyMap<number, Decision>;
  /** The largest number that the profile mentions, private ones left out; undefined if none. */
  readonly last: number | undefined;
}

const ALL_BITS = 0xffff_ffff_ffff_ffffn;

/**
 * Collects what a profile says about the calls of an architecture. Names that it does not have are passed over, and so
 * are rules that say what the default says. A rule without conditions comes before all others of its call, wherever it
 * stands; the others are in the order of precedence.ts.
 */
export function collectRules(seccomp: Seccomp, arch: FilterArch): ArchRules {
  const standard = returnValue(seccomp.defaultAction, seccomp.defaultErrnoRet);
  const decisions = new Map<number, Decision>();
  let last: number | undefined;
  for (const rule of seccomp.syscalls ?? []) {
    const value = returnValue(rule.action, rule.errnoRet);
    const tests = alternativesOf(rule).map((conditions) => ({
      conditions,
      value,
    }));
    const always: Decision | undefined = tests[0]?.conditions.length === 0
      ? { tests: [], otherwise: value }
      : undefined;
    const note = (number: number, selector?: number): void => {
      if (number < arch.privateFrom) last = Math.max(last ?? 0, number);
      if (value === standard) return;
      const known = decisions.get(number);
      if (known?.tests.length === 0) return;
      if (always !== undefined && selector === undefined) {
        decisions.set(number, always);
        return;
      }
      const added = selector === undefined
        ? tests
        : tests.map((test) => select(test, selector));
      decisions.set(number, {
        tests: [...known?.tests ?? [], ...added],
        otherwise: standard,
      });
    };
    for (const name of rule.names) {
      const number: unknown = arch.numbers[name];
      // Every object has a `constructor`, which is no number.
      if (typeof number === "number") note(number);
      const other = multiplexed(arch, name);
      if (other !== undefined) note(other.number, other.selector);
    }
  }
  for (const [number, { tests, otherwise }] of decisions) {
    if (tests.length < 2) continue;
    decisions.set(number, { tests: byPrecedence(tests, arch), otherwise });
  }
  return { decisions, last };
}

/** As runc has it: conditions must all hold, but if two are about one argument, any of them is enough. */
function alternativesOf({ args = [] }: SeccompSyscall): Condition[][] {
  const conditions = args.map(condition);
  const indexes = new Set(args.map(({ index }) => index));
  return indexes.size === args.length
    ? [conditions]
    : conditions.map((one) => [one]);
}

function condition({ index, op, value, valueTwo = 0 }: SeccompArg): Condition {
  const first = BigInt(value);
  return op === "SCMP_CMP_MASKED_EQ"
    // Bits outside the mask do not count in the value either.
    ? { index, op, mask: first, value: BigInt(valueTwo) & first }
    : { index, op, mask: ALL_BITS, value: first };
}

/** The first argument of a call that stands for several is taken; the others go on as they are. */
function select({ conditions, value }: Test, selector: number): Test {
  const first: Condition = {
    index: 0,
    op: "SCMP_CMP_EQ",
    mask: ALL_BITS,
    value: BigInt(selector),
  };
  const others = conditions.filter(({ index }) => index !== 0);
  return { conditions: [first, ...others], value };
}
