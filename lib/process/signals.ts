/**
 * Signals as the caller had them: signal(7).
 *
 * @module
 */
import { SIG_SETMASK, SIGNALS } from "../../ffi/abi/signal.ts";
import { block, type ProgramBuilder } from "../../init/builder.ts";

/** Size of the kernel's sigset_t, and of the largest `struct sigaction` of our CPUs. */
const SIGSET_SIZE = 8;
const SIGACTION_SIZE = 32;

/**
 * Undoes what the runtime changed: Deno ignores SIGPIPE, and the bootstrap blocks all signals.
 *
 * @param mask the caller's signal mask, in hexadecimal
 */
export function restoreSignals(b: ProgramBuilder, mask: string): void {
  b.section("restore the signals", undefined, () => {
    b.call("rt_sigaction", [
      SIGNALS.SIGPIPE,
      block("sigaction SIG_DFL", SIGACTION_SIZE),
      0,
      SIGSET_SIZE,
    ]);
    const bytes = new Uint8Array(
      new BigUint64Array([BigInt(`0x${mask}`)]).buffer,
    );
    b.call("rt_sigprocmask", [
      SIG_SETMASK,
      block("signal mask", bytes),
      0,
      SIGSET_SIZE,
    ]);
  });
}
