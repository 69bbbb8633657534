/**
 * Where the time of a library start goes: `deno task bench --phases`.
 *
 * Runs the same program three times: alone, for the times; under `perf trace`, for the system calls of it and of init,
 * by phase; with V8's profiler, for the functions. Nothing in the library knows of it.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import { PHASES } from "./bench_life.ts";
import type { LifeResult } from "./bench_library.ts";
import { sumProfile } from "./bench_profile.ts";
import { initTimes, parseTrace, phaseTimes } from "./bench_trace.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** What to run. */
export interface PhaseOptions {
  /** A folder of our own, for files. */
  readonly temp: string;
  /** The folder for the states of containers. */
  readonly state: string;
  readonly bundle: string;
  readonly runs: number;
  /** How many containers to start first. */
  readonly warm: number;
  /** How many others live meanwhile. */
  readonly alive: number;
}

/** Runs the program; `prefix` is what it runs under. */
async function run(
  { state, bundle, runs, warm, alive }: PhaseOptions,
  prefix: readonly string[],
  flags: readonly string[],
): Promise<LifeResult> {
  const [program = "", ...args] = [
    ...prefix,
    Deno.execPath(),
    "run",
    "-A",
    "--no-check",
    ...flags,
    join(ROOT, "scripts/bench_library.ts"),
    ...["--root", state, "--bundle", bundle],
    ...["--runs", `${runs}`, "--warm", `${warm}`, "--alive", `${alive}`],
  ];
  const { success, stdout } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${program} failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function row(...cells: readonly (string | number)[]): string {
  return `| ${
    cells.map((cell) => typeof cell === "number" ? cell.toFixed(3) : cell)
      .join(" | ")
  } |`;
}

/** The whole report, as Markdown. */
export async function phaseReport(options: PhaseOptions): Promise<string> {
  const plain = await run(options, [], []);
  return [
    ...timesTable(plain, options.runs),
    "",
    ...await callTables(options),
    "",
    ...await functionTables(options),
  ].join("\n");
}

function timesTable(
  { wallMs, cpuMs, queueMs, times }: LifeResult,
  runs: number,
): string[] {
  const whole = times.map((life) => life.at(-1)! - life[0]!);
  return [
    `### A container's life in the library, ${runs} in a row`,
    "",
    row("phase", "median ms"),
    row("---", "---:"),
    ...PHASES.map((phase, i) =>
      row(phase, median(times.map((life) => life[i + 1]! - life[i]!)))
    ),
    row("**all**", median(whole)),
    "",
    `Mean ${(wallMs / runs).toFixed(3)} ms; of that the main thread computed ${
      (cpuMs / runs).toFixed(3)
    } ms, in JavaScript or the kernel, and was kept waiting for a processor ${
      (queueMs / runs).toFixed(3)
    } ms.`,
  ];
}

async function callTables(options: PhaseOptions): Promise<string[]> {
  const file = join(options.temp, "trace.txt");
  await run(options, ["perf", "trace", "-m", "4096", "-o", file], []);
  const calls = parseTrace(await Deno.readTextFile(file));
  const init = initTimes(calls);
  return [
    "### System calls of the main thread by phase, mean ms a container",
    "",
    row("phase", "all", "waits", "in the kernel", "the rest", "calls", "most"),
    row("---", "---:", "---:", "---:", "---:", "---:", "---"),
    ...phaseTimes(calls).map((
      { phase, wallMs, waitMs, kernelMs, calls, top },
    ) =>
      row(
        phase,
        wallMs,
        waitMs,
        kernelMs,
        wallMs - waitMs - kernelMs,
        calls.toFixed(0),
        top.map(([name, ms]) => `${name} ${ms.toFixed(3)}`).join(", "),
      )
    ),
    "",
    `### Init, ${init.calls.toFixed(0)} calls, ${
      init.lifeMs.toFixed(3)
    } ms from its first call to its end`,
    "",
    row("call", "ms"),
    row("---", "---:"),
    ...init.top.map(([name, ms]) => row(name, ms)),
  ];
}

async function functionTables(options: PhaseOptions): Promise<string[]> {
  const dir = join(options.temp, "profile");
  const { wallMs } = await run(options, [], [
    "--cpu-prof",
    `--cpu-prof-dir=${dir}`,
    "--cpu-prof-interval=100",
  ]);
  const [entry] = [...Deno.readDirSync(dir)];
  const text = await Deno.readTextFile(join(dir, entry?.name ?? ""));
  const { self, total } = sumProfile(text, wallMs, ROOT);
  function table(
    title: string,
    sums: ReadonlyMap<string, number>,
    length: number,
  ): string[] {
    return [
      `### ${title}`,
      "",
      row("function", "ms a container"),
      row("---", "---:"),
      ...[...sums].sort((a, b) => b[1] - a[1]).slice(0, length)
        .map(([name, ms]) => row(name, ms / options.runs)),
      "",
    ];
  }
  return [
    ...table("Functions by their own time", self, 40),
    ...table("Functions with what they call", total, 70),
  ];
}
