/**
 * The command `pause`: freezes all processes of a container.
 *
 * @module
 */
import { Factory } from "../container/factory.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Freezes them.
 *
 * @throws {StateError} when there is no such container, or it is neither created nor running
 * @throws {CgroupError} when it can't be frozen
 */
export async function run(invocation: Invocation): Promise<number> {
  const factory = await Factory.open(await invocation.root());
  const container = await factory.load(invocation.parsed.args[0] ?? "");
  await container.pause();
  return 0;
}
