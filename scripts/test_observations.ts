/**
 * Compares what two runs of the end-to-end tests observed, one with each interpreter of the set-up program.
 *
 * @module
 */
import { type Names, normalise } from "./test_normalise.ts";

/** One thing that a test saw: see tests/observation.ts. */
export interface Observation {
  readonly kind: string;
  readonly of: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What a run of one test wrote down. */
export interface CaseRecord {
  readonly name: string;
  readonly outcome: "passed" | "failed";
  readonly names: Names;
  readonly observations: readonly Observation[];
}

/** One difference between the runs. */
export interface Difference {
  /** Name of the test. */
  readonly case: string;
  /** Which observation it is, normalised. */
  readonly of: string;
  /** Kind of the observation and name of its field, such as `created: limits`. */
  readonly field: string;
  /** What the init image showed there: of texts with as many lines only those that differ, else from the first to the last. */
  readonly image: string;
  /** What the re-executed init showed. */
  readonly reexec: string;
}

/** What stands for an observation that one run lacks. */
export const NOTHING = "<not observed>";

/** The field of a test that passed in one run only. */
const OUTCOME = "test: outcome";

/** Differences between two runs of one test. */
export function compareCases(
  image: CaseRecord | undefined,
  reexec: CaseRecord | undefined,
): Difference[] {
  const name = image?.name ?? reexec?.name ?? "";
  if (image?.outcome !== reexec?.outcome) {
    return [{
      case: name,
      of: "test",
      field: OUTCOME,
      image: image?.outcome ?? NOTHING,
      reexec: reexec?.outcome ?? NOTHING,
    }];
  }
  const [left, right] = [grouped(image), grouped(reexec)];
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) =>
    compareGroups(left.get(key) ?? [], right.get(key) ?? [])
      .map((difference) => ({ ...difference, case: name, of: key }))
  );
}

/**
 * Differences that two pairs of runs have in common.
 *
 * @param again those of the second pair; without it, the test did not run again, and all of the first stay
 */
export function inBoth(
  first: readonly Difference[],
  again: readonly Difference[] | undefined,
): Difference[] {
  return first.filter((one) =>
    again === undefined || one.field === OUTCOME ||
    again.some((other) => JSON.stringify(one) === JSON.stringify(other))
  );
}

interface Normalised {
  readonly kind: string;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * The observations of each kind and subject, in their order. A command line that showed the same several times counts
 * once: tests ask again until they see what they wait for.
 */
function grouped(record: CaseRecord | undefined): Map<string, Normalised[]> {
  const groups = new Map<string, Normalised[]>();
  for (const { kind, of, fields } of record?.observations ?? []) {
    const names = record?.names ?? {};
    const key = `${kind} ${normalise(of, names)}`;
    const group = groups.get(key) ?? [];
    const normalised = {
      kind,
      fields: Object.fromEntries(
        Object.entries(fields).sort(byKey).map(([field, text]) => [
          field,
          normalise(text, names),
        ]),
      ),
    };
    const isAgain = kind === "command" &&
      group.some((one) => isSame(one, normalised));
    if (!isAgain) group.push(normalised);
    groups.set(key, group);
  }
  return groups;
}

function byKey([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isSame(one: Normalised, other: Normalised): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

type Found = Omit<Difference, "case" | "of">;

/** Observations made side by side have no order: what has an equal is set aside, the rest is compared in order. */
function compareGroups(
  image: readonly Normalised[],
  reexec: readonly Normalised[],
): Found[] {
  const right = [...reexec];
  const left = image.filter((one) => {
    const at = right.findIndex((other) => isSame(one, other));
    if (at >= 0) right.splice(at, 1);
    return at < 0;
  });
  const found: Found[] = [];
  for (let n = 0; n < Math.max(left.length, right.length); n++) {
    found.push(...compareFields(left[n], right[n]));
  }
  return found;
}

function compareFields(
  image: Normalised | undefined,
  reexec: Normalised | undefined,
): Found[] {
  const kind = image?.kind ?? reexec?.kind ?? "";
  const names = new Set([
    ...Object.keys(image?.fields ?? {}),
    ...Object.keys(reexec?.fields ?? {}),
  ]);
  return [...names].map((name) => ({
    field: `${kind}: ${name}`,
    ...differingLines(
      image?.fields[name] ?? NOTHING,
      reexec?.fields[name] ?? NOTHING,
    ),
  })).filter(({ image, reexec }) => image !== reexec);
}

/** Leaves out the lines that two texts have in common. */
function differingLines(
  image: string,
  reexec: string,
): { image: string; reexec: string } {
  const [left, right] = [image.split("\n"), reexec.split("\n")];
  while (left.length > 0 && right.length > 0 && left[0] === right[0]) {
    left.shift();
    right.shift();
  }
  while (left.length > 0 && right.length > 0 && left.at(-1) === right.at(-1)) {
    left.pop();
    right.pop();
  }
  if (left.length === right.length) {
    const differ = left.map((line, n) => line !== right[n]);
    return {
      image: left.filter((_, n) => differ[n]).join("\n"),
      reexec: right.filter((_, n) => differ[n]).join("\n"),
    };
  }
  // A line more than the other has is a difference even if it is empty.
  return {
    image: left.length > 0 ? left.join("\n") : NOTHING,
    reexec: right.length > 0 ? right.join("\n") : NOTHING,
  };
}
