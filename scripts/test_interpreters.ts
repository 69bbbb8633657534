/**
 * The lane of both interpreters: the end-to-end tests run with the init image and with the re-executed init, and what
 * they observe must be the same.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import { type Exception, isOpen, judge } from "./test_exceptions.ts";
import { ROOT, type Run, runLane } from "./test_lanes.ts";
import { type CaseRecord, compareCases } from "./test_observations.ts";
import { type Difference, inBoth } from "./test_observations.ts";
import type { TestResult } from "./test_results.ts";

/** The flag `--init` of each run; the image is what callers get who ask for nothing. */
const INTERPRETERS = [
  { name: "image", env: {} },
  { name: "reexec", env: { NSINIT_TEST_INIT: "reexec" } },
] as const;

/** Which tests run with each interpreter. */
export interface RunsOfBoth {
  readonly image: readonly Run[];
  /** The same, or a part of them. */
  readonly reexec: readonly Run[];
}

/** How many tests are run again at most: more differ for a reason. */
const MOST_AGAIN = 20;

/** Differences of each test, by its name. */
type Found = ReadonlyMap<string, readonly Difference[]>;

/**
 * Runs tests once with each interpreter, and compares. Tests that differ are run once more with each: numbers that the
 * kernel hands out, widths, and the order of things side by side differ from run to run, while a difference between
 * the interpreters comes back as it was.
 *
 * @param lanes the lanes that the runs are, for the number of tests that they must have
 */
export async function runWithBoth(
  lanes: { readonly image: string; readonly reexec: string },
  runs: RunsOfBoth,
): Promise<TestResult[]> {
  const folder = await Deno.makeTempDir({ prefix: "nsinit-observed-" });
  try {
    const results = await runInto(folder, lanes, runs);
    const found = await compareRuns(folder, runs);
    const again = await runAgain(folder, lanes, runs, found);
    const isWhole = runs.image === runs.reexec &&
      runs.image.every(({ isFiltered }) => !isFiltered);
    const compared = judge(again.found, exceptions(), isWhole);
    for (const { name, status, reason } of compared) {
      if (status === "failed") console.log(`\n${name}\n${reason}`);
    }
    return [...results, ...again.failed, ...compared];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function runInto(
  folder: string,
  lanes: { readonly image: string; readonly reexec: string },
  runs: RunsOfBoth,
): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const { name, env } of INTERPRETERS) {
    const dir = join(folder, name);
    await Deno.mkdir(dir);
    console.log(`\nend-to-end tests with --init ${name}`);
    const found = await runLane(
      lanes[name],
      runs[name].map((run) => ({
        ...run,
        env: { ...env, NSINIT_OBSERVE: dir },
      })),
    );
    results.push(...found.map((one) => ({
      ...one,
      name: `${one.name} (--init ${name})`,
    })));
  }
  return results;
}

async function compareRuns(
  folder: string,
  { image, reexec }: RunsOfBoth,
): Promise<Map<string, Difference[]>> {
  const left = await readCases(join(folder, "image"));
  const right = await readCases(join(folder, "reexec"));
  // Where the re-executed init runs a part of the tests, that part is compared.
  const names = image === reexec
    ? new Set([...left.keys(), ...right.keys()])
    : right.keys();
  const differences = new Map<string, Difference[]>();
  for (const name of names) {
    differences.set(name, compareCases(left.get(name), right.get(name)));
  }
  return differences;
}

/** Runs the tests that differ again, and keeps of their differences those that came back. */
async function runAgain(
  folder: string,
  lanes: { readonly image: string; readonly reexec: string },
  runs: RunsOfBoth,
  found: Found,
): Promise<{ found: Found; failed: TestResult[] }> {
  const all = exceptions();
  const parted = (differences: readonly Difference[]) => {
    const open = differences.filter((one) => isOpen(one, all));
    return [open, differences.filter((one) => !open.includes(one))] as const;
  };
  const names = [...found.keys()]
    .filter((name) => parted(found.get(name) ?? [])[0].length > 0);
  if (names.length === 0 || names.length > MOST_AGAIN) {
    return { found, failed: [] };
  }
  const text = names.map((name) =>
    name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
  );
  const filter = `/^(${text.join("|")})$/`;
  const only = (part: readonly Run[]) =>
    part.map((run) => ({ ...run, filter, isFiltered: true }));
  const second = join(folder, "again");
  await Deno.mkdir(second);
  console.log(`\n${names.length} differ, and run again: ${names.join("; ")}`);
  const results = await runInto(second, lanes, {
    image: only(runs.image),
    reexec: only(runs.reexec),
  });
  const repeated = await compareRuns(second, runs);
  const lasting = names.map((name) => {
    const [open, listed] = parted(found.get(name) ?? []);
    return [name, [...listed, ...inBoth(open, repeated.get(name))]] as const;
  });
  return {
    found: new Map([...found, ...lasting]),
    failed: results.filter(({ status }) => status === "failed"),
  };
}

/** The checked-in list. */
function exceptions(): Exception[] {
  const file = join(ROOT, "tests/interpreter_exceptions.json");
  return JSON.parse(Deno.readTextFileSync(file));
}

async function readCases(dir: string): Promise<Map<string, CaseRecord>> {
  const cases = new Map<string, CaseRecord>();
  for await (const { name } of Deno.readDir(dir)) {
    const record: CaseRecord = JSON.parse(
      await Deno.readTextFile(join(dir, name)),
    );
    cases.set(record.name, record);
  }
  return cases;
}
