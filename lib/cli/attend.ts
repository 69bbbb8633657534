/**
 * Standing for a process of a container until it ends.
 *
 * @module
 */
import type { Process } from "../container/process.ts";
import type { Log } from "./log.ts";
import { forwardSignals } from "./signals.ts";

/** Exit codes from here on name the signal that killed the process, as shells do. */
const SIGNALLED = 128;

/** Gives our terminal back as it was, and ends; the process goes on. */
function leave(): void {
  Deno.stdin.setRaw(false);
  Deno.exit(0);
}

/**
 * Joins a process with our terminal, passes our signals on to it, and waits for its end. If that goes wrong, the process
 * is killed.
 *
 * @param begin lets it execute its program, if it has not yet
 * @returns its exit code, or 128 and the number of the signal that killed it
 */
export async function attend(
  process: Process,
  log: Log,
  begin: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const ownsTerminal = process.console !== undefined &&
    Deno.stdin.isTerminal();
  await using _signals = forwardSignals(
    process,
    ownsTerminal ? leave : undefined,
  );
  process.console?.attach();
  try {
    await begin();
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
