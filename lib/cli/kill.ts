/**
 * The command `kill`: sends a signal to the first process of a container.
 *
 * @module
 */
import { Factory } from "../container/factory.ts";
import { StateError } from "../errors.ts";
import type { Invocation } from "./invocation.ts";

const DEFAULT_SIGNAL = "SIGTERM";

/**
 * Sends the signal: a number, or a name with or without SIG.
 *
 * @throws {StateError} when there is no such container, or its process has ended
 * @throws {RuntimeError} when there is no such signal
 */
export async function run(invocation: Invocation): Promise<number> {
  const { parsed } = invocation;
  const [id = "", signal] = parsed.args;
  const factory = await Factory.open(await invocation.root());
  const container = await factory.load(id);
  try {
    await container.signal(signal || DEFAULT_SIGNAL);
  } catch (error) {
    const stopped = error instanceof StateError &&
      error.message === "container not running";
    if (!(stopped && parsed.on("all"))) throw error;
  }
  return 0;
}
