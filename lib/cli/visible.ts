/**
 * Texts that come from configurations, images and other programs, made safe to look at: what a terminal would obey, or
 * what makes one line two, is shown as an escape.
 *
 * @module
 */

/** What Go's strconv.IsPrint does not call printable: control and format characters, and all space but one. */
const INVISIBLE_REGEXP = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

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
  return text.replaceAll(INVISIBLE_REGEXP, goEscape);
}

/** Quotes a text like Go's `%q`. */
export function quoted(text: string): string {
  return `"${visible(text.replaceAll(/["\\]/g, "\\$&"))}"`;
}

/** The same for a JSON document on one line: its escapes mean what they stand for. */
export function visibleJson(json: string): string {
  return json.replaceAll(
    INVISIBLE_REGEXP,
    (character) =>
      character.split("").map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
        .join(""),
  );
}
