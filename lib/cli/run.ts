/**
 * The command `run`: makes a container, starts it and, unless it is to be left alone, waits for its end.
 *
 * @module
 */
import type { Invocation } from "./invocation.ts";
import { attend } from "./attend.ts";
import { failed } from "./errors.ts";
import { discard, launch, type Launched } from "./launch.ts";

/**
 * Runs the container.
 *
 * @returns the exit code of the container's process
 * @throws {ExitError} when it can't be made or started; then nothing is left behind
 */
export async function run(invocation: Invocation): Promise<number> {
  const { parsed, log } = invocation;
  const detach = parsed.on("detach");
  let launched: Launched | undefined;
  let code = 0;
  try {
    launched = await launch(invocation, { detach, isStarted: true });
    const { container, process, relayed } = launched;
    if (detach) await container.exec();
    else code = await attend(process, log, () => container.exec());
    if (relayed !== undefined) await relayed;
  } catch (error) {
    if (launched !== undefined) await discard(launched.container, log);
    throw failed("run", error);
  }
  if (!detach && !parsed.on("keep")) await discard(launched.container, log);
  return code;
}
