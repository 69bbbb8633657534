/**
 * The test command: `deno task test [--lane checks|unit|e2e|interpreters|v2|systemd|systemd-vm|selinux|callers]… [--filter TEXT]`.
 *
 * Without `--lane` it installs what the tests need, checks the source text, builds dist/, runs the unit tests, and runs
 * the end-to-end tests twice, with each interpreter of a container's program, to compare what they observe (lane
 * `interpreters`). The lane `e2e` runs them once, with the default. The lane `v2` runs end-to-end tests on a second
 * kernel with pure cgroup v2: those in files `x_v2_test.ts`, and those with "[v2]" in their name. The lane `systemd` runs
 * those in `systemd_test.ts` under a systemd in namespaces here, and `systemd-vm` those of them with "[v2]" in their name
 * on the second kernel. The lane `selinux` runs those in `selinux_v2_test.ts` there, with a policy of their own.
 * The lane `callers` has Docker, Podman and containerd do the same with runc and with nsinit, and compares.
 *
 * The last line tells how many passed, failed and were skipped. A skip that tests/allowed_skips.json
 * doesn't list is a failure, and so is a lane that ran too few tests. The failures are appended to the file that the
 * variable NSINIT_TEST_FAILURES names.
 *
 * @module
 */
import { parseArgs } from "../lib/deps/parse_args.ts";
import { installMissing, OTHER_CPU_NEEDS, TEST_NEEDS } from "./packages.ts";
import { runCallers } from "./test_callers.ts";
import { runWithBoth } from "./test_interpreters.ts";
import { endToEndFiles, type Run, runLane, unitFiles } from "./test_lanes.ts";
import { failures, summary, type TestResult } from "./test_results.ts";
import { runSelinux } from "./test_selinux.ts";
import { runBuild, runChecks } from "./test_steps.ts";
import { runSystemd, runSystemdVm } from "./test_systemd.ts";
import { runInVm } from "./test_v2.ts";

type Filter = string | undefined;

const LANES: Readonly<
  Record<string, (filter: Filter) => Promise<TestResult[]>>
> = {
  checks: runChecks,
  unit: (filter) =>
    runLane("unit", [{
      label: "unit tests",
      files: unitFiles(),
      filter,
      isFiltered: filter !== undefined,
      seconds: 300,
    }]),
  e2e: (filter) => withBuild(() => runLane("e2e", endToEnd(filter))),
  interpreters: (filter) =>
    withBuild(() => {
      const runs = endToEnd(filter);
      const lanes = { image: "e2e", reexec: "e2e" };
      return runWithBoth(lanes, { image: runs, reexec: runs });
    }),
  v2: (filter) => withBuild(() => runInVm(filter)),
  systemd: (filter) => withBuild(() => runSystemd(filter)),
  "systemd-vm": (filter) => withBuild(() => runSystemdVm(filter)),
  selinux: (filter) => withBuild(() => runSelinux(filter)),
  callers: (filter) => withBuild(() => runCallers(filter)),
};

/** A test that measures: nothing may run beside it. */
const ALONE = ["tests/in_process_test.ts", "tests/stats_time_test.ts"];

function endToEnd(filter: Filter): Run[] {
  const files = endToEndFiles({ v2: false });
  const run = { filter, isFiltered: filter !== undefined, seconds: 900 };
  return [
    {
      ...run,
      label: "end-to-end tests that measure",
      files: files.filter((file) => ALONE.includes(file)),
    },
    {
      ...run,
      label: "end-to-end tests",
      files: files.filter((file) => !ALONE.includes(file)),
      jobs: 3,
    },
  ];
}

async function withBuild(
  run: () => Promise<TestResult[]>,
): Promise<TestResult[]> {
  const built = await runBuild();
  if (built.status !== "passed") return [built];
  return [built, ...await run()];
}

async function main(): Promise<number> {
  const { lane, filter } = parseArgs(Deno.args, {
    string: ["lane", "filter"],
    collect: ["lane"],
  });
  const lanes = lane.length > 0 ? lane : ["checks", "unit", "interpreters"];
  const unknown = lanes.filter((name) => !Object.hasOwn(LANES, name));
  if (unknown.length > 0) {
    console.error(`unknown lane ${unknown.join(", ")}`);
    return 2;
  }
  // Apart: where one package can't be had, none of its group is installed.
  const missing = [
    ...await installMissing(TEST_NEEDS),
    ...await installMissing(OTHER_CPU_NEEDS),
  ];
  if (missing.length > 0) {
    console.log(`missing, and not to be installed: ${missing.join(", ")}`);
  }
  const results: TestResult[] = [];
  for (const name of lanes) {
    results.push(...await LANES[name]?.(filter) ?? []);
  }
  console.log(`\n${summary(results)}`);
  const file = Deno.env.get("NSINIT_TEST_FAILURES");
  if (file) {
    Deno.writeTextFileSync(file, failures(lanes, results), { append: true });
  }
  return results.some(({ status }) => status === "failed") ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main());
