/**
 * Finds or makes a mount point inside a root by walking the path, links that lead nowhere included.
 *
 * @module
 */
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  S_IFLNK,
  S_IFMT,
} from "../../ffi/abi/fcntl.ts";
import { ERRNO } from "../../ffi/abi/errno.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn, readLink, statFd, tryOpenIn } from "../../ffi/fs.ts";
import { changeMode, changeOwner, makeDirectory } from "../../ffi/fs_change.ts";
import { ARCH } from "../../ffi/syscall.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";

/** Host ids of who gets what is made. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const WITHIN = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
/** As many links as the kernel follows: MAXSYMLINKS of <linux/namei.h>. */
const LINKS_MAX = 40;
const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;

/**
 * Opens (O_PATH) what `path` names inside `root`; makes what is missing, the targets of dangling links too. Links are
 * read as the container would, so `/` and `..` never lead out.
 *
 * @param kind what is made if the last component is missing
 * @throws {SyscallError} ELOOP for too many links; ENOTDIR where a file is in the way; EROFS …
 */
export function resolveTarget(
  root: Fd,
  path: string,
  kind: "directory" | "file",
  owner?: Owner,
): Fd {
  const left = path.split("/").reverse();
  let done: string[] = [];
  let links = 0;
  while (left.length > 0) {
    const name = left.pop()!;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      done.pop();
      continue;
    }
    using parent = openParent(root, done);
    const link = openEntry(parent, name);
    if (link === undefined) {
      const isLast = left.every((part) => part === "" || part === ".");
      make(parent, name, isLast ? kind : "directory", owner);
    } else if (link !== "") {
      if (++links > LINKS_MAX) {
        throw new SyscallError("openat2", ERRNO.ELOOP, JSON.stringify(path));
      }
      if (link.startsWith("/")) done = [];
      left.push(...link.split("/").reverse());
      continue;
    }
    done.push(name);
  }
  return openIn(root, done.join("/") || ".", O_PATH, WITHIN);
}

function openParent(root: Fd, names: readonly string[]): Fd {
  const flags = O_PATH | O_DIRECTORY[ARCH];
  return openIn(root, names.join("/") || ".", flags, WITHIN);
}

/** The target of a link, an empty text for anything else, undefined if there is nothing. */
function openEntry(parent: Fd, name: string): string | undefined {
  const flags = O_PATH | O_NOFOLLOW[ARCH];
  using entry = tryOpenIn(["ENOENT"], parent, name, flags, WITHIN);
  if (entry === undefined) return undefined;
  return (statFd(entry).mode & S_IFMT) === S_IFLNK ? readLink(entry, "") : "";
}

function make(
  parent: Fd,
  name: string,
  kind: "directory" | "file",
  owner: Owner | undefined,
): void {
  using made = kind === "file"
    ? makeFile(parent, name)
    : makeAndOpen(parent, name);
  if (made === undefined) return;
  // The umask took its part.
  changeMode(made, kind === "file" ? FILE_MODE : DIRECTORY_MODE);
  if (owner !== undefined) changeOwner(made, owner.uid, owner.gid);
}

function makeFile(parent: Fd, name: string): Fd | undefined {
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW[ARCH];
  return tryOpenIn(["EEXIST"], parent, name, flags, WITHIN, FILE_MODE);
}

function makeAndOpen(parent: Fd, name: string): Fd | undefined {
  if (!makeDirectory(parent, name, DIRECTORY_MODE)) return undefined;
  const flags = O_RDONLY | O_DIRECTORY[ARCH] | O_NOFOLLOW[ARCH];
  return openIn(parent, name, flags, WITHIN);
}
