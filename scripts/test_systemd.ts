/**
 * The lanes systemd and systemd-vm: end-to-end tests with systemd as process 1, in files `systemd_test.ts`.
 *
 * In the lane systemd they run on this kernel, in namespaces, with both interpreters: with the cgroups of this machine,
 * and once more with cgroup v2 alone, if the machine has more. There v2 has but the controllers that v1 leaves over. So
 * those that need v2's others, with "[v2]" in their name, run on a second kernel in the lane systemd-vm.
 *
 * @module
 */
import { runWithBoth } from "./test_interpreters.ts";
import { type Run, runLane, systemdFiles } from "./test_lanes.ts";
import type { TestResult } from "./test_results.ts";
import { report, runInMachine, type VmLane } from "./test_vm.ts";

const SCRIPT = "scripts/test_systemd.ts";

/** The machine of each lane's runs, by name; a run has a minimum of tests of its own. */
const HERE: readonly VmLane[] = ["systemd", "systemd v2"].map((name) => ({
  name,
  maker: "run_with_systemd",
  script: SCRIPT,
  args: [name],
  flags: name === "systemd v2" ? ["--v2"] : [],
  seconds: 400,
}));
const EMULATED: VmLane = {
  name: "systemd vm",
  script: SCRIPT,
  args: ["systemd vm"],
  flags: ["--systemd"],
  seconds: 900,
};

/** Runs the lane systemd. */
export async function runSystemd(
  filter: string | undefined,
): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const machine of HERE) {
    if (machine.name === "systemd v2" && hasV2Alone()) continue;
    console.log(`\nthe machine "${machine.name}"`);
    const found = await runInMachine(machine, filter);
    results.push(...found.map((one) => ({
      ...one,
      name: `${one.name} (${machine.name})`,
    })));
  }
  return results;
}

/** Runs the lane systemd-vm. */
export function runSystemdVm(
  filter: string | undefined,
): Promise<TestResult[]> {
  return runInMachine(EMULATED, filter);
}

/** Whether this machine has cgroup v2 alone: then the first machine is the second. */
function hasV2Alone(): boolean {
  return !/^[1-9]\d*:/m.test(Deno.readTextFileSync("/proc/self/cgroup"));
}

/** Runs the tests in this machine. */
async function runHere(
  name: string,
  filter: string | undefined,
): Promise<TestResult[]> {
  const machine = [...HERE, EMULATED].find((one) => one.name === name);
  if (machine === undefined) throw new Error(`no machine ${name}`);
  const isEmulated = machine === EMULATED;
  const run: Run = {
    label: `tests in systemd_test.ts, in the machine "${name}"`,
    files: systemdFiles(),
    filter: filter ?? (isEmulated ? "/\\[v2\\]/" : undefined),
    isFiltered: filter !== undefined,
    seconds: machine.seconds,
  };
  if (isEmulated) return await runLane(name, [run]);
  const lanes = { image: name, reexec: name };
  // Not the same list: the exceptions of the other lanes need not occur in this one.
  return await runWithBoth(lanes, { image: [run], reexec: [run] });
}

if (import.meta.main) {
  const [name = "", filter] = Deno.args;
  await report(await runHere(name, filter));
}
