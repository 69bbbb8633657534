/**
 * Parses command lines by the rules of Go programs, which runc's callers write for: `-flag` and `--flag` are the same,
 * a value follows as `=value` or as the next word whatever that is, a flag without a value takes one only after `=`,
 * and `--` ends the flags.
 *
 * The words are put into the form that the standard library's parser knows; that parser does the rest.
 *
 * @module
 */
import { UsageError } from "./errors.ts";
import { type Flag, HELP_FLAG } from "./flags.ts";

/** What was given on the command line. */
export class Parsed {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #known: ReadonlySet<string>;
  /** The words that are not flags. */
  readonly args: readonly string[];

  /**
   * @param values the flags given
   * @param flags the flags that exist
   * @param args the words that are not flags
   */
  constructor(
    values: Readonly<Record<string, unknown>>,
    flags: readonly Flag[],
    args: readonly string[],
  ) {
    this.#values = values;
    this.#known = new Set(flags.map(({ name }) => name));
    this.args = args;
  }

  #get(name: string): unknown {
    if (!this.#known.has(name)) {
      throw new TypeError(`Cannot read flag "${name}": it is not declared`);
    }
    return this.#values[name];
  }

  /**
   * Whether a flag without a value is on.
   *
   * @throws {TypeError} if the command has no such flag
   */
  on(name: string): boolean {
    return this.#get(name) === true;
  }

  /**
   * The value of a flag; undefined if it was not given.
   *
   * @throws {TypeError} if the command has no such flag
   */
  text(name: string): string | undefined {
    const value = this.#get(name);
    return typeof value === "string" ? value : undefined;
  }

  /**
   * All values of a flag that may be given several times, in order.
   *
   * @throws {TypeError} if the command has no such flag
   */
  all(name: string): readonly string[] {
    const value = this.#get(name);
    return Array.isArray(value) ? value : [];
  }
}

/** Words sorted into flags, in the form `--name` or `--name=value`, and others. */
export interface SortedWords {
  /** The flags; each has its long name. */
  readonly flags: readonly string[];
  /** The values of flags that may be given several times, by long name. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  /** The other words. */
  readonly args: readonly string[];
}

/** How words are sorted. */
export interface SortOptions {
  /**
   * Whether the first word that is not a flag ends the flags.
   *
   * @default {false}
   */
  readonly stopEarly?: boolean;
}

const TRUE_WORDS = ["1", "t", "T", "true", "TRUE", "True"];
const FALSE_WORDS = ["0", "f", "F", "false", "FALSE", "False"];

/**
 * Reads a truth value as Go's `strconv.ParseBool` does.
 *
 * @param word the word
 * @returns the value, or undefined if the word is none
 */
export function parseBoolean(word: string): boolean | undefined {
  if (TRUE_WORDS.includes(word)) return true;
  return FALSE_WORDS.includes(word) ? false : undefined;
}

/** A mistake in a flag, in the words of Go's flag package. */
function flagError(message: string): UsageError {
  return new UsageError(message, `Incorrect Usage: ${message}`);
}

const FLAG_REGEXP = /^--?(?<name>[^=-][^=]*)(?:=(?<value>[^]*))?$/;

/**
 * Sorts the words of a command line.
 *
 * @param words the words
 * @param flags the flags that exist
 * @param options how to sort
 * @throws {UsageError} for a flag that does not exist, lacks its value or has a wrong one
 */
export function sortWords(
  words: readonly string[],
  flags: readonly Flag[],
  options: SortOptions = {},
): SortedWords {
  const found = new Map<string, string>();
  const lists: Record<string, string[]> = {};
  const args: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--") {
      args.push(...words.slice(i + 1));
      break;
    }
    if (word === "-" || !word.startsWith("-")) {
      args.push(...(options.stopEarly ? words.slice(i) : [word]));
      if (options.stopEarly) break;
      continue;
    }
    const groups = FLAG_REGEXP.exec(word)?.groups;
    if (groups === undefined) throw flagError(`bad flag syntax: ${word}`);
    const name = groups.name ?? "";
    const flag = flags.find((flag) =>
      flag.name === name || flag.short === name
    );
    if (flag === undefined) {
      throw flagError(`flag provided but not defined: -${name}`);
    }
    if (flag.value === undefined) {
      found.delete(flag.name);
      if (isOn(name, groups.value)) found.set(flag.name, `--${flag.name}`);
      continue;
    }
    const value = groups.value ?? words[++i];
    if (value === undefined) {
      throw flagError(`flag needs an argument: -${name}`);
    }
    if (flag.most !== undefined) checkCount(name, value, flag.most);
    if (flag.repeats) (lists[flag.name] ??= []).push(value);
    else found.set(flag.name, `--${flag.name}=${value}`);
  }
  return { flags: [...found.values()], lists, args };
}

function isOn(name: string, value: string | undefined): boolean {
  if (value === undefined) return true;
  const on = parseBoolean(value);
  if (on !== undefined) return on;
  throw flagError(
    `invalid boolean value ${JSON.stringify(value)} for -${name}: parse error`,
  );
}

/** Whether `--help` is among the sorted flags. */
export function asksForHelp(words: SortedWords): boolean {
  return words.flags.includes(`--${HELP_FLAG.name}`);
}

/**
 * Gives sorted words their values.
 *
 * @param words the words
 * @param flags the flags that exist
 */
export async function parseWords(
  words: SortedWords,
  flags: readonly Flag[],
): Promise<Parsed> {
  // Most commands of a container's life have an id and no flags: they need not load the parser (1 ms).
  const { lists } = words;
  if (words.flags.length === 0) return new Parsed(lists, flags, words.args);
  const { parseArgs } = await import("../deps/parse_args.ts");
  const values = parseArgs(words.flags, {
    boolean: flags.filter(({ value }) => value === undefined)
      .map(({ name }) => name),
    string: flags.filter(({ value }) => value !== undefined)
      .map(({ name }) => name),
  });
  return new Parsed({ ...values, ...lists }, flags, words.args);
}

function checkCount(name: string, value: string, most: number): void {
  if (/^\+?\d{1,10}$/.test(value) && Number(value) <= most) return;
  throw flagError(
    `invalid value ${JSON.stringify(value)} for flag -${name}: parse error`,
  );
}

/**
 * The value of a flag that is a number.
 *
 * @param parsed what was given
 * @param name the flag
 * @returns the number; 0 if the flag was not given
 */
export function countOf(parsed: Parsed, name: string): number {
  return Number(parsed.text(name) ?? "0");
}
