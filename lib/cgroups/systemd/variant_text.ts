/**
 * Values in GVariant's text format (GLib: "GVariant Text Format"), as annotations have them.
 *
 * @module
 */
import { RuntimeError } from "../../../ffi/errors.ts";
import type { BusValue, BusVariant } from "../../../ffi/bus_message.ts";

/** Type keywords. */
const KEYWORDS: Readonly<Record<string, string>> = {
  boolean: "b",
  byte: "y",
  int16: "n",
  uint16: "q",
  int32: "i",
  uint32: "u",
  int64: "x",
  uint64: "t",
  double: "d",
  string: "s",
  objectpath: "o",
  signature: "g",
};
const KEYWORD = new RegExp(
  `(?:${Object.keys(KEYWORDS).join("|")})(?=\\s)`,
  "y",
);
const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const INTEGERS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  y: [0n, 0xffn],
  n: [-0x8000n, 0x7fffn],
  q: [0n, 0xffffn],
  i: [-0x8000_0000n, 0x7fff_ffffn],
  u: [0n, 0xffff_ffffn],
  x: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
  t: [0n, 0xffff_ffff_ffff_ffffn],
};

function fail(detail: string): never {
  throw new RuntimeError("config", detail);
}

/** Reads one value from a text. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Takes what a pattern (sticky) finds here, and the white space before it. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    const space = /\s*/y;
    space.lastIndex = this.#at;
    space.exec(this.#text);
    pattern.lastIndex = space.lastIndex;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }

  unexpected(): never {
    const rest = this.#text.slice(this.#at).trim();
    fail(rest === "" ? "it ends too early" : `unexpected ${rest}`);
  }

  /** A value. @param type its type, if it is known */
  value(type?: string): BusVariant {
    const annotated = this.take(/@([a-zA-Z(){}]+)/y)?.[1] ??
      KEYWORDS[this.take(KEYWORD)?.[0] ?? ""];
    if (annotated !== undefined) {
      if (type !== undefined && type !== annotated) {
        fail(`type ${annotated} where ${type} is needed`);
      }
      return this.value(annotated);
    }
    const word = this.take(/true\b|false\b/y)?.[0];
    if (word !== undefined) return typed("b", word === "true", type, "b");
    if (this.take(/\[/y)) return this.#array(type);
    if (this.take(/\(/y)) return this.#tuple(type);
    const bytes = this.take(/b(?=['"])/y) !== undefined;
    const text = this.#string();
    if (text !== undefined) {
      if (!bytes) return typed("s", text, type, "sog");
      const encoded = [...new TextEncoder().encode(`${text}\0`)];
      return typed("ay", encoded, type, "ay");
    }
    return this.#number(type);
  }

  #string(): string | undefined {
    const found = this.take(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/ys);
    return (found?.[1] ?? found?.[2])?.replace(
      /\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/gs,
      (_, code: string) =>
        code.length > 1
          ? String.fromCodePoint(parseInt(code.slice(1), 16))
          : ESCAPES[code] ?? code,
    );
  }

  #number(type: string | undefined): BusVariant {
    const found = this.take(
      /[+-]?(?:0[xX][0-9a-fA-F]+|\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+)/y,
    )?.[0];
    if (found === undefined) this.unexpected();
    const isWhole = /^[+-]?(0[xX]|\d+$)/.test(found);
    const used = type ?? (isWhole ? "i" : "d");
    if (used === "d") return { signature: "d", value: Number(found) };
    const range = INTEGERS[used];
    if (range === undefined || !isWhole) {
      fail(`${found} is no value of type ${used}`);
    }
    const digits = found.replace(/^[+-]/, "");
    // As in C, a leading zero means octal.
    const isOctal = /^0\d/.test(digits);
    if (isOctal && /[89]/.test(digits)) fail(`${found} is no octal number`);
    const size = BigInt(isOctal ? `0o${digits}` : digits);
    const value = found.startsWith("-") ? -size : size;
    if (value < range[0] || value > range[1]) {
      fail(`${found} is out of the range of type ${used}`);
    }
    return {
      signature: used,
      value: "xt".includes(used) ? value : Number(value),
    };
  }

  #array(type: string | undefined): BusVariant {
    if (type !== undefined && type[0] !== "a") {
      fail(`an array where ${type} is needed`);
    }
    let element = type?.slice(1);
    const values: BusValue[] = [];
    while (!this.take(/\]/y)) {
      if (values.length > 0 && !this.take(/,/y)) this.unexpected();
      const next = this.value(element);
      element = next.signature;
      values.push(next.value);
    }
    if (element === undefined) {
      fail("an empty array needs its type, as in @as []");
    }
    return { signature: `a${element}`, value: values };
  }

  #tuple(type: string | undefined): BusVariant {
    const types = type === undefined ? undefined : tupleTypes(type);
    const parts: BusVariant[] = [];
    while (!this.take(/\)/y)) {
      if (parts.length > 0 && !this.take(/,/y)) this.unexpected();
      if (parts.length === 1 && this.take(/\)/y)) break; // (x,) is a tuple of one
      parts.push(this.value(types?.[parts.length]));
    }
    const signature = `(${parts.map((part) => part.signature).join("")})`;
    if (type !== undefined && type !== signature) {
      fail(`a tuple of type ${signature} where ${type} is needed`);
    }
    return { signature, value: parts.map((part) => part.value) };
  }
}

/** Types of a tuple's members, as far as they are simple. */
function tupleTypes(type: string): string[] {
  return type.slice(1, -1).match(/a*(?:\([^()]*\)|[a-z])/g) ?? [];
}

/** A value of the type it has, or of the one that is needed, if that is among `fitting`. */
function typed(
  own: string,
  value: BusValue,
  needed: string | undefined,
  fitting: string,
): BusVariant {
  if (needed === undefined) return { signature: own, value };
  if (needed !== own && (own.length > 1 || !fitting.includes(needed))) {
    fail(`a value of type ${own} where ${needed} is needed`);
  }
  return { signature: needed, value };
}

/**
 * Reads a value: `true`, `'text'`, `uint64 5000000`, `[1, 2]`, `@as []`, `('a', 1)`, `b'bytes'`. Dictionaries and
 * variants within variants are not among what properties of scopes have, and are refused.
 *
 * @throws {RuntimeError} with what is wrong
 */
export function parseVariant(text: string): BusVariant {
  const reader = new Reader(text);
  const value = reader.value();
  if (!reader.take(/$/y)) reader.unexpected();
  return value;
}
