/**
 * The lane v2: end-to-end tests on a second kernel with a pure cgroup v2 tree.
 *
 * The machine there is emulated, some twenty times slower, so only tests that were chosen run.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import { runWithBoth } from "./test_interpreters.ts";
import { endToEndFiles, ROOT } from "./test_lanes.ts";
import type { TestResult } from "./test_results.ts";

/** Time limit for the whole machine, in seconds. */
const LIMIT = 1080;

/** Tests multiply their own time limits by this. */
const SLOWNESS = 20;

const RESULTS = "results.json";

/** Boots the machine, runs the lane inside and collects its results. */
export async function runInVm(
  filter: string | undefined,
): Promise<TestResult[]> {
  const out = await Deno.makeTempDir();
  try {
    const { code } = await new Deno.Command(join(ROOT, "scripts/run_in_vm"), {
      args: [
        "--out",
        out,
        "--timeout",
        String(LIMIT),
        "--",
        "env",
        `NSINIT_SLOW=${SLOWNESS}`,
        Deno.execPath(),
        "run",
        "-A",
        "--no-check",
        join(ROOT, "scripts/test_v2.ts"),
        ...(filter === undefined ? [] : [filter]),
      ],
      cwd: ROOT,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    return await readResults(join(out, RESULTS)) ?? [{
      name: "lane v2",
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

/** Tests that run there with the re-executed init, too: what it has to do with cgroups, and a failure. */
const WITH_REEXEC =
  "/^(a container is in a cgroup|pids: the limit|a failed create).*\\[v2\\]/";

/** Runs the lane's tests in this machine. A filter takes the place of the tag "[v2]". */
async function runHere(filter: string | undefined): Promise<TestResult[]> {
  const isFiltered = filter !== undefined;
  const tagged = {
    label: 'tests named "[v2]"',
    files: endToEndFiles({ v2: false }),
    isFiltered,
    seconds: LIMIT,
  };
  const image = [
    {
      label: "tests in x_v2_test.ts",
      files: endToEndFiles({ v2: true }),
      filter,
      isFiltered,
      seconds: LIMIT,
    },
    { ...tagged, filter: filter ?? "/\\[v2\\]/" },
  ];
  const reexec = [{ ...tagged, filter: filter ?? WITH_REEXEC }];
  const lanes = { image: "v2", reexec: "v2 reexec" };
  return await runWithBoth(lanes, { image, reexec });
}

if (import.meta.main) {
  const out = Deno.env.get("VM_OUT");
  if (!out) throw new Error("VM_OUT is not set: start this by --lane v2");
  const results = await runHere(Deno.args[0]);
  await Deno.writeTextFile(join(out, RESULTS), JSON.stringify(results));
}
