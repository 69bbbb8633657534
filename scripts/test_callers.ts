/**
 * The lane callers: what Docker, Podman and containerd do with nsinit, and with Debian's runc, must be the same. The tests
 * are in files `caller_x_test.ts`; at the end stands a table of all cases, and of the time that some things take.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import { callerTable, parseReports } from "./caller_table.ts";
import { CALLER_NEEDS, installMissing } from "./packages.ts";
import { callerFiles, ROOT, runLane } from "./test_lanes.ts";
import type { TestResult } from "./test_results.ts";

/** Installs the callers, runs their tests, and prints the table. */
export async function runCallers(
  filter: string | undefined,
): Promise<TestResult[]> {
  // One by one: where one can't be had, the others are.
  for (const [caller, needs] of Object.entries(CALLER_NEEDS)) {
    const missing = await installMissing(needs);
    if (missing.length > 0) {
      console.log(
        `missing for ${caller}, and not to be installed: ${missing.join(", ")}`,
      );
    }
  }
  const folder = await Deno.makeTempDir({ prefix: "nsinit-callers-" });
  try {
    const file = join(folder, "rows");
    await Deno.writeTextFile(file, "");
    const results = await runLane("callers", [{
      label: "tests of callers",
      files: callerFiles(),
      filter,
      isFiltered: filter !== undefined,
      seconds: 1200,
      // Some cases start forty containers at once.
      env: { NSINIT_CALLER_ROWS: file, NSINIT_SLOW: "2" },
    }]);
    const { rows, notes } = parseReports(await Deno.readTextFile(file));
    console.log(`\nwith ${await versions()}, in ${ROOT}\n`);
    console.log(callerTable(rows, notes));
    return results;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The first line of what each program says of its version. */
async function versions(): Promise<string> {
  const lines: string[] = [];
  for (const program of ["runc", "docker", "dockerd", "podman", "containerd"]) {
    try {
      const { stdout } = await new Deno.Command(program, {
        args: ["--version"],
        stdin: "null",
        stderr: "null",
      }).output();
      lines.push(new TextDecoder().decode(stdout).split("\n", 1)[0] ?? "");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      lines.push(`no ${program}`);
    }
  }
  return lines.join("; ");
}
