/**
 * The lane of both interpreters: the end-to-end tests run with the init image and with the re-executed init, and what
 * they observe must be the same.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import { type Exception, judge } from "./test_exceptions.ts";
import { ROOT, type Run, runLane } from "./test_lanes.ts";
import { type CaseRecord, compareCases } from "./test_observations.ts";
import type { Difference } from "./test_observations.ts";
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

/**
 * Runs tests once with each interpreter, and compares.
 *
 * @param lanes the lanes that the runs are, for the number of tests that they must have
 */
export async function runWithBoth(
  lanes: { readonly image: string; readonly reexec: string },
  runs: RunsOfBoth,
): Promise<TestResult[]> {
  const folder = await Deno.makeTempDir({ prefix: "nsinit-observed-" });
  const results: TestResult[] = [];
  try {
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
    const compared = await compareRuns(folder, runs);
    for (const { name, status, reason } of compared) {
      if (status === "failed") console.log(`\n${name}\n${reason}`);
    }
    return [...results, ...compared];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function compareRuns(
  folder: string,
  { image, reexec }: RunsOfBoth,
): Promise<TestResult[]> {
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
  const isWhole = image === reexec &&
    image.every(({ isFiltered }) => !isFiltered);
  return judge(differences, exceptions(), isWhole);
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
