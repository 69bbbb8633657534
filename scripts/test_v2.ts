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
 * What runs there when nothing else is asked for, by file: beginnings of names. The machine is emulated, and a test takes
 * some 10 s in it, one that uses the library 5. All that may run there do with `--filter '/\\[v2\\]/'`.
 */
const CHOSEN: readonly (readonly [file: string, ...names: string[]])[] = [
  ["birth", "placement: below a threaded"],
  [
    "cgroups",
    "a container is in a cgroup",
    "a failed create",
    "a limit that the kernel refuses",
    "cgroupsPath: an absolute",
    "devices: rules apply",
    "memory: a program beyond",
    "pids: a program can't",
  ],
  ["events", "run: an end for want of memory"],
  ["id_mapped_mounts", "idmap: on ext4"],
  ["keyring", "keyring: in a user namespace"],
  ["library_cgroups", "library: "],
  ["memory_floor", "memory: a busybox", "memory: no container"],
  ["mounts", "cgroup: the program finds"],
  ["oom", "memory: wait\\(\\) tells"],
  ["placement", "delegation: a container manages"],
  ["resources", "cpu: a spinner"],
  ["resources_io", "blockIO: rates"],
  ["seccomp_notify", "seccomp notify: the agent decides"],
];
const CHOSEN_FILES = CHOSEN.map(([file]) => `tests/${file}_test.ts`);
const CHOSEN_NAMES = CHOSEN.flatMap(([, ...names]) => names).join("|");
const CHOSEN_TESTS = `/^(${CHOSEN_NAMES}).*\\[v2\\]/`;

/** Tests of x_v2_test.ts that run there when nothing else is asked for: security modules that no other machine has. */
const CHOSEN_V2 =
  "/^(apparmor: a (profile denies|process that joins)|landlock: strict rules that)/";

/** Tests that run there with the re-executed init, too: what it has to do with cgroups, and a failure. */
const WITH_REEXEC =
  "/^(a container is in a cgroup|pids: the limit|a failed create).*\\[v2\\]/";

/** Runs the lane's tests in this machine. A filter takes the place of the tag "[v2]". */
async function runHere(filter: string | undefined): Promise<TestResult[]> {
  const isFiltered = filter !== undefined;
  const tagged = {
    label: 'tests named "[v2]"',
    files: isFiltered ? endToEndFiles({ v2: false }) : CHOSEN_FILES,
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
    { ...tagged, filter: filter ?? CHOSEN_TESTS },
  ];
  const reexec = [{ ...tagged, filter: filter ?? WITH_REEXEC }];
  // Without a filter only once: twice, and compared, is what the other lane does with all tests.
  if (!isFiltered) return await runLane("v2", image);
  const lanes = { image: "v2", reexec: "v2 reexec" };
  return await runWithBoth(lanes, { image, reexec });
}

if (import.meta.main) await report(await runHere(Deno.args[0]));
