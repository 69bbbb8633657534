/**
 * The command `create`: makes a container whose program waits for `start`.
 *
 * @module
 */
import type { Invocation } from "./invocation.ts";
import { failed } from "./errors.ts";
import { launch } from "./launch.ts";

/**
 * Makes the container.
 *
 * @throws {ExitError} when that fails; then nothing is left behind
 */
export async function run(invocation: Invocation): Promise<number> {
  try {
    await launch(invocation, { detach: true, isStarted: false });
  } catch (error) {
    throw failed("create", error);
  }
  return 0;
}
