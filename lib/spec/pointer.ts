/**
 * JSON pointers and short forms of values, for messages.
 *
 * @module
 */

/**
 * Makes a JSON pointer (RFC 6901).
 *
 * @param segments names of members and indexes of elements, from the top
 * @returns the pointer, empty for the whole document
 */
export function jsonPointer(...segments: readonly PropertyKey[]): string {
  return segments.map((segment) =>
    `/${String(segment).replaceAll("~", "~0").replaceAll("/", "~1")}`
  ).join("");
}

/** Longest text that is shown of a value; more would hide the message around it. */
const SHOWN_LENGTH = 60;

/**
 * Quotes a text for a message and cuts it when it is long.
 *
 * @param text the text
 * @returns the text in double quotes, control characters escaped
 */
export function quote(text: string): string {
  if (text.length <= SHOWN_LENGTH) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, SHOWN_LENGTH))}…`;
}

/**
 * Shows a JSON value in a message.
 *
 * @param value the value
 * @returns a short form: numbers and words as they are, strings quoted, composite values by kind
 */
export function show(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) {
    return value.length === 0 ? "an empty array" : "an array";
  }
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
