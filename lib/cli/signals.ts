/**
 * Signals that this process gets while it stands for a container's process.
 *
 * @module
 */

/** What a signal can be passed on to. */
export interface SignalTarget {
  /** Sends a signal. */
  signal(name: string): unknown;
}

/**
 * The signals that are passed on: all that a process can catch and Deno can listen to, but not SIGCHLD, SIGWINCH and
 * SIGURG (which concern this process itself), and each once, as SIGIOT, SIGPOLL and SIGUNUSED are other names. Deno
 * knows no real-time signals, and refuses SIGFPE, SIGILL and SIGSEGV.
 */
export const FORWARDED_SIGNALS: readonly Deno.Signal[] = [
  "SIGABRT",
  "SIGALRM",
  "SIGBUS",
  "SIGCONT",
  "SIGHUP",
  "SIGINT",
  "SIGIO",
  "SIGPIPE",
  "SIGPROF",
  "SIGPWR",
  "SIGQUIT",
  "SIGSTKFLT",
  "SIGSYS",
  "SIGTERM",
  "SIGTRAP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGUSR1",
  "SIGUSR2",
  "SIGVTALRM",
  "SIGXCPU",
  "SIGXFSZ",
];

/**
 * Passes signals on to a process, until disposed.
 *
 * @param target the process; a signal that can't be sent any more is dropped, as the process has ended
 * @param onInterrupt what to do at SIGINT instead of passing it on
 */
export function forwardSignals(
  target: SignalTarget,
  onInterrupt?: () => void,
): Disposable {
  const listeners = new Map<Deno.Signal, () => void>();
  for (const name of FORWARDED_SIGNALS) {
    listeners.set(name, () => {
      try {
        target.signal(name);
      } catch {
        // The process is gone; its exit status is on the way.
      }
    });
  }
  if (onInterrupt !== undefined) listeners.set("SIGINT", onInterrupt);
  for (const [name, listener] of listeners) {
    Deno.addSignalListener(name, listener);
  }
  return {
    [Symbol.dispose]: (): void => {
      for (const [name, listener] of listeners) {
        Deno.removeSignalListener(name, listener);
      }
    },
  };
}
