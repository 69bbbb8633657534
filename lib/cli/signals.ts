/**
 * Signals that this process gets while it stands for a container's process.
 *
 * @module
 */
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { SignalPipe } from "../../ffi/signal_pipe.ts";

/** What a signal can be passed on to. */
export interface SignalTarget {
  /** Sends a signal. */
  signal(number: number): unknown;
}

const {
  SIGBUS,
  SIGCHLD,
  SIGCONT,
  SIGFPE,
  SIGHUP,
  SIGILL,
  SIGINT,
  SIGKILL,
  SIGSEGV,
  SIGSTOP,
  SIGTRAP,
  SIGTTIN,
  SIGTTOU,
  SIGURG,
  SIGWINCH,
} = SIGNALS;
/** Those that concern this process itself, those that can't be caught, and those that tell of faults of its own. */
const KEPT: readonly number[] = [
  ...[SIGCHLD, SIGWINCH, SIGURG],
  ...[SIGKILL, SIGSTOP],
  ...[SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP],
];
/** The C library uses the first two real-time signals for its threads. */
const FIRST_REAL_TIME = 34;
const LAST_REAL_TIME = 64;

/** The signals that are passed on, real-time ones too. */
export const FORWARDED_SIGNALS: readonly number[] = Array.from(
  { length: LAST_REAL_TIME },
  (_, i) => i + 1,
).filter((number) =>
  !KEPT.includes(number) &&
  (number < FIRST_REAL_TIME - 2 || number >= FIRST_REAL_TIME)
);

/** What is special where we are at a terminal. */
export interface TerminalSignals {
  /** What to do at SIGINT instead of passing it on. Absent: it is passed on. */
  readonly onInterrupt?: () => void;
  /** What to do at SIGCONT, besides passing it on: a shell had stopped us, and its terminal with us. */
  readonly onContinue?: () => void;
  /** What to do at SIGHUP when it has been passed on: our terminal may be gone. */
  readonly onHangUp?: () => void;
}

/** The kernel's answer to a job in the background that reads or sets its terminal. */
const JOB_CONTROL: readonly number[] = [SIGTTIN, SIGTTOU];

/**
 * Passes signals on to a process, until disposed.
 *
 * @param target the process; a signal that can't be sent any more is dropped, as the process has ended
 * @param terminal given if we are at a terminal. Then SIGTTIN and SIGTTOU are not passed on: they stop us, as they stop
 * every job in the background, until the shell puts us in the foreground. Caught, they would come back without end
 */
export function forwardSignals(
  target: SignalTarget,
  terminal?: TerminalSignals,
): AsyncDisposable {
  // Deno puts its handler for SIGUSR1, which opens the inspector, in place at the first listener, and not again.
  const ignore = (): void => {};
  Deno.addSignalListener("SIGUSR1", ignore);
  const kept = terminal === undefined ? [] : JOB_CONTROL;
  const pipe = new SignalPipe(
    FORWARDED_SIGNALS.filter((number) => !kept.includes(number)),
  );
  const { onInterrupt, onContinue, onHangUp } = terminal ?? {};
  const pass = (number: number): void => {
    if (number === SIGINT && onInterrupt !== undefined) return onInterrupt();
    if (number === SIGCONT) onContinue?.();
    try {
      target.signal(number);
      if (number === SIGHUP) onHangUp?.();
    } catch {
      // The process is gone; its exit status is on the way.
    }
  };
  const passed = passAll(pipe, pass);
  return {
    [Symbol.asyncDispose]: async (): Promise<void> => {
      pipe[Symbol.dispose]();
      Deno.removeSignalListener("SIGUSR1", ignore);
      await passed;
    },
  };
}

async function passAll(
  pipe: SignalPipe,
  pass: (number: number) => void,
): Promise<void> {
  for (
    let number = await pipe.next();
    number !== undefined;
    number = await pipe.next()
  ) pass(number);
}
