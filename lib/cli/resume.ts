/**
 * The command `resume`: thaws all processes of a container.
 *
 * @module
 */
import { Factory } from "../container/factory.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Thaws them.
 *
 * @throws {StateError} when there is no such container, or it is not paused
 * @throws {CgroupError} when it can't be thawed
 */
export async function run(invocation: Invocation): Promise<number> {
  const factory = await Factory.open(await invocation.root());
  const container = await factory.load(invocation.parsed.args[0] ?? "");
  await container.resume();
  return 0;
}
