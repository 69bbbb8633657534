/**
 * The steps of the test command that are no tests: format, lint, types, imports, build.
 * Each counts as one test of its name.
 *
 * @module
 */
import { build } from "./build.ts";
import { checkImports } from "./check_imports.ts";
import { ROOT } from "./test_lanes.ts";
import type { TestResult } from "./test_results.ts";

/** A step: returns what is wrong, or an empty text. */
interface Step {
  readonly name: string;
  readonly run: () => Promise<string>;
}

function denoStep(name: string, args: readonly string[]): Step {
  return {
    name,
    async run() {
      const { success, stdout, stderr } = await new Deno.Command(
        Deno.execPath(),
        { args: [...args], cwd: ROOT, stdin: "null", env: { NO_COLOR: "1" } },
      ).output();
      if (success) return "";
      const decoder = new TextDecoder();
      return decoder.decode(stdout) + decoder.decode(stderr) ||
        `deno ${args[0]} failed`;
    },
  };
}

const CHECKS: readonly Step[] = [
  denoStep("format: deno fmt --check", ["fmt", "--check", "--quiet"]),
  denoStep("lint: deno lint", ["lint", "--quiet"]),
  denoStep("types: deno check", ["check", "--quiet", "."]),
  denoStep("documentation: deno doc --lint mod.ts", [
    "doc",
    "--lint",
    "--quiet",
    "mod.ts",
  ]),
  denoStep("package: deno publish --dry-run", [
    "publish",
    "--dry-run",
    "--allow-dirty",
    "--quiet",
  ]),
  {
    name: "imports point one way",
    run: async () => (await checkImports()).join("\n"),
  },
];

/** Runs the checks of the source text. */
export async function runChecks(): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const step of CHECKS) results.push(await runStep(step));
  return results;
}

/** Builds the executable that the end-to-end tests run. */
export async function runBuild(): Promise<TestResult> {
  return await runStep({
    name: "build: dist/nsinit",
    async run() {
      const { note } = await build();
      if (note) console.log(note);
      return "";
    },
  });
}

async function runStep({ name, run }: Step): Promise<TestResult> {
  const start = performance.now();
  let complaint: string;
  try {
    complaint = await run();
  } catch (error) {
    complaint = error instanceof Error ? error.message : String(error);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${name} ... ${complaint ? "FAILED" : "ok"} (${seconds} s)`);
  if (!complaint) return { name, status: "passed" };
  console.log(complaint);
  return { name, status: "failed" };
}
