/**
 * Differences between the interpreters that are as they must be: the list, and the verdict on what two runs observed.
 *
 * @module
 */
import type { Difference } from "./test_observations.ts";
import type { TestResult } from "./test_results.ts";

/** A difference that must be there. */
export interface Exception {
  /** Names of the tests; `["*"]` stands for all of them. */
  readonly cases: readonly string[];
  /** Kind of the observation and name of its field, such as `created: status Threads`. */
  readonly field: string;
  /** What the init image shows: a regular expression that matches all of it. */
  readonly image: string;
  /** What the re-executed init shows: another. */
  readonly reexec: string;
  /** Why, and what was measured. */
  readonly reason: string;
}

/** Whether an exception is for a difference. */
export function covers(exception: Exception, difference: Difference): boolean {
  const { cases, field, image, reexec } = exception;
  return (isForAll(exception) || cases.includes(difference.case)) &&
    field === difference.field &&
    matches(image, difference.image) && matches(reexec, difference.reexec);
}

/** Whether a difference is none that must be there. */
export function isOpen(
  difference: Difference,
  exceptions: readonly Exception[],
): boolean {
  return !exceptions.some((exception) => covers(exception, difference));
}

function isForAll({ cases }: Exception): boolean {
  return cases.length === 1 && cases[0] === "*";
}

function matches(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`, "s").test(text);
}

/**
 * Judges the runs: one result for each test, and a failed one for each exception that has no difference any more, so
 * that the list stays true.
 *
 * @param differences those of each test that ran, by its name
 * @param isWhole whether all tests ran: where some were left out, an exception for all tests may have nothing to do
 */
export function judge(
  differences: ReadonlyMap<string, readonly Difference[]>,
  exceptions: readonly Exception[],
  isWhole: boolean,
): TestResult[] {
  const results = [...differences].map(([name, found]): TestResult => {
    const open = found.filter((one) => isOpen(one, exceptions));
    return {
      name: `same with both interpreters: ${name}`,
      ...(open.length === 0
        ? { status: "passed" }
        : { status: "failed", reason: open.map(describe).join("\n") }),
    };
  });
  return [...results, ...unused(differences, exceptions, isWhole)];
}

/** Exceptions are counted by test, so that one that names ten tests has to occur in ten. */
function unused(
  differences: ReadonlyMap<string, readonly Difference[]>,
  exceptions: readonly Exception[],
  isWhole: boolean,
): TestResult[] {
  const results: TestResult[] = [];
  for (const exception of exceptions) {
    const groups = isForAll(exception)
      ? [{ name: "any test", found: [...differences.values()].flat() }]
      : exception.cases.map((name) => ({ name, found: differences.get(name) }));
    for (const { name, found } of groups) {
      const isLeftOut = !isWhole &&
        (found === undefined || isForAll(exception));
      if (isLeftOut || found?.some((one) => covers(exception, one))) continue;
      results.push({
        name: `exception: ${exception.field} in ${name}`,
        status: "failed",
        reason: found === undefined
          ? "there is no such test"
          : "the interpreters don't differ there: take it off the list",
      });
    }
  }
  return results;
}

/** How many lines of a text are shown. */
const MOST_LINES = 12;

/** One difference, for people. */
export function describe({ of, field, image, reexec }: Difference): string {
  return `${field} of ${of}\n${indented("image: ", image)}\n${
    indented("reexec:", reexec)
  }`;
}

function indented(title: string, text: string): string {
  const lines = text.split("\n");
  const shown = lines.slice(0, MOST_LINES).map((line) => `  ${title} ${line}`);
  const rest = lines.length - shown.length;
  return [...shown, ...(rest > 0 ? [`  … ${rest} lines more`] : [])]
    .join("\n");
}
