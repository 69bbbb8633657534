/**
 * Copies a directory, by descriptors: mount option `tmpcopyup`.
 *
 * The source is the container's and may change meanwhile: names are never followed through links, and what is opened is
 * looked at again. Files of other mounts below it are left out. Hard links become files of their own.
 *
 * @module
 */
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "../../ffi/abi/fcntl.ts";
import type { Fd } from "../../ffi/fd.ts";
import {
  listDirectory,
  openIn,
  readLink,
  type Stat,
  statFd,
  tryOpenIn,
} from "../../ffi/fs.ts";
import {
  changeMode,
  changeOwner,
  getAttribute,
  listAttributes,
  makeDirectory,
  makeLink,
  makeNode,
  setAttribute,
  setTimes,
} from "../../ffi/fs_change.ts";
import { ARCH, check } from "../../ffi/syscall.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";

const WITHIN = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
const CHUNK = 1 << 24;

/**
 * Copies what is in `source` to the empty directory `target`: files, directories, links, device nodes, fifos, with
 * modes, owners, times and extended attributes. Owners that this process may not give stay its own.
 *
 * @throws {SyscallError} such as ENOSPC when the target is full
 */
export function copyUp(source: Fd, target: Fd): void {
  for (const name of listDirectory(source)) {
    using entry = tryOpenIn(
      ["ENOENT", "EXDEV"],
      source,
      name,
      O_PATH | O_NOFOLLOW[ARCH],
      WITHIN,
    );
    if (entry !== undefined) {
      copyEntry(source, target, name, statFd(entry), entry);
    }
  }
}

function copyEntry(
  source: Fd,
  target: Fd,
  name: string,
  stat: Stat,
  entry: Fd,
): void {
  switch (stat.mode & S_IFMT) {
    case S_IFDIR:
      copyDirectory(entry, target, name, stat);
      break;
    case S_IFREG:
      copyFile(source, target, name, stat);
      break;
    case S_IFLNK:
      makeLink(readLink(entry, ""), target, name);
      setOwner(target, name, stat);
      break;
    default:
      makeNode(target, name, stat.mode, stat.rdev);
      setOwner(target, name, stat);
  }
  setTimes(target, name, stat);
}

function copyDirectory(
  entry: Fd,
  target: Fd,
  name: string,
  stat: Stat,
): void {
  makeDirectory(target, name, 0o700);
  const flags = O_RDONLY | O_DIRECTORY[ARCH] | O_NOFOLLOW[ARCH];
  using from = openIn(entry, ".", flags, WITHIN);
  using to = openIn(target, name, flags, WITHIN);
  copyUp(entry, to);
  copyAttributes(from, to, stat);
}

function copyFile(source: Fd, target: Fd, name: string, stat: Stat): void {
  const reading = O_RDONLY | O_NOFOLLOW[ARCH] | O_NONBLOCK;
  using from = openIn(source, name, reading, WITHIN);
  const now = statFd(from);
  if (now.ino !== stat.ino || (now.mode & S_IFMT) !== S_IFREG) return;
  const writing = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW[ARCH];
  using to = openIn(target, name, writing, WITHIN, 0o600);
  while (sendChunk(from, to) > 0);
  copyAttributes(from, to, stat);
}

function sendChunk(from: Fd, to: Fd): number {
  const detail = `from ${from.path}`;
  return check("sendfile", detail, to.number, from.number, null, CHUNK);
}

/** Owner first: changing it takes set-user-ID bits and capabilities away. */
function copyAttributes(from: Fd, to: Fd, stat: Stat): void {
  tolerateRefusal(() => changeOwner(to, stat.uid, stat.gid));
  changeMode(to, stat.mode);
  for (const name of listAttributes(from)) {
    setAttribute(to, name, getAttribute(from, name));
  }
}

function setOwner(directory: Fd, name: string, stat: Stat): void {
  using entry = openIn(directory, name, O_PATH | O_NOFOLLOW[ARCH], WITHIN);
  tolerateRefusal(() => changeOwner(entry, stat.uid, stat.gid));
}

/** An ordinary user can't give files away. */
function tolerateRefusal(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errnoName !== "EPERM") {
      throw error;
    }
  }
}
