/**
 * The command `oom`: tells each time that a container has run out of memory.
 *
 * @module
 */
import { oomText } from "../cgroups/oom/text.ts";
import { Factory } from "../container/factory.ts";
import type { Invocation } from "./invocation.ts";
import { print } from "./output.ts";
import { visible } from "./visible.ts";

/**
 * Prints a line for each process that was killed, until the container has ended.
 *
 * @throws {StateError} when there is no such container, or it does not run
 */
export async function run(invocation: Invocation): Promise<number> {
  const factory = await Factory.open(await invocation.root());
  const container = await factory.load(invocation.parsed.args[0] ?? "");
  await using events = await container.oomEvents();
  for await (const report of events) {
    print(`${visible(`out of memory: ${oomText(report)}`)}\n`);
  }
  return 0;
}
