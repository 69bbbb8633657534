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
 * executed and its processes killed by us; so another user's containers are that user's alone, for root as well. Nor may
 * others be able to exchange it.
 *
 * @throws {UntrustedStateError} for another owner, for one that others may write to, for a link;
 * {Deno.errors.NotFound}
 */
export function requireOurDirectory(id: string, path: string): void {
  requireSafeParent(id, path.slice(0, path.lastIndexOf("/")) || "/");
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

const STICKY = 0o1000;
const OTHER_WRITES = 0o002;

/** Who owns it, or may rename what is in it, could exchange the directory between two looks. */
function requireSafeParent(id: string, path: string): void {
  const info = Deno.statSync(path);
  const mode = info.mode ?? 0;
  const isOpen = (mode & OTHER_WRITES) !== 0 && (mode & STICKY) === 0;
  const reason = isForeign(info)
    ? foreign(info)
    : isOpen
    ? "anybody may exchange what is in it"
    : undefined;
  if (reason === undefined) return;
  throw new UntrustedStateError(id, `cannot use ${path}: ${reason}`);
}

function isForeign({ uid }: Deno.FileInfo): boolean {
  return uid !== 0 && uid !== Deno.uid();
}

function foreign({ uid }: Deno.FileInfo): string {
  return `it belongs to user ${uid}, and only that user may work with it`;
}

function notA(what: string, { isSymlink }: Deno.FileInfo): string {
  return isSymlink ? "it is a symbolic link" : `it is no ${what}`;
}

function problemOf(info: Deno.FileInfo): string | undefined {
  if (isForeign(info)) return foreign(info);
  return ((info.mode ?? 0) & OTHERS_WRITE) === 0
    ? undefined
    : "others than its owner may write to it";
}
