/**
 * JSON whose integers keep all of their digits.
 *
 * Callers write limits that a double does not hold, such as 9223372036854771712 (memory, "unlimited") and
 * 18446744073709551615 (RLIM_INFINITY). `JSON.parse` alone would change them silently.
 *
 * @module
 */
import { jsonErrorPosition, type JsonProblem } from "./json_position.ts";

/** A text is not JSON. */
export class JsonSyntaxError extends SyntaxError {
  /** Line of the mistake, from 1. */
  readonly line: number;
  /** Column of the mistake, from 1, in UTF-16 code units. */
  readonly column: number;

  /**
   * Describes a mistake.
   *
   * @param problem where it is and what it is
   */
  constructor(problem: JsonProblem) {
    super(`line ${problem.line}, column ${problem.column}: ${problem.what}`);
    this.name = "JsonSyntaxError";
    this.line = problem.line;
    this.column = problem.column;
  }
}

/** Any integer of fewer digits is exact as a double, so the slower way is needed for these texts only. */
const LONG_NUMBER_REGEXP = /\d{16}/;
const INTEGER_REGEXP = /^-?\d{16,40}$/;

/** What JSON.parse hands to a reviver besides key and value (ECMAScript 2026, "JSON.parse source text access"). */
interface ReviverContext {
  readonly source?: string;
}

function keepInteger(
  _key: string,
  value: unknown,
  context?: ReviverContext,
): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return INTEGER_REGEXP.test(source) ? BigInt(source) : value;
}

/**
 * Parses JSON. Integers beyond 2^53 become bigints, all other numbers are numbers.
 *
 * @param text the document
 * @returns the value
 * @throws {JsonSyntaxError} when the text is not JSON; it says where
 */
export function parseJson(text: string): unknown {
  try {
    return LONG_NUMBER_REGEXP.test(text)
      ? JSON.parse(text, keepInteger)
      : JSON.parse(text);
  } catch (cause) {
    const problem = jsonErrorPosition(text);
    if (problem === undefined) throw cause;
    throw new JsonSyntaxError(problem);
  }
}

/** JSON.rawJSON of the same proposal; the types that come with Deno do not know it yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

function writeInteger(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? rawJSON(value.toString()) : value;
}

/**
 * Writes JSON, bigints as plain numbers.
 *
 * @param value what to write
 * @param indent like the third argument of JSON.stringify; absent: one line
 * @returns the document, without a newline at the end
 * @throws {TypeError} when the value has a cycle
 */
export function stringifyJson(
  value: unknown,
  indent?: string | number,
): string {
  return JSON.stringify(value, writeInteger, indent);
}
