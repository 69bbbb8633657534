/**
 * Texts that come from configurations, images and other programs, made safe to look at: what a terminal would obey, or
 * what makes one line two, is shown as an escape.
 *
 * @module
 */

/**
 * What Go's strconv.IsPrint does not call printable: control and format characters, and all space but one. A text, for
 * V8 takes 4 ms to read such an expression, which is seldom needed.
 */
const INVISIBLE = "[^\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]";

/** Texts of which each character can be seen. */
const ASCII_REGEXP = /^[\x20-\x7e]*$/;

const SHORT: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
};

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** An escape as Go's `%q` has it. */
function goEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return SHORT[character] ??
    (code < 0x20 || code === 0x7f
      ? `\\x${hex(code, 2)}`
      : code < 0x10000
      ? `\\u${hex(code, 4)}`
      : `\\U${hex(code, 8)}`);
}

/** Shows what can't be seen in a text, line ends too; all else stays as it is. */
export function visible(text: string): string {
  if (ASCII_REGEXP.test(text)) return text;
  return text.replaceAll(new RegExp(INVISIBLE, "gu"), goEscape);
}

/** Quotes a text like Go's `%q`. */
export function quoted(text: string): string {
  return `"${visible(text.replaceAll(/["\\]/g, "\\$&"))}"`;
}

/** The same for a JSON document on one line: its escapes mean what they stand for. */
export function visibleJson(json: string): string {
  if (ASCII_REGEXP.test(json)) return json;
  return json.replaceAll(
    new RegExp(INVISIBLE, "gu"),
    (character) =>
      character.split("").map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
        .join(""),
  );
}
