/**
 * Whose a container's files are: what is written in them is done with our rights.
 *
 * @module
 */
import { StateError } from "../errors.ts";

/** A container's directory that somebody else may have made. Nothing is done with it, nor to it. */
export class UntrustedStateError extends StateError {}

const OTHERS_WRITE = 0o022;

/**
 * Makes sure that only we, or root, can have made a container's directory and can write to it. Its hooks would be
 * executed and its processes killed by us; so another user's containers are that user's alone, for root as well.
 *
 * @throws {UntrustedStateError} for another owner, for one that others may write to, for a link;
 * {Deno.errors.NotFound}
 */
export function requireOurDirectory(id: string, path: string): void {
  const info = Deno.lstatSync(path);
  const reason = info.isDirectory ? problemOf(info) : notA("directory", info);
  if (reason === undefined) return;
  throw new UntrustedStateError(id, `cannot use ${path}: ${reason}`);
}

/**
 * As {@linkcode requireOurDirectory}, for a file in such a directory: what is wrong with it may be removed with it.
 *
 * @returns what lstat(2) says of it
 * @throws {StateError}; {Deno.errors.NotFound}
 */
export function requireOurFile(id: string, path: string): Deno.FileInfo {
  const info = Deno.lstatSync(path);
  const reason = info.isFile ? problemOf(info) : notA("regular file", info);
  if (reason === undefined) return info;
  throw new StateError(id, `cannot read ${path}: ${reason}`);
}

function notA(what: string, { isSymlink }: Deno.FileInfo): string {
  return isSymlink ? "it is a symbolic link" : `it is no ${what}`;
}

function problemOf({ uid, mode }: Deno.FileInfo): string | undefined {
  if (uid !== 0 && uid !== Deno.uid()) {
    return `it belongs to user ${uid}, and only that user may work with it`;
  }
  return ((mode ?? 0) & OTHERS_WRITE) === 0
    ? undefined
    : "others than its owner may write to it";
}
