/**
 * The command `ps`: lists the processes of a container.
 *
 * @module
 */
import { Factory } from "../container/factory.ts";
import { RuntimeError } from "../errors.ts";
import { EXIT_FAILURE, ExitError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import { print } from "./output.ts";

/** What ps(1) is asked if nobody says what. */
const DEFAULT_ARGS = ["-ef"];

/**
 * The lines of a table that are about some processes, and its heading.
 *
 * @param table what ps(1) wrote
 * @param pids the processes
 * @throws {RuntimeError} if it has no column PID
 */
export function linesOf(table: string, pids: readonly number[]): string[] {
  const [heading = "", ...lines] = table.split("\n");
  const column = words(heading).indexOf("PID");
  if (column < 0) {
    throw new RuntimeError("usage", "couldn't find PID field in ps output");
  }
  const wanted = new Set(pids);
  return [
    heading,
    ...lines.filter((line) => {
      const word = words(line)[column] ?? "";
      if (word === "" || word === "-") return false; // a thread, say: ps -T
      if (/^\d+$/.test(word)) return wanted.has(Number(word));
      throw new RuntimeError(
        "usage",
        `unable to parse pid: ${JSON.stringify(word)} in ps output`,
      );
    }),
  ];
}

function words(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== "");
}

/** Asks the host's ps(1). */
async function hostTable(args: readonly string[]): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("ps", {
      args: [...args],
      stdin: "null",
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const message =
      'exec: "ps": executable file not found in $PATH; install procps, or use --format json';
    throw new RuntimeError("host", message, { cause: error });
  }
  const { success, code, stdout, stderr } = output;
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new RuntimeError(
    "host",
    `exit status ${code}: ${decoder.decode(stderr).trim()}`,
  );
}

/**
 * Prints the processes: their ids as JSON, or what the host's ps(1) tells of them.
 *
 * @throws {StateError} when there is no such container
 * @throws {RuntimeError} when ps(1) fails, or its output has no ids
 */
export async function run(invocation: Invocation): Promise<number> {
  const { parsed } = invocation;
  const [id = "", ...args] = parsed.args;
  const factory = await Factory.open(await invocation.root());
  const container = await factory.load(id);
  const pids = await container.processes();
  switch (parsed.text("format") ?? "table") {
    case "json":
      // Go prints a list that was never filled as null.
      print(`${pids.length === 0 ? null : JSON.stringify(pids)}\n`);
      return 0;
    case "table": {
      const table = await hostTable(args.length === 0 ? DEFAULT_ARGS : args);
      print(linesOf(table, pids).map((line) => `${line}\n`).join(""));
      return 0;
    }
    default:
      throw new ExitError("invalid format option", EXIT_FAILURE);
  }
}
