/**
 * Failures of hooks.
 *
 * @module
 */
import { RuntimeError } from "../errors.ts";
import type { HookName } from "../spec/types.ts";

/** A hook failed. */
export class HookError extends RuntimeError {
  /** Which kind of hook. */
  readonly hook: HookName;
  /** Its place in the list. */
  readonly index: number;

  /** Made where a hook has failed. */
  constructor(
    hook: HookName,
    index: number,
    detail: string,
    options?: ErrorOptions,
  ) {
    super("hook", `error running ${hook} hook #${index}: ${detail}`, options);
    this.hook = hook;
    this.index = index;
  }
}

/** What is known of a hook that init ran, and that failed. */
export interface HookEnd {
  /** As wait4(2) gives it. */
  readonly waitStatus: number;
  readonly output: string;
  /** Whether we killed it when its time was up. */
  readonly timedOut: boolean;
}

/** The failure of a hook that init ran. */
export function hookFailure(
  hook: HookName,
  index: number,
  { waitStatus, output, timedOut }: HookEnd,
): HookError {
  const ended = timedOut ? "it took too long and was killed" : describeStatus({
    code: waitStatus >> 8 & 0xff,
    signal: waitStatus & 0x7f,
  });
  return new HookError(hook, index, `${ended}, output: ${output}`);
}

/** What signals say of themselves, by number: strsignal(3), in the words of Go's library. */
const SIGNAL_TEXTS: readonly (string | undefined)[] = [
  undefined,
  "hangup",
  "interrupt",
  "quit",
  "illegal instruction",
  "trace/breakpoint trap",
  "aborted",
  "bus error",
  "floating point exception",
  "killed",
  "user defined signal 1",
  "segmentation fault",
  "user defined signal 2",
  "broken pipe",
  "alarm clock",
  "terminated",
  "stack fault",
  "child exited",
  "continued",
  "stopped (signal)",
  "stopped",
  "stopped (tty input)",
  "stopped (tty output)",
  "urgent I/O condition",
  "CPU time limit exceeded",
  "file size limit exceeded",
  "virtual timer expired",
  "profiling timer expired",
  "window changed",
  "I/O possible",
  "power failure",
  "bad system call",
];

/** How a process ended, as runc's callers know it. */
export function describeStatus(
  { code, signal }: { readonly code: number; readonly signal: number },
): string {
  if (signal === 0) return `exit status ${code}`;
  return `signal: ${SIGNAL_TEXTS[signal] ?? `signal ${signal}`}`;
}
