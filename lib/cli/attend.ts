/**
 * Standing for a process of a container until it ends.
 *
 * @module
 */
import type { Process } from "../container/process.ts";
import type { Log } from "./log.ts";
import { forwardSignals, type TerminalSignals } from "./signals.ts";
import { isAtTerminal } from "./terminal.ts";

/** Exit codes from here on name the signal that killed the process, as shells do. */
const SIGNALLED = 128;

/** Gives our terminal back as it was, and ends; the process goes on. */
function leave(): void {
  Deno.stdin.setRaw(false);
  Deno.exit(0);
}

function terminalSignals(process: Process): TerminalSignals | undefined {
  if (!isAtTerminal()) return undefined;
  const onHangUp = (): void => {
    if (!isAtTerminal() && diesOfHangUp(process.pid)) process.signal("SIGKILL");
  };
  const { console: proxy } = process;
  if (proxy === undefined || !Deno.stdin.isTerminal()) return { onHangUp };
  const onContinue = (): void => {
    try {
      proxy.resume();
    } catch {
      // The terminal is not ours any more.
    }
  };
  return { onInterrupt: leave, onContinue, onHangUp };
}

/**
 * Whether a process leaves SIGHUP at its default, which ends it: proc_pid_status(5). The kernel spares the first process
 * of a PID namespace then, and a container would go on for ever without the terminal that it was started from.
 */
function diesOfHangUp(pid: number): boolean {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const masks = status.matchAll(/^Sig(?:Ign|Cgt):\s*([\da-f]+)$/gm);
  return masks.every(([, mask]) => (BigInt(`0x${mask}`) & 1n) === 0n);
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
  await using _signals = forwardSignals(process, terminalSignals(process));
  try {
    process.console?.attach();
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
