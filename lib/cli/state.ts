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
 * Prints the state document. No line end follows it, as with runc.
 *
 * @throws {StateError} when there is no such container
 */
export async function run(invocation: Invocation): Promise<number> {
  const id = invocation.parsed.args[0] ?? "";
  const directory = new RecordDirectory(await invocation.root(), id);
  print(JSON.stringify(stateOf(directory, directory.read()), null, 2));
  return 0;
}
