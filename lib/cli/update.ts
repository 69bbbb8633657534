/**
 * The command `update`: changes limits of a container.
 *
 * @module
 */
import { Factory } from "../container/factory.ts";
import { parseJson } from "../spec/json.ts";
import { parseResources } from "../spec/parse.ts";
import type { Resources } from "../spec/types.ts";
import type { Invocation } from "./invocation.ts";
import type { Log } from "./log.ts";
import { resourcesOf } from "./resources_flags.ts";

/** All of standard input. */
async function readInput(): Promise<string> {
  return await new Response(Deno.stdin.readable).text();
}

/** Limits as a JSON document. */
async function readResources(source: string, log: Log): Promise<Resources> {
  const text = source === "-"
    ? await readInput()
    : await Deno.readTextFile(source);
  const { value, unknown } = parseResources(parseJson(text));
  for (const pointer of unknown) {
    log.write("debug", `resources: ignoring unknown property ${pointer}`);
  }
  return value;
}

/**
 * Changes limits: those of the document if there is one, else those of the flags.
 *
 * @throws {StateError} when there is no such container, or it does not run
 * @throws {ConfigError} for a limit that can't be meant; {CgroupError} for one that the kernel refuses
 */
export async function run(invocation: Invocation): Promise<number> {
  const { parsed, log } = invocation;
  const factory = await Factory.open(await invocation.root(), {
    log: (level, message) => log.write(level, message),
  });
  const container = await factory.load(parsed.args[0] ?? "");
  const source = parsed.text("resources");
  const resources = source
    ? await readResources(source, log)
    : resourcesOf(parsed, (message) => log.write("warning", message));
  await container.update(resources);
  return 0;
}
