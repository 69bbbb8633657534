/**
 * The environment of the container's process.
 *
 * @module
 */
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
} from "../../ffi/abi/fcntl.ts";
import { at, type ProgramBuilder, text } from "../../init/builder.ts";
import type { Address } from "../../init/program.ts";
import { MESSAGE_SIZE } from "../../init/protocol.ts";
import type { Answer, UpcallOptions } from "../../init/upcall.ts";
import { ConfigError } from "../errors.ts";
import type { Process } from "../spec/types.ts";

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

const HOME_SIZE = 1024;

/** The environment in the program. */
export interface EnvironmentBlock {
  /** The entries known now. */
  readonly entries: readonly string[];
  /** Where all entries are, HOME too if the parent is asked for it. */
  readonly addresses: readonly Address[];
}

/**
 * Puts the environment into the program. Without a HOME, or with an empty one, the parent is asked for the user's home
 * directory by the container's own passwd, which a mount may have brought. This stands behind the entry into the
 * container's root.
 *
 * @param ask adds a question to the parent, which may come with one for the home directory
 */
export function environmentBlock(
  b: ProgramBuilder,
  process: Process,
  ask: (options: UpcallOptions) => Answer,
): EnvironmentBlock {
  const entries = normalizeEnvironment(process.env ?? [])
    .filter((entry) => entry !== "HOME=");
  const addresses: Address[] = entries.map(text);
  if (environmentValue(entries, "HOME") !== undefined) {
    ask({});
    return { entries, addresses };
  }
  const root = b.call("openat", [
    AT_FDCWD,
    text("/"),
    O_PATH | O_DIRECTORY[b.arch] | O_CLOEXEC,
    0,
  ]);
  const { uid } = process.user;
  const { buffer } = ask({ value: uid, send: root, dataSize: HOME_SIZE });
  b.call("close", [root]);
  addresses.push(at(buffer, MESSAGE_SIZE));
  return { entries, addresses };
}

/** The parent's answer: `HOME=…` with a NUL behind; "/" instead of a path that is too long. */
export function homeEntry(home: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(`HOME=${home}\0`);
  return bytes.length <= HOME_SIZE
    ? bytes
    : new TextEncoder().encode("HOME=/\0");
}
