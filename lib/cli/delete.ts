/**
 * The command `delete`: deletes what is left of a container.
 *
 * @module
 */
import type { Container } from "../container/container.ts";
import { Factory } from "../container/factory.ts";
import { UntrustedStateError } from "../container/ours.ts";
import { RecordDirectory } from "../container/record.ts";
import { StateError } from "../errors.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Deletes the container.
 *
 * @throws {StateError} when there is no such container (unless forced), it runs and is not to be killed, or it is
 * somebody else's
 */
export async function run(invocation: Invocation): Promise<number> {
  const { parsed, log } = invocation;
  const force = parsed.on("force");
  const root = await invocation.root();
  const directory = new RecordDirectory(root, parsed.args[0] ?? "");
  const factory = await Factory.open(root, {
    log: (level, message) => log.write(level, message),
  });
  let container: Container;
  try {
    container = await factory.load(directory.id);
  } catch (error) {
    if (!force || !(error instanceof StateError)) throw error;
    // Somebody else's: it may be one that runs, and it is not ours to remove.
    if (error instanceof UntrustedStateError) throw error;
    // No container, or a record that nobody can read: what there is, is the directory.
    directory.remove();
    return 0;
  }
  await container.destroy({ force });
  return 0;
}
