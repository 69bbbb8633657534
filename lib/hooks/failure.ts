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

/** How a process ended, as runc's callers know it. */
export function describeStatus(
  { code, signal }: { readonly code: number; readonly signal: number },
): string {
  return signal === 0 ? `exit status ${code}` : `signal: ${signal}`;
}
