/**
 * Which interpreter of the set-up program the tests ask for. The test command
 * runs all of them twice and compares what they observe: see observation.ts.
 *
 * @module
 */
import { RUN_FLAGS } from "../lib/cli/init_args.ts";
import { NSINIT } from "./host.ts";

/** What `--init` is given: `image` or `reexec`. Undefined: the flag is left out, so the default is tested. */
export const INTERPRETER: string | undefined = Deno.env.get(
  "NSINIT_TEST_INIT",
) || undefined;

/** Flags that stand before each command of the executable. */
export const INIT_FLAGS: readonly string[] = INTERPRETER === undefined
  ? []
  : ["--init", INTERPRETER];

/** Adds the flags to a command line that runs the executable, also behind a program such as strace. */
export function withInterpreter(argv: readonly string[]): string[] {
  const at = argv.indexOf(NSINIT) + 1;
  if (at === 0 || argv.includes("--init")) return [...argv];
  return [...argv.slice(0, at), ...INIT_FLAGS, ...argv.slice(at)];
}

/** Options of the library's `Factory.open()` for the same. */
export const FACTORY_OPTIONS: { initArgs?: readonly string[] } =
  INTERPRETER === "reexec" ? { initArgs: initArgs() } : {};

/** Deno as it runs the main module of this tree. */
function initArgs(): string[] {
  const main = new URL("../main.ts", import.meta.url).pathname;
  const flags = [...RUN_FLAGS, "--no-check"];
  return [Deno.execPath(), "run", ...flags, main, "init"];
}
