/**
 * The lanes of the test command: which files each runs, and how.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import {
  type AllowedSkips,
  judgeSkips,
  parseJunit,
  parseSkipLines,
  type TestResult,
} from "./test_results.ts";

/** Root folder of the project. */
export const ROOT: string = new URL("..", import.meta.url).pathname;

/** One run of `deno test`. */
export interface Run {
  /** What to call it in messages. */
  readonly label: string;
  readonly files: readonly string[];
  /** As for `deno test --filter`: a text, or a pattern between slashes. */
  readonly filter?: string | undefined;
  /** Whether somebody asked for a part of the lane only. */
  readonly isFiltered: boolean;
  /** Time limit in seconds. */
  readonly seconds: number;
  /** How many test files run side by side. @default {1} */
  readonly jobs?: number;
  /** Variables for the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Test files below the project's root, sorted. */
export function testFiles(): string[] {
  const files: string[] = [];
  function walk(dir: string): void {
    for (const entry of Deno.readDirSync(join(ROOT, dir))) {
      const path = dir ? `${dir}/${entry.name}` : entry.name;
      if (entry.isDirectory && !/^(\.|dist$|cov$|node_modules$)/.test(path)) {
        walk(path);
      } else if (path.endsWith("_test.ts")) files.push(path);
    }
  }
  walk("");
  return files.sort();
}

/** Tests beside the code they test. */
export function unitFiles(): string[] {
  return testFiles().filter((file) => !file.startsWith("tests/"));
}

/**
 * End-to-end tests; those for a machine with pure cgroup v2 are in files of their own, `x_v2_test.ts`, as are those for
 * one with systemd, and those of callers.
 */
export function endToEndFiles(options: { v2: boolean }): string[] {
  return testFiles().filter((file) =>
    file.startsWith("tests/") && file.endsWith("_v2_test.ts") === options.v2 &&
    !isForSystemd(file) && !isForCallers(file)
  );
}

/** Tests of callers, which stand apart: `caller_x_test.ts`. */
export function callerFiles(): string[] {
  return testFiles().filter(isForCallers);
}

function isForCallers(file: string): boolean {
  return /^tests\/caller_.*_test\.ts$/.test(file);
}

/** End-to-end tests for a machine with systemd as process 1: `systemd_test.ts`. */
export function systemdFiles(): string[] {
  return testFiles().filter(isForSystemd);
}

function isForSystemd(file: string): boolean {
  return /^tests\/(.*_)?systemd_test\.ts$/.test(file);
}

/** The checked-in list of skips that are no failure. */
export function allowedSkips(): AllowedSkips {
  return JSON.parse(
    Deno.readTextFileSync(join(ROOT, "tests/allowed_skips.json")),
  );
}

/**
 * Runs tests, showing their output as it comes.
 *
 * @returns a result for each test. A run that could not be finished (a module that doesn't load, the
 * time limit) has a failed result of its own.
 */
export async function runTests(run: Run): Promise<TestResult[]> {
  if (run.files.length === 0) return [];
  const junit = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const { code, output, late } = await execute(run, junit);
    const found = parseJunit(await Deno.readTextFile(junit));
    const results = judgeSkips(found, parseSkipLines(output), allowedSkips());
    if (late) {
      results.push(failed(run, `not finished after ${run.seconds} s`));
    } else if (code !== 0 && !results.some(isFailed)) {
      results.push(failed(run, `deno test ended with code ${code}`));
    }
    return results;
  } finally {
    await Deno.remove(junit);
  }
}

/** How many tests a lane runs at least. A number to raise as tests are added: it catches tests that vanish. */
const AT_LEAST: Readonly<Record<string, number>> = {
  unit: 1150,
  e2e: 750,
  v2: 24,
  "v2 reexec": 3,
  systemd: 16,
  "systemd v2": 15,
  "systemd vm": 4,
  selinux: 6,
  "selinux reexec": 1,
};

/** Runs a lane of one or more runs. A lane in which too few tests ran has failed. */
export async function runLane(
  lane: string,
  runs: readonly Run[],
): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const run of runs) results.push(...await runTests(run));
  const count = results.filter(({ status }) => status !== "skipped").length;
  const isWhole = runs.every(({ isFiltered }) => !isFiltered);
  const least = isWhole ? AT_LEAST[lane] ?? 1 : 1;
  if (count < least) {
    results.push({
      name: `lane ${lane}`,
      status: "failed",
      reason: `${count} tests ran, expected at least ${least}`,
    });
  }
  return results;
}

function isFailed({ status }: TestResult): boolean {
  return status === "failed";
}

function failed(run: Run, reason: string): TestResult {
  return { name: run.label, status: "failed", reason };
}

async function execute(
  run: Run,
  junit: string,
): Promise<{ code: number; output: string; late: boolean }> {
  const filter = run.filter === undefined ? [] : ["--filter", run.filter];
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "-A",
      "--no-check", // the type check is a step of its own
      // no --sanitize-resources: libc is opened at the first call and stays open, on purpose
      "--sanitize-ops",
      `--junit-path=${junit}`,
      ...(run.jobs === undefined ? [] : ["--parallel"]),
      ...filter,
      ...run.files,
    ],
    cwd: ROOT,
    env: { DENO_JOBS: `${run.jobs ?? 1}`, ...run.env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, run.seconds * 1000);
  const decoder = new TextDecoder();
  let output = "";
  for await (const chunk of child.stdout) {
    Deno.stdout.writeSync(chunk);
    output += decoder.decode(chunk, { stream: true });
  }
  const { code } = await child.status;
  clearTimeout(timer);
  return { code, output, late };
}
