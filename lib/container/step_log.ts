/**
 * Debug lines of a re-executed init: what it does, step by step.
 *
 * @module
 */
import { errnoName, errnoText } from "../../ffi/abi/errno.ts";
import { stepIndexOf } from "../../init/failure.ts";
import { formatStep } from "../../init/print.ts";
import { MESSAGE } from "../../init/protocol.ts";
import type { Handlers } from "../../init/session.ts";
import type { ProcessProgram } from "./program.ts";

/** Takes debug lines. */
export type DebugLog = (level: "debug", message: string) => void;

/** The results from which on a number is -errno. */
const LEAST_ERRNO = -4095;

/** Writes a line for each step that init tells of, and for the parts that machine code runs. */
export function stepLog(
  { program, marks }: ProcessProgram,
  log: DebugLog,
): Handlers {
  const machine = (from: number, to: number): void =>
    log("debug", `steps ${from} to ${to}: machine code`);
  const begin = marks.begin.step!.index;
  const tail = marks.tail.step!.index;
  return {
    [MESSAGE.BEGUN]: () => machine(0, begin - 1),
    [MESSAGE.STEP]: ({ value, data }) => {
      const index = stepIndexOf(value);
      const step = program.steps[index];
      const result = new DataView(data!.buffer, data!.byteOffset)
        .getInt32(0, true);
      if (step === undefined) return;
      const said = step.operation === "TEST"
        ? formatTest(result)
        : `= ${formatResult(result)}`;
      log("debug", `step ${index}: ${formatStep(step)} ${said}`);
    },
    [MESSAGE.LEFT]: () => machine(tail, program.steps.length - 1),
  };
}

/** A check that does not hold is mostly no failure, but a jump. */
function formatTest(result: number): string {
  return result === 0 ? "(it is)" : "(it is not)";
}

function formatResult(result: number): string {
  if (result >= 0 || result < LEAST_ERRNO) return `${result}`;
  return `${errnoName(-result)} (${errnoText(-result)})`;
}
