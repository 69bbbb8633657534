/**
 * Failures of a program, told in one sentence.
 *
 * @module
 */
import { errnoName, errnoText } from "../ffi/abi/errno.ts";
import { RuntimeError } from "../ffi/errors.ts";
import { IMAGE_BASE } from "./image.ts";
import { HEADER_SIZE, RECORD_SIZE, stepIndexAt } from "./layout.ts";
import type { Program, Step } from "./program.ts";
import { REEXEC_BASE, reexecBaseOf } from "./reexec/table.ts";

/** What is worth keeping of a step, to tell of its failure later, when the program is gone. */
export interface StepRecord {
  readonly index: number;
  readonly purpose: string;
  readonly operation: string;
  readonly pointer?: string;
  readonly message?: string;
}

/** A step of the set-up failed inside the container. */
export class ProgramError extends RuntimeError {
  /** The step's number, as `nsinit plan` prints it. */
  readonly step: number;
  /** The system call, or TEST for a check of ours. */
  readonly operation: string;
  /** The errno's name. */
  readonly errnoName: string;
  /** JSON pointer of the field that asked for the step. */
  readonly pointer: string | undefined;

  /**
   * Makes the error from what init reported.
   *
   * @param step the step that failed
   * @param errno the positive errno value
   */
  constructor(step: StepRecord, errno: number) {
    super("program", describe(step, errno));
    this.step = step.index;
    this.operation = step.operation;
    this.errnoName = errnoName(errno);
    this.pointer = step.pointer;
  }
}

/** The record of a step. */
export function recordStep(
  { index, purpose, operation, pointer, message }: Step,
): StepRecord {
  return {
    index,
    purpose,
    operation,
    ...(pointer === undefined ? {} : { pointer }),
    ...(message === undefined ? {} : { message }),
  };
}

/** True if a message's first word is a record's address, and not a code. */
export function isFailure(code: number): boolean {
  return code >= IMAGE_BASE;
}

/** Where the program lies whose record's address is `code`. */
function baseOf(code: number): number {
  return code >= REEXEC_BASE ? reexecBaseOf(code) : IMAGE_BASE;
}

/** The index of the step whose record's address is `code`, in whatever program an init ran. */
export function stepIndexOf(code: number): number {
  return (code - baseOf(code) - HEADER_SIZE) / RECORD_SIZE;
}

/** The index of the failed step in an init's program. */
export function failedStep(program: Program, code: number): number | undefined {
  return stepIndexAt(program, baseOf(code), code);
}

function describe(step: StepRecord, errno: number): string {
  const text = errnoText(errno);
  if (step.message !== undefined) return step.message.replace("%e", text);
  const operation = step.operation === "TEST" ? "check" : step.operation;
  const field = step.pointer === undefined ? "" : ` for ${step.pointer}`;
  return `cannot ${step.purpose}: ${operation}: ${text} (${
    errnoName(errno)
  }, step ${step.index}${field})`;
}
