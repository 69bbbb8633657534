/**
 * The command `stats`: prints what a container uses, once.
 *
 * @module
 */
import { Factory } from "../container/factory.ts";
import { stringifyJson } from "../spec/json.ts";
import type { Invocation } from "./invocation.ts";
import { print } from "./output.ts";
import { statsJson } from "./stats_json.ts";

/**
 * Prints a JSON object with the members of `events --stats`.
 *
 * @throws {StateError} when there is no such container, or it does not run
 */
export async function run(invocation: Invocation): Promise<number> {
  const factory = await Factory.open(await invocation.root());
  const container = await factory.load(invocation.parsed.args[0] ?? "");
  const stats = await container.stats({ parts: "all" });
  print(`${stringifyJson(statsJson(stats))}\n`);
  return 0;
}
