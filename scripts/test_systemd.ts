/**
 * The lane systemd: end-to-end tests on a second kernel with systemd as process 1, in files `systemd_test.ts`.
 *
 * @module
 */
import { type Run, runLane, systemdFiles } from "./test_lanes.ts";
import type { TestResult } from "./test_results.ts";
import { report, runInMachine, type VmLane } from "./test_vm.ts";

const LANE: VmLane = {
  name: "systemd",
  script: "scripts/test_systemd.ts",
  flags: ["--systemd"],
  seconds: 1200,
};

/** Boots the machine and runs the lane. */
export function runSystemd(filter: string | undefined): Promise<TestResult[]> {
  return runInMachine(LANE, filter);
}

if (import.meta.main) {
  const [filter] = Deno.args;
  const run: Run = {
    label: "tests in systemd_test.ts",
    files: systemdFiles(),
    filter,
    isFiltered: filter !== undefined,
    seconds: LANE.seconds,
  };
  await report(await runLane(LANE.name, [run]));
}
