/**
 * What happens to a call, as conditions on its arguments.
 *
 * @module
 */
import type { SeccompOperator } from "../spec/types.ts";

/** A comparison of one argument, of which only the bits of `mask` count. */
export interface Condition {
  readonly index: number;
  readonly op: SeccompOperator;
  readonly mask: bigint;
  readonly value: bigint;
}

/** A return value for when all conditions hold. */
export interface Test {
  readonly conditions: readonly Condition[];
  readonly value: number;
}

/** What happens to one call: the first test that holds, or else `otherwise`. */
export interface Decision {
  readonly tests: readonly Test[];
  readonly otherwise: number;
}
