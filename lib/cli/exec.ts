/**
 * The command `exec`: runs a further process in a container.
 *
 * @module
 */
import { ProgramError } from "../../init/failure.ts";
import { Factory } from "../container/factory.ts";
import type { ProcessOptions } from "../container/options.ts";
import { StateError } from "../errors.ts";
import { requireNoDeathSignal } from "../process/death_signal.ts";
import type { Spec } from "../spec/types.ts";
import { attend } from "./attend.ts";
import { describeError, EXIT_EXEC_FAILURE, ExitError } from "./errors.ts";
import { execProcess, subCgroups } from "./exec_process.ts";
import { initArgs } from "./init_args.ts";
import type { Invocation } from "./invocation.ts";
import type { Parsed } from "./parse.ts";
import { processOptions } from "./process_options.ts";
import { absolutePath } from "./root_dir.ts";
import { requireTerminal } from "./terminal.ts";

/**
 * Runs the process.
 *
 * @returns its exit code; 0 with --detach
 * @throws {ExitError} with the exit code 255 when it can't be started; then none is left
 */
export async function run(invocation: Invocation): Promise<number> {
  try {
    return await execute(invocation);
  } catch (error) {
    // The words that runc's callers look for.
    const where = error instanceof ProgramError
      ? "unable to start container process: "
      : "";
    throw new ExitError(
      `exec failed: ${where}${describeError(error)}${await hintFor(error)}`,
      EXIT_EXEC_FAILURE,
      { cause: error },
    );
  }
}

/** What somebody may have meant who names no container where a container.json is. */
async function hintFor(error: unknown): Promise<string> {
  const isMissing = error instanceof StateError &&
    error.message === "container does not exist";
  if (!isMissing) return "";
  const { hasLegacyFile } = await import("./directory_id.ts");
  return hasLegacyFile(Deno.cwd())
    ? " (for a program in the container of this directory: exec --bundle .)"
    : "";
}

/**
 * The directory whose container is meant, as the first nsinit had it, and not an id: that of --bundle; the working
 * directory, if there is a container.json and the first word has a slash, which no id may have.
 */
async function directoryOf(parsed: Parsed): Promise<string | undefined> {
  const bundle = parsed.text("bundle");
  if (bundle) return await absolutePath(bundle);
  if (!parsed.args[0]?.includes("/")) return undefined;
  const { hasLegacyFile } = await import("./directory_id.ts");
  const directory = Deno.cwd();
  return hasLegacyFile(directory) ? directory : undefined;
}

async function execute(invocation: Invocation): Promise<number> {
  const { parsed, log } = invocation;
  const directory = await directoryOf(parsed);
  if (directory !== undefined) {
    const { execInDirectory } = await import("./directory.ts");
    return await execInDirectory(invocation, directory);
  }
  const detach = parsed.on("detach");
  const factory = await Factory.open(await invocation.root(), {
    init: invocation.init,
    initArgs: initArgs(),
    debug: log.debug,
    log: (level, message) => log.write(level, message),
  });
  const container = await factory.load(parsed.args[0] ?? "");
  if (detach) requireNoDeathSignal(container.spec);
  const options = await optionsOf(invocation, container.spec, detach);
  const isOurs = !detach && options.consoleSocket === undefined;
  if (options.process?.terminal === true && isOurs) requireTerminal();
  const process = await container.join(options);
  return detach ? 0 : await attend(process, log);
}

async function optionsOf(
  { parsed, log }: Invocation,
  spec: Spec,
  detach: boolean,
): Promise<ProcessOptions> {
  const cgroup = subCgroups(parsed.all("cgroup"));
  const process = await execProcess(parsed, spec, log);
  const size = process.terminal === true && !detach
    ? (await import("../container/own_terminal.ts")).ownSize()
    : undefined;
  return {
    ...await processOptions(parsed, { detach, listenFds: 0 }),
    process,
    ...(size === undefined ? {} : { terminalSize: size }),
    ignorePaused: parsed.on("ignore-paused"),
    ...(cgroup === undefined ? {} : { cgroup }),
  };
}
