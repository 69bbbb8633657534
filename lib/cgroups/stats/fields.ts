/**
 * The forms that numbers have in the files of cgroups (cgroup-v2.rst, "Format").
 *
 * @module
 */
import type { Uint64 } from "../../spec/types_numbers.ts";
import type { ReadFile } from "../write.ts";

/** A file of one number; 0 if it is not there, or holds none. */
export function count(read: ReadFile, file: string): number {
  return numberIn(read(file) ?? "") ?? 0;
}

/** Codes of characters. */
const [NEWLINE, ZERO, NINE] = [10, 48, 57];
/** So many digits are exact in a `number`, whatever they are. */
const EXACT_DIGITS = 15;

/** The number that a text is; undefined if it is none, such as `max`. */
export function numberIn(text: string): number | undefined {
  const end = text.charCodeAt(text.length - 1) === NEWLINE
    ? text.length - 1
    : text.length;
  const digits = digitsBetween(text, 0, end);
  if (digits !== undefined) return digits;
  const trimmed = text.trim();
  return /^-?\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** A whole number of few digits, and nothing else: nearly all there is. Counters are read too often for a pattern. */
function digitsBetween(
  text: string,
  start: number,
  end: number,
): number | undefined {
  if (start >= end || end - start > EXACT_DIGITS) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) return undefined;
    value = value * 10 + code - ZERO;
  }
  return value;
}

/**
 * Lines of a name and a number; others are passed over. Numbers are rounded: {@linkcode keyedExact} does not.
 */
export function keyed(text: string): Record<string, number> {
  return table(text, (value) => Number(value));
}

/** As {@linkcode keyed}, but those too great for a `number` are bigints. */
export function keyedExact(text: string): Record<string, Uint64> {
  return table<Uint64>(text, (value) => {
    const number = Number(value);
    return Number.isSafeInteger(number) || !/^\d+$/.test(value)
      ? number
      : BigInt(value);
  });
}

/** @param other what to make of a value that is no short number; NaN: the line is passed over */
function table<T>(
  text: string,
  other: (value: string) => T | number,
): Record<string, T | number> {
  const found: Record<string, T | number> = {};
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const next = end < 0 ? text.length : end;
    const space = text.indexOf(" ", at);
    if (space > at && space < next) {
      const value = digitsBetween(text, space + 1, next) ??
        other(text.slice(space + 1, next));
      if (!Number.isNaN(value)) found[text.slice(at, space)] = value;
    }
    at = next + 1;
  }
  return found;
}

/** Numbers with spaces between them. */
export function numbers(text: string): number[] {
  return text.split(" ").filter((word) => word.trim() !== "").map(Number);
}

/** One line of pairs `name=value` behind a first word, which is given by itself. */
export function pairs(
  line: string,
): { readonly first: string; readonly values: Record<string, string> } {
  const [first = "", ...words] = line.split(" ");
  const values: Record<string, string> = {};
  for (const word of words) {
    const [name = "", value = ""] = word.split("=");
    if (name !== "") values[name] = value;
  }
  return { first, values };
}
