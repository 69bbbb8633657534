/**
 * Signals of a re-executed init.
 *
 * @module
 */
import { SIGKILL, SIGNALS } from "../../ffi/abi/signal.ts";
import { syscall } from "../../ffi/syscall.ts";

const LAST_SIGNAL = 64;
/** Size of the kernel's `struct sigaction`, on any CPU, and of its sigset_t. */
const SIGACTION_SIZE = 32;
const SIGSET_SIZE = 8;
const SIG_IGN = 1n;

/**
 * Takes Deno's signal handlers away; what is ignored stays so. They are for a program with an event loop: SIGUSR1 would
 * have Deno listen for a debugger, in a container that waits for its start.
 */
export function defaultSignals(): void {
  for (let signal = 1; signal <= LAST_SIGNAL; signal++) {
    if (signal === SIGKILL || signal === SIGNALS.SIGSTOP) continue;
    const action = new BigUint64Array(SIGACTION_SIZE / 8);
    const bytes = new Uint8Array(action.buffer);
    syscall("rt_sigaction", signal, null, bytes, SIGSET_SIZE);
    if (action[0]! > SIG_IGN) {
      syscall("rt_sigaction", signal, new Uint8Array(SIGACTION_SIZE), null, 8);
    }
  }
}
