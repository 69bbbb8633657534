/**
 * Configurations that nobody can change any more.
 *
 * Containers are often made many times from one configuration. Equal configurations share one frozen copy, so that what
 * only depends on them (checks, the program) can be kept with it, and their JSON text is written once.
 *
 * @module
 */
import { parseJson, stringifyJson } from "./json.ts";
import { isParsed, rememberParsed } from "./parsed.ts";
import type { Spec } from "./types.ts";

/** How many are kept for others to share; more may be in use. */
const KEPT = 64;

/** By their text, the one used last at the end. */
const kept = new Map<string, Spec>();
const texts = new WeakMap<Spec, string>();

/** A frozen copy of a configuration; the same one for equal configurations. */
export function snapshot(spec: Spec): Spec {
  if (texts.has(spec)) return spec;
  const text = stringifyJson(spec);
  const copy = kept.get(text) ?? deepFreeze(parseJson(text) as Spec);
  texts.set(copy, text);
  if (isParsed(spec)) rememberParsed(copy);
  kept.delete(text);
  kept.set(text, copy);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return copy;
}

/** The JSON text of a configuration that {@linkcode snapshot} gave; undefined for any other. */
export function textOf(spec: Spec): string | undefined {
  return texts.get(spec);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
