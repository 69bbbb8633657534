/**
 * Reads the container.json of a directory.
 *
 * @module
 */
import { SyscallError } from "../../../ffi/syscall_error.ts";
import { openHostDirectory } from "../../../ffi/fs.ts";
import { ConfigError } from "../../errors.ts";
import type { AccountFiles } from "../../user/accounts.ts";
import { readContainerFile } from "../../user/home.ts";
import { JsonSyntaxError, parseJson } from "../json.ts";
import { LEGACY_FILE, type LegacyResult, legacySpec } from "./translate.ts";

/** A container.json that was read. */
export interface LegacyDirectory extends LegacyResult {
  /**
   * Whether the directory itself is the root file system: then a container can write beside the file. The file itself
   * is read-only in it.
   */
  readonly isOwnRoot: boolean;
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError("", `${path}: ${reason}`, { cause });
  }
}

function parseText(text: string, path: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    throw new ConfigError("", `${path} is not JSON: ${cause.message}`, {
      cause,
    });
  }
}

/** The root's path, before anything of the document was checked but that it is an object. */
function rootPath(document: unknown, directory: string): string {
  const rootfs = typeof document === "object" && document !== null
    ? (document as Record<string, unknown>)["rootfs"]
    : undefined;
  if (typeof rootfs !== "string" || rootfs === "") return directory;
  return rootfs.startsWith("/") ? rootfs : `${directory}/${rootfs}`;
}

/** The files by which names are found. A root that can't be opened has none: the checks of the root tell why. */
function accountsOf(root: string): AccountFiles {
  try {
    using directory = openHostDirectory(root);
    return {
      passwd: readContainerFile(directory, "etc/passwd"),
      group: readContainerFile(directory, "etc/group"),
    };
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new ConfigError(
      "/rootfs",
      `${root} can't be opened: ${error.message}`,
      { cause: error },
    );
  }
}

/**
 * Whether the directory is the root itself.
 *
 * @throws {ConfigError} where the container could change the file for all that: it is a link, or its directory is
 * somewhere inside the root, where a folder around it may be renamed. The host's whole root holds every file.
 */
function requireSafe(file: string, directory: string, root: string): boolean {
  const [realDirectory, realRoot] = [directory, root].map((path) =>
    Deno.realPathSync(path)
  ) as [string, string];
  if (realDirectory !== realRoot) {
    if (realRoot === "/" || !realDirectory.startsWith(`${realRoot}/`)) {
      return false;
    }
    throw new ConfigError(
      "/rootfs",
      `${realDirectory} is inside of it: the container could change its own ${LEGACY_FILE}`,
    );
  }
  if (!Deno.lstatSync(file).isSymlink) return true;
  throw new ConfigError(
    "/rootfs",
    `${file} is a link in the container's own root: the container could change it`,
  );
}

/**
 * Reads and translates the container.json of a directory.
 *
 * @param directory its path
 * @returns the configuration; undefined if there is no such file
 * @throws {ConfigError} when it can't be read, is not JSON, or {@linkcode legacySpec} refuses it
 */
export function loadLegacy(directory: string): LegacyDirectory | undefined {
  const base = directory.replace(/\/+$/, "");
  const path = `${base}/${LEGACY_FILE}`;
  const text = readText(path);
  if (text === undefined) return undefined;
  const document = parseText(text, path);
  const root = rootPath(document, base);
  const accounts = accountsOf(root);
  const { spec, noPivot } = legacySpec(document, { accounts });
  const isOwnRoot = requireSafe(path, base || "/", root);
  if (!isOwnRoot) return { spec, noPivot, isOwnRoot };
  spec.linux = {
    ...spec.linux,
    readonlyPaths: [...spec.linux?.readonlyPaths ?? [], `/${LEGACY_FILE}`],
  };
  return { spec, noPivot, isOwnRoot };
}
