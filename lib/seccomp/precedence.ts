/**
 * Which rule counts where several of one call hold, and say different things.
 *
 * The specification is silent about it. Other runtimes leave it to libseccomp, which looks at rules in the order of its
 * tree, wherever they stand in the profile: rules about a later argument first; of one argument equality before upper
 * bounds before lower bounds; larger values first, but of upper bounds the smaller; of two rules of which one begins
 * like the other, the shorter. So the narrower comes before the wider, and this is the order here too.
 *
 * @module
 */
import type { FilterArch } from "./architectures.ts";
import type { Condition, Test } from "./decision.ts";

/** What a test compares, one word of an argument after the other: larger ones are looked at first. */
type Key = readonly (readonly [word: number, kind: number, value: bigint])[];

/** Tests in the order in which they are looked at. Those of which none comes before the other stay as they are. */
export function byPrecedence(
  tests: readonly Test[],
  arch: FilterArch,
): readonly Test[] {
  const keyed = tests.map((test) => ({ test, key: keyOf(test, arch) }));
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ test }) => test);
}

const EQUALITY = 3;
const UPPER_BOUND = 2;
const LOWER_BOUND = 1;

function kindOf({ op }: Condition): number {
  switch (op) {
    case "SCMP_CMP_EQ":
    case "SCMP_CMP_NE":
    case "SCMP_CMP_MASKED_EQ":
      return EQUALITY;
    case "SCMP_CMP_LT":
    case "SCMP_CMP_LE":
      return UPPER_BOUND;
    case "SCMP_CMP_GT":
    case "SCMP_CMP_GE":
      return LOWER_BOUND;
  }
}

/** Arguments are compared in their order, and of 64 bits the upper word comes first. */
function keyOf({ conditions }: Test, { argumentBits }: FilterArch): Key {
  return conditions.toSorted((a, b) => a.index - b.index).flatMap(
    (condition) => {
      const { index, value } = condition;
      const kind = kindOf(condition);
      const sign = kind === UPPER_BOUND ? -1n : 1n;
      const high = [2 * index + 1, kind, sign * (value >> 32n)] as const;
      const low = [2 * index, kind, sign * (value & 0xffff_ffffn)] as const;
      return argumentBits === 64 ? [high, low] : [low];
    },
  );
}

/** Negative if the first comes before the second. */
function compare(a: Key, b: Key): number {
  for (const [i, [word, kind, value]] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const order = other[0] - word || other[1] - kind;
    if (order !== 0) return order;
    if (value !== other[2]) return value > other[2] ? -1 : 1;
  }
  return a.length - b.length;
}
