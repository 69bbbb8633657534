/**
 * Profiles and calls by chance: the same ones for the same seed.
 *
 * @module
 */
import type {
  Seccomp,
  SeccompAction,
  SeccompArg,
  SeccompOperator,
  SeccompSyscall,
} from "../../spec/types.ts";
import { arg } from "./profiles.ts";

/** Numbers by chance: a linear congruential generator, with the constants of Numerical Recipes. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(this.#state / 0x1_0000_0000 * end);
  }

  /** One of them. */
  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }

  /** Each of them with a chance of one half, but at least one; in their order. */
  some<T>(all: readonly T[]): T[] {
    const chosen = all.filter(() => this.below(2) === 0);
    return chosen.length > 0 ? chosen : [this.of(all)];
  }
}

/** Numbers at which something may go wrong. */
export const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  5n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fffen,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1_0000_0001n,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];
const SMALL: readonly bigint[] = EDGES.slice(0, 8);
const UPPER: readonly SeccompOperator[] = ["SCMP_CMP_LT", "SCMP_CMP_LE"];
const LOWER: readonly SeccompOperator[] = ["SCMP_CMP_GE", "SCMP_CMP_GT"];
const OPERATORS: readonly SeccompOperator[] = [
  ...UPPER,
  ...LOWER,
  "SCMP_CMP_EQ",
  "SCMP_CMP_NE",
  "SCMP_CMP_MASKED_EQ",
];
const INDEXES = [0, 1, 2, 3, 4, 5];

/** What the rules of one call are like. */
export type Kind =
  | "unconditional"
  | "one rule"
  | "equalities"
  | "single comparisons"
  | "masks"
  | "anything";

/**
 * The kinds in which libseccomp finds what holds. In all others, several rules with orders, NE or masks of 64 bits, it
 * may give the default where a rule holds, or a rule's action where none does.
 */
export const SOUND_KINDS: readonly Kind[] = [
  "unconditional",
  "one rule",
  "equalities",
  "single comparisons",
  "masks",
];

/** What a profile is made of. */
export interface ProfileParts {
  readonly names: readonly string[];
  readonly actions: readonly SeccompAction[];
  readonly kinds: readonly Kind[];
  readonly more?: Partial<Seccomp>;
}

/** A profile. No two rules of it are about the same call but those that are made together. */
export function randomProfile(chance: Chance, parts: ProfileParts): Seccomp {
  const syscalls = parts.names.filter(() => chance.below(3) > 0).flatMap(
    (name) => rulesOf(chance, name, parts),
  );
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 1000,
    ...parts.more,
    syscalls,
  };
}

function rulesOf(
  chance: Chance,
  name: string,
  { kinds, actions }: ProfileParts,
): SeccompSyscall[] {
  const kind = chance.of(kinds);
  const one = (args: SeccompArg[], action = chance.of(actions)) => {
    const hasErrno = action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
    const errno = hasErrno ? { errnoRet: 1 + chance.below(900) } : {};
    return { names: [name], action, ...errno, args };
  };
  const several = (make: (i: number) => SeccompArg[]): SeccompSyscall[] =>
    Array.from({ length: 2 + chance.below(3) }, (_, i) => one(make(i)));
  const any = (ops: readonly SeccompOperator[], values = EDGES): SeccompArg[] =>
    chance.some(INDEXES).map((index) => condition(chance, index, ops, values));
  switch (kind) {
    case "unconditional":
      return [one([])];
    case "one rule":
      return [one(any(OPERATORS))];
    case "equalities":
      return several(() => any(["SCMP_CMP_EQ"]));
    case "single comparisons": {
      // Upper and lower bounds share nodes of libseccomp's tree, whose place is that of the first; so do three bounds.
      const bounds = chance.of([UPPER, LOWER]);
      return [1, 2].map(() =>
        one([condition(chance, chance.below(6), bounds, SMALL)])
      );
    }
    case "masks": {
      // With one action: libseccomp orders masks by more than their values.
      const same = one([]);
      return several(() => any(["SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"]))
        .map(({ args }) => ({ ...same, args: args! }));
    }
    case "anything":
      return several(() => any(OPERATORS));
  }
}

function condition(
  chance: Chance,
  index: number,
  ops: readonly SeccompOperator[],
  values: readonly bigint[],
): SeccompArg {
  const op = chance.of(ops);
  const two = op === "SCMP_CMP_MASKED_EQ" ? chance.of(values) : undefined;
  return arg(index, op, chance.of(values), two);
}

/** Arguments for a call of the profile: numbers that its conditions name, their neighbours, and others. */
export function randomArguments(
  chance: Chance,
  rules: readonly SeccompSyscall[],
  count: number,
): bigint[][] {
  const named = rules.flatMap(({ args = [] }) =>
    args.flatMap(({ value, valueTwo = 0 }) => [BigInt(value), BigInt(valueTwo)])
  );
  const near = named.flatMap((
    value,
  ) => [value, value - 1n, value + 1n, value ^ (1n << 32n)]);
  const values = [...near, ...near, ...EDGES].map((value) =>
    BigInt.asUintN(64, value)
  );
  return Array.from(
    { length: count },
    () => INDEXES.map(() => chance.of(values)),
  );
}
