/**
 * Turns JSON documents into typed configurations.
 *
 * @module
 */
import { ConfigError } from "../errors.ts";
import { clean } from "./clean.ts";
import { JsonSyntaxError, parseJson } from "./json.ts";
import { LANDLOCK_ANNOTATION, landlockPointer } from "./landlock.ts";
import { jsonPointer } from "./pointer.ts";
import { rememberParsed } from "./parsed.ts";
import { Problems } from "./problems.ts";
import type { Schema } from "./schema_base.ts";
import { landlockSchema } from "./schema_landlock.ts";
import { processSchema } from "./schema_process.ts";
import { resourcesSchema } from "./schema_resources.ts";
import { specSchema } from "./schema.ts";
import type { Process, Resources, Spec } from "./types.ts";

/** A typed document, and what was left out of it. */
export interface Parsed<T> {
  /** The document. */
  readonly value: T;
  /** JSON pointers of the properties that the specification does not know on Linux; they are ignored. */
  readonly unknown: string[];
}

/** A configuration, and what was left out of it. */
export interface ParseResult {
  /** The configuration. */
  readonly spec: Spec;
  /** JSON pointers of the properties that the specification does not know on Linux; they are ignored. */
  readonly unknown: string[];
}

/**
 * Checks the form of a document. Null members count as absent.
 *
 * @param at where the document is, if it is a part of another one: a JSON pointer
 * @throws {ConfigError} when something does not fit; the message says how many other problems there are
 */
export function parseDocument<T>(
  schema: Schema<T>,
  document: unknown,
  at = "",
): Parsed<T> {
  const { value, unknown } = clean(schema, document);
  // Each schema is used once in a process: generating code for it would not pay.
  const result = schema.safeParse(value, { jitless: true });
  if (result.success) return { value: result.data, unknown };
  const problems = new Problems();
  for (const issue of result.error.issues) {
    problems.refuse(at + jsonPointer(...issue.path), issue.message);
  }
  problems.throwFirst();
  throw result.error;
}

/** A filter without a default action and without rules is none: some callers write `"seccomp": {}`. */
function dropEmptySeccomp(spec: unknown): unknown {
  const linux = member(spec, "linux");
  const seccomp = member(linux, "seccomp");
  if (linux === undefined || seccomp === undefined) return spec;
  const rules = seccomp.syscalls ?? [];
  if (seccomp.defaultAction || !Array.isArray(rules) || rules.length > 0) {
    return spec;
  }
  return { ...spec as object, linux: { ...linux, seccomp: null } };
}

function member(
  value: unknown,
  name: string,
): Record<string, unknown> | undefined {
  if (
    typeof value !== "object" || value === null || !Object.hasOwn(value, name)
  ) return undefined;
  const inner = (value as Record<string, unknown>)[name];
  return typeof inner === "object" && inner !== null && !Array.isArray(inner)
    ? inner as Record<string, unknown>
    : undefined;
}

/**
 * Checks the form of a configuration: names, types and ranges. Null members count as absent.
 *
 * @param document the parsed JSON document, or a configuration built by a program; it is not changed
 * @returns the configuration and the pointers of the properties that are ignored
 * @throws {ConfigError} when something does not fit; the message says how many other problems there are
 */
export function parseSpec(document: unknown): ParseResult {
  const { value, unknown } = parseDocument(
    specSchema,
    dropEmptySeccomp(document),
  );
  return { spec: rememberParsed(withAnnotated(value)), unknown };
}

/** Puts what the annotation for Landlock says where all others look for it. */
function withAnnotated(spec: Spec): Spec {
  const { annotations = {}, linux } = spec;
  if (!Object.hasOwn(annotations, LANDLOCK_ANNOTATION)) return spec;
  const at = landlockPointer(spec);
  const document = parseText(annotations[LANDLOCK_ANNOTATION]!, at);
  const { value: landlock } = parseDocument(landlockSchema, document, at);
  const known = linux?.landlock;
  if (
    known !== undefined && JSON.stringify(known) !== JSON.stringify(landlock)
  ) {
    throw new ConfigError(at, "says something else than /linux/landlock");
  }
  return { ...spec, linux: { ...linux, landlock } };
}

function parseText(text: string, at: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    throw new ConfigError(at, `is not JSON: ${cause.message}`, { cause });
  }
}

/**
 * Checks the form of a `process` document, as `exec --process` reads it.
 *
 * @param document the parsed JSON document
 * @returns the process and the pointers of the properties that are ignored
 * @throws {ConfigError} when something does not fit
 */
export function parseProcess(document: unknown): Parsed<Process> {
  return parseDocument(processSchema, document);
}

/**
 * Checks the form of a `resources` document, as `update --resources` reads it.
 *
 * @param document the parsed JSON document
 * @returns the limits and the pointers of the properties that are ignored
 * @throws {ConfigError} when something does not fit
 */
export function parseResources(document: unknown): Parsed<Resources> {
  return parseDocument(resourcesSchema, document);
}
