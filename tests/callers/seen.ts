/**
 * What a command showed, without what differs from run to run.
 *
 * @module
 */
import type { Result } from "../command.ts";
import type { Observation } from "../caller.ts";

/** A command's exit code, and what it wrote. */
export interface Seen {
  readonly [key: string]: Observation;
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Takes names, in the order given, and ids out of a text. */
export function plain(
  text: string,
  names: readonly (readonly [string, string])[],
): string {
  let result = text.replaceAll("\r\n", "\n");
  for (const [from, to] of names) result = result.replaceAll(from, to);
  return result
    .replaceAll(/\b[0-9a-f]{64}\b/g, "<id>")
    .replaceAll(/\b[0-9a-f]{12}\b/g, "<short id>")
    .trim();
}

/** What a command showed. */
export function seen(
  { code, stdout, stderr }: Result,
  names: readonly (readonly [string, string])[],
): Seen {
  return { exit: code, out: plain(stdout, names), err: plain(stderr, names) };
}

/** Quotes words for sh. */
export function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}
