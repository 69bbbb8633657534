/**
 * Reads config.json from a bundle, or the container.json of a directory of the first nsinit.
 *
 * @module
 */
import { ConfigError } from "../errors.ts";
import { JsonSyntaxError, parseJson } from "./json.ts";
import { type ParseResult, parseSpec } from "./parse.ts";

export type { ParseResult } from "./parse.ts";

/** Name of the configuration inside a bundle: bundle.md. */
export const CONFIG_FILE = "config.json";

/**
 * Reads and parses the configuration of a bundle.
 *
 * @param bundle the bundle's directory
 * @returns the configuration, checked in its form only, and the pointers of the properties that are ignored
 * @throws {ConfigError} when the file is missing, unreadable, not JSON or not a configuration
 */
export function loadSpec(bundle: string): ParseResult {
  const text = readConfig(bundle);
  let document: unknown;
  try {
    document = parseJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    throw new ConfigError(
      "",
      `${configPath(bundle)} is not JSON: ${cause.message}`,
      { cause },
    );
  }
  if (document === null) {
    throw new ConfigError(
      "",
      `config cannot be null, expected an object in ${configPath(bundle)}`,
    );
  }
  return parseSpec(document);
}

/** A configuration that was found in a directory. */
export interface LoadedBundle extends ParseResult {
  /** Whether it asks that the root be moved instead of pivoted: `CreateOptions`. */
  readonly noPivot: boolean;
  /**
   * Whether it is a translated container.json whose directory is the root file system, too: what is beside it may have
   * been written by a container. See docs/directory.md.
   */
  readonly isOwnRoot: boolean;
}

/**
 * Reads the configuration of a directory: its config.json, or, if it has none, its container.json, the configuration of
 * the first nsinit, which is translated.
 *
 * @param bundle the directory
 * @throws {ConfigError} when neither is there, or the one that is can't be read or is wrong
 */
export async function loadBundle(bundle: string): Promise<LoadedBundle> {
  try {
    return { ...loadSpec(bundle), noPivot: false, isOwnRoot: false };
  } catch (error) {
    const cause = error instanceof ConfigError ? error.cause : undefined;
    if (!(cause instanceof Deno.errors.NotFound)) throw error;
    const { loadLegacy } = await import("./legacy/load.ts");
    const found = loadLegacy(bundle);
    if (found === undefined) throw error;
    return { ...found, unknown: [] };
  }
}

function configPath(bundle: string): string {
  return `${bundle.replace(/\/+$/, "")}/${CONFIG_FILE}`;
}

function readConfig(bundle: string): string {
  const path = configPath(bundle);
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new ConfigError("", readFailure(bundle, path, cause), { cause });
  }
}

function readFailure(bundle: string, path: string, cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) {
    return isMissing(bundle)
      ? `bundle ${bundle}: no such file or directory`
      : `JSON specification file ${CONFIG_FILE} not found in ${bundle}`;
  }
  if (cause instanceof Deno.errors.NotADirectory) {
    return `bundle ${bundle}: not a directory`;
  }
  if (cause instanceof Deno.errors.IsADirectory) {
    return `${path}: is a directory`;
  }
  if (cause instanceof Deno.errors.PermissionDenied) {
    return `${path}: permission denied`;
  }
  return `${path}: ${cause instanceof Error ? cause.message : String(cause)}`;
}

function isMissing(path: string): boolean {
  try {
    Deno.statSync(path);
    return false;
  } catch (cause) {
    return cause instanceof Deno.errors.NotFound;
  }
}
