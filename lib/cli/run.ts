/**
 * The command `run`: makes a container, starts it and, unless it is to be left alone, waits for its end.
 *
 * @module
 */
import type { Invocation } from "./invocation.ts";
import { failed } from "./errors.ts";
import { discard, launch, type Launched } from "./launch.ts";
import type { Log } from "./log.ts";
import { forwardSignals } from "./signals.ts";

/** Exit codes from here on name the signal that killed the process, as shells do. */
const SIGNALLED = 128;

/** Gives our terminal back as it was, and ends; the container goes on. */
function leave(): void {
  Deno.stdin.setRaw(false);
  Deno.exit(0);
}

/** Has the program executed, and waits for its end. */
async function attend(
  { container, process }: Launched,
  log: Log,
): Promise<number> {
  const ownsTerminal = process.console !== undefined &&
    Deno.stdin.isTerminal();
  await using _signals = forwardSignals(
    process,
    ownsTerminal ? leave : undefined,
  );
  process.console?.attach();
  try {
    await container.exec();
    const { code, signal, oomReport } = await process.wait();
    log.write(
      "debug",
      `process ${process.pid} ended: code ${code}, signal ${signal}`,
    );
    if (oomReport !== undefined) {
      const { oomText } = await import("../cgroups/oom/text.ts");
      log.write("warning", `out of memory: ${oomText(oomReport)}`);
    }
    return signal > 0 ? SIGNALLED + signal : code;
  } catch (error) {
    process.signal("SIGKILL");
    await process.wait(); // which gives our terminal back, too
    throw error;
  }
}

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
    launched = await launch(invocation, { detach });
    if (detach) await launched.container.exec();
    else code = await attend(launched, log);
  } catch (error) {
    if (launched !== undefined) await discard(launched.container, log);
    throw failed("run", error);
  }
  if (!detach && !parsed.on("keep")) await discard(launched.container, log);
  return code;
}
