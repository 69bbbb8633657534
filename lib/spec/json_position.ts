/**
 * Finds where a text stops being JSON (RFC 8259). JSON.parse tells the place only for some mistakes, so this
 * runs after it failed.
 *
 * @module
 */

/** A mistake in a JSON text. */
export interface JsonProblem {
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1. */
  readonly column: number;
  /** What is wrong there. */
  readonly what: string;
}

const SPACE_REGEXP = /[ \t\n\r]*/y;
const NUMBER_REGEXP = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
// Inside a string everything from the space on may stand, but for the quote and the backslash.
const STRING_REGEXP =
  /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const STRING_START_REGEXP =
  /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;
const WORDS = ["true", "false", "null"];
/** JSON.parse itself gives up on such depth with a RangeError; the walk below must not be what overflows. */
const MAX_DEPTH = 2000;

class Mistake {
  constructor(readonly offset: number, readonly what: string) {}
}

class Walker {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value("a value", 0);
    if (this.#at < this.#text.length) this.#fail("the end of the document");
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return false;
    this.#at += found[0].length;
    return true;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #fail(expected: string): never {
    const found = this.#text[this.#at];
    const what = found === undefined
      ? "end of the document"
      : JSON.stringify(found);
    throw new Mistake(this.#at, `expected ${expected}, found ${what}`);
  }

  #value(expected: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new Mistake(this.#at, "nested too deeply");
    this.#match(SPACE_REGEXP);
    if (this.#take("{")) this.#members(depth);
    else if (this.#take("[")) this.#elements(depth);
    else if (this.#text[this.#at] === '"') this.#string(expected);
    else if (!this.#match(NUMBER_REGEXP) && !this.#word()) this.#fail(expected);
    this.#match(SPACE_REGEXP);
  }

  #word(): boolean {
    const word = WORDS.find((word) => this.#text.startsWith(word, this.#at));
    this.#at += word?.length ?? 0;
    return word !== undefined;
  }

  #string(expected: string): void {
    if (this.#text[this.#at] !== '"') this.#fail(expected);
    if (this.#match(STRING_REGEXP)) return;
    this.#match(STRING_START_REGEXP);
    this.#fail("the rest of a string");
  }

  #elements(depth: number): void {
    this.#match(SPACE_REGEXP);
    if (this.#take("]")) return;
    this.#value('a value or "]"', depth + 1);
    while (this.#take(",")) this.#value("a value", depth + 1);
    if (!this.#take("]")) this.#fail('"," or "]"');
  }

  #members(depth: number): void {
    this.#match(SPACE_REGEXP);
    if (this.#take("}")) return;
    this.#member('a name in double quotes or "}"', depth);
    while (this.#take(",")) {
      this.#match(SPACE_REGEXP);
      this.#member("a name in double quotes", depth);
    }
    if (!this.#take("}")) this.#fail('"," or "}"');
  }

  #member(expected: string, depth: number): void {
    this.#string(expected);
    this.#match(SPACE_REGEXP);
    if (!this.#take(":")) this.#fail('":"');
    this.#value("a value", depth + 1);
  }
}

/**
 * Finds the first mistake of a JSON text.
 *
 * @param text the text
 * @returns the place, or undefined when the text is JSON
 */
export function jsonErrorPosition(text: string): JsonProblem | undefined {
  try {
    new Walker(text).document();
    return undefined;
  } catch (mistake) {
    if (!(mistake instanceof Mistake)) throw mistake;
    const before = text.slice(0, mistake.offset).split("\n");
    return {
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
      what: mistake.what,
    };
  }
}
