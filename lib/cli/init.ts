/**
 * The command `init`: what a re-executed first process of a container does.
 *
 * @module
 */
import { init, isInit } from "../../init/reexec/main.ts";
import { EXIT_INIT_FAILURE, ExitError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Sets the container up, and becomes its program.
 *
 * @throws {ExitError} when it was not the runtime that called
 */
export function run(_invocation: Invocation): never {
  if (isInit()) init();
  throw new ExitError(
    "init can't be called by hand: it is what the first process of a container executes",
    EXIT_INIT_FAILURE,
  );
}
