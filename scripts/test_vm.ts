/**
 * Runs a lane of tests in a machine of its own, and collects its results.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import { ROOT } from "./test_lanes.ts";
import type { TestResult } from "./test_results.ts";

/**
 * What makes the machine: one that is emulated, some twenty times slower, so that only tests that were chosen run there;
 * or namespaces with a systemd, as fast as this one.
 */
export type MachineMaker = "run_in_vm" | "run_with_systemd";

/** A lane that runs in a machine. */
export interface VmLane {
  readonly name: string;
  /** The program in scripts/ that makes the machine. @default {"run_in_vm"} */
  readonly maker?: MachineMaker;
  /** The script that runs in the machine, with `args` and the filter if there is one; it calls {@linkcode report}. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Further flags of the program that makes the machine. */
  readonly flags?: readonly string[];
  /** Time limit for the whole machine, in seconds. */
  readonly seconds: number;
}

/** Tests multiply their own time limits by this. */
const SLOWNESS: Readonly<Record<MachineMaker, number>> = {
  "run_in_vm": 20,
  "run_with_systemd": 1,
};

const RESULTS = "results.json";

/** Boots the machine, runs the lane inside and collects its results. */
export async function runInMachine(
  lane: VmLane,
  filter: string | undefined,
): Promise<TestResult[]> {
  const out = await Deno.makeTempDir();
  const { maker = "run_in_vm" } = lane;
  try {
    const { code } = await new Deno.Command(join(ROOT, "scripts", maker), {
      args: [
        ...lane.flags ?? [],
        "--out",
        out,
        "--timeout",
        String(lane.seconds),
        "--",
        "env",
        `NSINIT_SLOW=${SLOWNESS[maker]}`,
        Deno.execPath(),
        "run",
        "-A",
        "--no-check",
        join(ROOT, lane.script),
        ...lane.args ?? [],
        ...(filter === undefined ? [] : [filter]),
      ],
      cwd: ROOT,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    return await readResults(join(out, RESULTS)) ?? [{
      name: `lane ${lane.name}`,
      status: "failed",
      reason: `the machine ended with code ${code} and no results`,
    }];
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

async function readResults(file: string): Promise<TestResult[] | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Within the machine: hands the results to {@linkcode runInMachine}. */
export async function report(results: readonly TestResult[]): Promise<void> {
  const out = Deno.env.get("VM_OUT");
  if (!out) throw new Error("VM_OUT is not set: start this by --lane");
  await Deno.writeTextFile(join(out, RESULTS), JSON.stringify(results));
}
