/**
 * The lane v2: end-to-end tests on a second kernel with a pure cgroup v2 tree.
 *
 * @module
 */
import { runWithBoth } from "./test_interpreters.ts";
import { endToEndFiles, runLane } from "./test_lanes.ts";
import type { TestResult } from "./test_results.ts";
import { report, runInMachine, type VmLane } from "./test_vm.ts";

const LANE: VmLane = {
  name: "v2",
  script: "scripts/test_v2.ts",
  seconds: 1080,
};

/** Boots the machine and runs the lane. */
export function runInVm(filter: string | undefined): Promise<TestResult[]> {
  return runInMachine(LANE, filter);
}

/**
 * Files whose tests run there when nothing else is asked for: the machine is emulated, and a test takes some 15 s in it.
 * All run with `--filter '/\\[v2\\]/'`.
 */
const CHOSEN = ["cgroups", "memory_floor", "mounts"].map((name) =>
  `tests/${name}_test.ts`
);

/** Tests of x_v2_test.ts that run there when nothing else is asked for: security modules that no other machine has. */
const CHOSEN_V2 = "/^(apparmor: a profile denies|landlock: strict rules that)/";

/** Tests that run there with the re-executed init, too: what it has to do with cgroups, and a failure. */
const WITH_REEXEC =
  "/^(a container is in a cgroup|pids: the limit|a failed create).*\\[v2\\]/";

/** Runs the lane's tests in this machine. A filter takes the place of the tag "[v2]". */
async function runHere(filter: string | undefined): Promise<TestResult[]> {
  const isFiltered = filter !== undefined;
  const tagged = {
    label: 'tests named "[v2]"',
    files: isFiltered ? endToEndFiles({ v2: false }) : CHOSEN,
    isFiltered,
    seconds: LANE.seconds,
  };
  const image = [
    {
      label: "tests in x_v2_test.ts",
      files: endToEndFiles({ v2: true }),
      filter: filter ?? CHOSEN_V2,
      isFiltered,
      seconds: LANE.seconds,
    },
    { ...tagged, filter: filter ?? "/\\[v2\\]/" },
  ];
  const reexec = [{ ...tagged, filter: filter ?? WITH_REEXEC }];
  // Without a filter only once: twice, and compared, is what the other lane does with all tests.
  if (!isFiltered) return await runLane("v2", image);
  const lanes = { image: "v2", reexec: "v2 reexec" };
  return await runWithBoth(lanes, { image, reexec });
}

if (import.meta.main) await report(await runHere(Deno.args[0]));
