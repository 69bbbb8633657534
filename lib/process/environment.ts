/**
 * The environment of the container's process.
 *
 * @module
 */
import { ConfigError } from "../errors.ts";

/**
 * Checks the entries, and keeps the last one of each name, at the place of the first, as runc does.
 *
 * @param pointer JSON pointer of the list
 * @throws {ConfigError}
 */
export function normalizeEnvironment(
  entries: readonly string[],
  pointer = "/process/env",
): string[] {
  const byName = new Map<string, string>();
  entries.forEach((entry, i) => {
    const equals = entry.indexOf("=");
    const shown = JSON.stringify(entry);
    if (equals < 0) {
      throw new ConfigError(
        `${pointer}/${i}`,
        `invalid environment variable ${shown}: missing '='`,
      );
    }
    if (equals === 0) {
      throw new ConfigError(
        `${pointer}/${i}`,
        `invalid environment variable ${shown}: name cannot be empty`,
      );
    }
    if (entry.includes("\0")) {
      throw new ConfigError(
        `${pointer}/${i}`,
        `invalid environment variable ${shown}: contains nul byte (\\x00)`,
      );
    }
    byName.set(entry.slice(0, equals), entry);
  });
  return [...byName.values()];
}

/** The value of a variable; undefined if it is not there. */
export function environmentValue(
  entries: readonly string[],
  name: string,
): string | undefined {
  return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(
    name.length + 1,
  );
}
