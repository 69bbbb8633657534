/**
 * The lane selinux: end-to-end tests on a second kernel that enforces a small SELinux policy, in selinux_v2_test.ts.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import { runWithBoth } from "./test_interpreters.ts";
import { ROOT, type Run } from "./test_lanes.ts";
import type { TestResult } from "./test_results.ts";
import { report, runInMachine, type VmLane } from "./test_vm.ts";

const LANE: VmLane = {
  name: "selinux",
  script: "scripts/test_selinux.ts",
  // Of AppArmor and SELinux a kernel takes the first; of two such lists the last.
  flags: ["--append", "lsm=landlock,lockdown,yama,selinux,bpf"],
  seconds: 600,
};

const POLICY = join(ROOT, "tests/testdata/selinux/policy.conf");
const SELINUXFS = "/sys/fs/selinux";

/** The test that runs with the re-executed init, too. */
const WITH_REEXEC = "selinux: the executable";

/** Boots the machine and runs the lane. */
export function runSelinux(filter: string | undefined): Promise<TestResult[]> {
  return runInMachine(LANE, filter);
}

/** Compiles the policy for this kernel, loads it, and has it enforced. */
async function loadPolicy(): Promise<void> {
  await command("mount", ["-t", "selinuxfs", "none", SELINUXFS]);
  const version = Deno.readTextFileSync(`${SELINUXFS}/policyvers`).trim();
  const compiled = await Deno.makeTempFile();
  const flags = ["-U", "allow", "-c", version, "-o", compiled];
  await command("checkpolicy", [...flags, POLICY]);
  // The kernel wants all of it in one write.
  write("load", Deno.readFileSync(compiled));
  write("enforce", new TextEncoder().encode("1"));
}

function write(name: string, bytes: Uint8Array): void {
  using file = Deno.openSync(`${SELINUXFS}/${name}`, { write: true });
  if (file.writeSync(bytes) !== bytes.length) {
    throw new Error(`Cannot write all of ${name}`);
  }
}

async function command(name: string, args: string[]): Promise<void> {
  const { success } = await new Deno.Command(name, { args }).spawn().status;
  if (!success) throw new Error(`${name} failed`);
}

if (import.meta.main) {
  const [filter] = Deno.args;
  await loadPolicy();
  const run: Run = {
    label: "tests in selinux_v2_test.ts",
    files: ["tests/selinux_v2_test.ts"],
    filter,
    isFiltered: filter !== undefined,
    seconds: LANE.seconds,
  };
  const reexec = { ...run, filter: filter ?? WITH_REEXEC };
  const lanes = { image: "selinux", reexec: "selinux reexec" };
  const runs = { image: [run], reexec: [reexec] };
  await report(await runWithBoth(lanes, runs));
}
