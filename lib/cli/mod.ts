/**
 * The command line of the executable: global flags, then a command.
 *
 * @module
 */
import { type Command, COMMANDS } from "./commands.ts";
import {
  describeError,
  EXIT_FAILURE,
  EXIT_NO_COMMAND,
  exitCode,
  ExitError,
  UsageError,
} from "./errors.ts";
import { GLOBAL_FLAGS, HELP_FLAG } from "./flags.ts";
import type { Invocation } from "./invocation.ts";
import { Log, type LogFormat, type LogOptions } from "./log.ts";
import { print, writeText } from "./output.ts";
import {
  asksForHelp,
  parseBoolean,
  type Parsed,
  parseWords,
  type SortedWords,
  sortWords,
} from "./parse.ts";
import { rootDir } from "./root_dir.ts";
import { visible } from "./visible.ts";

/** Reports a failure: in the log, and on standard error if that is not the log, as runc does. */
function report(error: unknown, log: Log): number {
  const text = describeError(error);
  log.write("error", text);
  if (log.hasFile) writeText(Deno.stderr, `${visible(text)}\n`);
  if (log.debug && error instanceof Error) {
    const source = error.cause instanceof Error ? error.cause : error;
    log.write("debug", source.stack ?? "");
  }
  return exitCode(error);
}

/** Shows how a command, or the executable if it is undefined, is used, and fails. */
async function misuse(
  error: unknown,
  name: string | undefined,
  log: Log,
): Promise<number> {
  if (error instanceof UsageError) {
    const { commandHelp, globalHelp } = await import("./help.ts");
    const help = name === undefined ? globalHelp() : commandHelp(name);
    try {
      print(`${visible(error.headline)}\n\n${help}`);
    } catch {
      // Nobody reads standard output; what matters is reported below.
    }
  }
  return report(error, log);
}

function checkFormat(format: string | undefined): LogFormat {
  if (format === undefined || format === "" || format === "text") return "text";
  if (format === "json") return "json";
  throw new ExitError(`invalid log-format: ${format}`, EXIT_FAILURE);
}

/** Opens the log; if that fails, reports it in the format asked for and returns the exit code. */
function openLog(globals: Parsed): Log | number {
  let options: LogOptions = { debug: globals.on("debug") };
  try {
    options = { ...options, format: checkFormat(globals.text("log-format")) };
    const file = globals.text("log");
    return new Log(file ? { ...options, file } : options);
  } catch (error) {
    return report(error, new Log(options));
  }
}

function rootlessChoice(globals: Parsed): boolean | "auto" {
  const word = globals.text("rootless") ?? "";
  if (word === "" || word.toLowerCase() === "auto") return "auto";
  const choice = parseBoolean(word);
  if (choice !== undefined) return choice;
  throw new ExitError(
    `invalid value ${JSON.stringify(word)} for --rootless: ` +
      "must be true, false or auto",
    EXIT_FAILURE,
  );
}

const INIT_MODES = ["image", "reexec", "auto"] as const;

function initChoice(
  globals: Parsed,
  command: Command,
  parsed: Parsed,
): Invocation["init"] {
  const own = command.flags.some(({ name }) => name === "init")
    ? parsed.text("init")
    : undefined;
  const word = own ?? globals.text("init") ?? "auto";
  const mode = INIT_MODES.find((mode) => mode === word);
  if (mode !== undefined) return mode;
  throw new ExitError(
    `invalid value ${JSON.stringify(word)} for --init: ` +
      "must be image, reexec or auto",
    EXIT_FAILURE,
  );
}

function checkCount(name: string, command: Command, count: number): void {
  const { minArgs, maxArgs } = command;
  if (count >= minArgs && count <= maxArgs) return;
  const bound = minArgs === maxArgs
    ? `exactly ${minArgs}`
    : count < minArgs
    ? `a minimum of ${minArgs}`
    : `a maximum of ${maxArgs}`;
  throw new UsageError(`nsinit: "${name}" requires ${bound} argument(s)`);
}

/** Words without an id: perhaps the working directory has one. */
async function inDirectory(words: SortedWords): Promise<SortedWords> {
  const { withDirectoryId } = await import("./directory_id.ts");
  return await withDirectoryId(words);
}

/** Parses the words of a command and calls it. */
async function call(
  name: string,
  command: Command,
  words: readonly string[],
  globals: Parsed,
  log: Log,
): Promise<number> {
  const flags = [...command.flags, HELP_FLAG];
  let parsed: Parsed;
  try {
    const { stopEarly = false } = command;
    const given = sortWords(words, flags, { stopEarly });
    if (asksForHelp(given)) return await help([name]);
    const sorted = command.inDirectory && given.args.length === 0
      ? await inDirectory(given)
      : given;
    checkCount(name, command, sorted.args.length);
    parsed = await parseWords(sorted, flags);
  } catch (error) {
    return misuse(error, name, log);
  }
  const invocation: Invocation = {
    parsed,
    log,
    rootless: rootlessChoice(globals),
    init: initChoice(globals, command, parsed),
    systemdCgroup: globals.on("systemd-cgroup"),
    root: () => rootDir(globals.text("root")),
  };
  const { run } = await command.load();
  return await run(invocation);
}

/** Prints the help of the executable or of a command. */
async function help(words: readonly string[]): Promise<number> {
  const { commandHelp, globalHelp } = await import("./help.ts");
  const [name] = words;
  if (name === undefined) {
    print(globalHelp());
  } else if (COMMANDS.has(name)) {
    print(commandHelp(name));
  } else {
    throw new ExitError(`No help topic for '${name}'`, EXIT_NO_COMMAND);
  }
  return 0;
}

/** Calls the command that the words after the global flags name. */
async function dispatch(globals: Parsed, log: Log): Promise<number> {
  const [name, ...words] = globals.args;
  if (name === undefined || name === "help" || name === "h") {
    return await help(words);
  }
  const command = COMMANDS.get(name);
  if (command === undefined) return await help([name]);
  return await call(name, command, words, globals, log);
}

/**
 * Does what a command line says.
 *
 * @param words the command line without the program's name, such as `Deno.args`
 * @returns the exit code; nothing is thrown, failures have been reported
 */
export async function main(words: readonly string[]): Promise<number> {
  let globals: Parsed;
  try {
    const sorted = sortWords(words, GLOBAL_FLAGS, { stopEarly: true });
    if (asksForHelp(sorted)) return await help([]);
    if (sorted.flags.includes("--version")) {
      const { versionText } = await import("./help.ts");
      print(versionText());
      return 0;
    }
    globals = await parseWords(sorted, GLOBAL_FLAGS);
  } catch (error) {
    return await misuse(error, undefined, new Log());
  }
  const log = openLog(globals);
  if (typeof log === "number") return log;
  using _log = log;
  try {
    return await dispatch(globals, log);
  } catch (error) {
    return report(error, log);
  }
}
