/**
 * The command `state`: prints the state of a container.
 *
 * @module
 */
import { RecordDirectory } from "../container/record.ts";
import { stateOf } from "../container/status.ts";
import type { Invocation } from "./invocation.ts";
import { print } from "./output.ts";

/**
 * Prints the state document. A line end follows, unlike with runc: Deno writes what is behind the last one by itself,
 * and a reader such as `grep -q` may have left by then.
 *
 * @throws {StateError} when there is no such container
 */
export async function run(invocation: Invocation): Promise<number> {
  const id = invocation.parsed.args[0] ?? "";
  const directory = new RecordDirectory(await invocation.root(), id);
  const state = stateOf(directory, directory.read());
  print(`${JSON.stringify(state, null, 2)}\n`);
  return 0;
}
