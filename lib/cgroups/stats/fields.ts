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

/** The number that a text is; undefined if it is none, such as `max`. */
export function numberIn(text: string): number | undefined {
  const trimmed = text.trim();
  return /^-?\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

/**
 * Lines of a name and a number; others are passed over. Numbers are rounded: {@linkcode keyedExact} does not.
 */
export function keyed(text: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const next = end < 0 ? text.length : end;
    const space = text.indexOf(" ", at);
    if (space > at && space < next) {
      const value = Number(text.slice(space + 1, next));
      if (!Number.isNaN(value)) found[text.slice(at, space)] = value;
    }
    at = next + 1;
  }
  return found;
}

/** As {@linkcode keyed}, but those too great for a `number` are bigints. */
export function keyedExact(text: string): Record<string, Uint64> {
  const found: Record<string, Uint64> = keyed(text);
  // Sixteen digits in a row: seldom there, but for "no limit" on v1.
  for (const [, name, value] of text.matchAll(/^(\S+) (\d{16,})$/gm)) {
    if (!Number.isSafeInteger(found[name!])) found[name!] = BigInt(value!);
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
