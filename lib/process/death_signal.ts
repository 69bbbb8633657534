/**
 * The signal that a process gets when the runtime dies: PR_SET_PDEATHSIG of prctl(2). The specification has no place for
 * it; the first nsinit had, in its container.json.
 *
 * @module
 */
import { PR_SET_PDEATHSIG } from "../../ffi/abi/prctl.ts";
import type { ProgramBuilder } from "../../init/builder.ts";
import { ConfigError } from "../errors.ts";
import type { Spec } from "../spec/types.ts";

/** The annotation that says it: a signal's number. */
export const DEATH_SIGNAL_ANNOTATION = "dev.nsinit.parentDeathSignal";

const POINTER = `/annotations/${DEATH_SIGNAL_ANNOTATION}`;
/** The largest signal: signal(7). */
export const SIGNAL_MAX = 64;

/**
 * The signal's number, if there is to be one.
 *
 * @throws {ConfigError} if the annotation is no signal's number
 */
function deathSignal({ annotations = {} }: Spec): number | undefined {
  if (!Object.hasOwn(annotations, DEATH_SIGNAL_ANNOTATION)) return undefined;
  const text = annotations[DEATH_SIGNAL_ANNOTATION]!;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (number > 0 && number <= SIGNAL_MAX) return number;
  throw new ConfigError(
    POINTER,
    `expected the number of a signal (1 to ${SIGNAL_MAX}), got ${
      JSON.stringify(text)
    }`,
  );
}

/**
 * Adds the step that asks for the signal.
 *
 * Preconditions: ids and capabilities are the process's own by now, for the kernel forgets the signal when they change.
 *
 * @throws {ConfigError} if the annotation is no signal's number
 */
export function askForDeathSignal(b: ProgramBuilder, spec: Spec): void {
  const signal = deathSignal(spec);
  if (signal === undefined) return;
  b.section("ask for a signal at the runtime's end", POINTER, () => {
    b.call("prctl", [PR_SET_PDEATHSIG, signal, 0, 0, 0]);
  });
}

/**
 * Makes sure that a process that is to outlive us does not die with us.
 *
 * @throws {ConfigError} if it would
 */
export function requireNoDeathSignal(spec: Spec): void {
  if (deathSignal(spec) === undefined) return;
  throw new ConfigError(
    POINTER,
    "is for run and exec in the foreground: here the runtime ends at once, and the process would, too",
  );
}
