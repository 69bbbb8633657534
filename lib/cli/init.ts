/**
 * The command `init`, by which the first process of a container is called.
 *
 * @module
 */
import type { Invocation } from "./invocation.ts";
import { EXIT_INIT_FAILURE, ExitError } from "./errors.ts";

/**
 * Refuses: what runs under this name is an image of its own, which the runtime executes.
 *
 * @throws {ExitError} always
 */
export function run(_invocation: Invocation): number {
  throw new ExitError(
    "init can't be called by hand: it is what the first process of a container executes",
    EXIT_INIT_FAILURE,
  );
}
