/**
 * Collects what is wrong with a configuration, so that one pass tells all of it.
 *
 * @module
 */
import { ConfigError } from "../errors.ts";

/** One thing that is wrong. */
export interface Problem {
  /** JSON pointer of the field. */
  readonly pointer: string;
  /** What is wrong and what would be right, without a full stop. */
  readonly detail: string;
}

/** Errors and warnings found so far. */
export class Problems {
  readonly #refused: Problem[] = [];
  readonly #warnings: string[] = [];

  /** The errors, in the order they were found. */
  get refused(): readonly Problem[] {
    return this.#refused;
  }

  /** The warnings, each with its pointer. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Records an error. */
  refuse(pointer: string, detail: string): void {
    this.#refused.push({ pointer, detail });
  }

  /** Records a warning. */
  warn(pointer: string, detail: string): void {
    this.#warnings.push(`${pointer}: ${detail}`);
  }

  /**
   * Throws the first error; its message counts the other fields that have errors, and names them.
   *
   * @throws {ConfigError} when there is an error
   */
  throwFirst(): void {
    const [first, ...others] = this.#refused;
    if (first === undefined) return;
    const places = new Set(others.map(({ pointer }) => pointer));
    places.delete(first.pointer);
    throw new ConfigError(first.pointer, `${first.detail}${summary(places)}`);
  }
}

/** How many places the summary names. */
const NAMED = 3;

function summary(others: ReadonlySet<string>): string {
  if (others.size === 0) return "";
  const places = [...others].slice(0, NAMED).map((pointer) =>
    pointer || "config"
  ).join(", ");
  const more = others.size > NAMED ? ", …" : "";
  const noun = others.size === 1 ? "problem" : "problems";
  return ` (and ${others.size} more ${noun}: ${places}${more})`;
}
