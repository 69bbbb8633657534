/**
 * The user's home directory, from the container's own passwd(5).
 *
 * @module
 */
import {
  O_CLOEXEC,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDONLY,
  RESOLVE_IN_ROOT,
  S_IFMT,
  S_IFREG,
} from "../../ffi/abi/fcntl.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn, readAll, statFd } from "../../ffi/fs.ts";

const LARGEST_FILE = 1 << 20;

/** One line of passwd(5). */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The entries of a passwd file; lines that are none are passed over. */
export function parsePasswd(content: string): PasswdEntry[] {
  return content.split("\n").flatMap((line): PasswdEntry[] => {
    const fields = line.split(":");
    const [name, , uid, gid, , home] = fields;
    if (
      name === undefined || home === undefined || !/^\d+$/.test(uid ?? "") ||
      !/^\d+$/.test(gid ?? "")
    ) return [];
    return [{ name, uid: Number(uid), gid: Number(gid), home }];
  });
}

/**
 * Reads a file of the container, of at most 1 MiB; empty if there is none that can be read. The root file system may be
 * hostile: links stay inside it, only a regular file is read, and a size of 0 is not believed (proc(5), FUSE).
 */
export function readContainerFile(root: Fd, path: string): string {
  try {
    using file = openIn(
      root,
      path,
      O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
      RESOLVE_IN_ROOT,
    );
    if ((statFd(file).mode & S_IFMT) !== S_IFREG) return "";
    const bytes = readAll(file, LARGEST_FILE + 1);
    return bytes.length > LARGEST_FILE ? "" : new TextDecoder().decode(bytes);
  } catch (error) {
    if (error instanceof SyscallError) return "";
    throw error;
  }
}

/** The home directory of a user by the container's /etc/passwd; "/" if it has none. */
export function homeOf(root: Fd, uid: number): string {
  const entry = parsePasswd(readContainerFile(root, "etc/passwd")).find((
    candidate,
  ) => candidate.uid === uid);
  return entry === undefined || entry.home === "" || entry.home.includes("\0")
    ? "/"
    : entry.home;
}
