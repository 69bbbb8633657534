/**
 * The files of one mounted cgroup hierarchy.
 *
 * Managers work on the interface, so that tests can record what they do; {@linkcode openHierarchy} gives the real one.
 *
 * @module
 */
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  S_IFDIR,
  S_IFMT,
} from "../../ffi/abi/fcntl.ts";
import {
  CGROUP2_SUPER_MAGIC,
  CGROUP_SUPER_MAGIC,
} from "../../ffi/abi/mount.ts";
import type { Fd } from "../../ffi/fd.ts";
import {
  fileSystemOf,
  listDirectory,
  openIn,
  statFd,
  statIn,
} from "../../ffi/fs.ts";
import { changeOwner, makeDirectory, remove } from "../../ffi/fs_change.ts";
import { ARCH, check, syscall } from "../../ffi/syscall.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { CgroupError } from "../errors.ts";

/** A file that is open for writing. */
export interface CgroupWriter extends Disposable {
  /** Writes a text in one write(2). These files don't care for the position. */
  write(value: string): void;
}

/** Files and directories of one hierarchy. Paths are relative to its mount point; failures are {@linkcode SyscallError}s. */
export interface CgroupFiles {
  /** Where the hierarchy is mounted. */
  readonly mountPoint: string;
  /** A file's text. */
  read(file: string): string;
  /** Writes a text in one write(2). */
  write(file: string, value: string): void;
  /** Opens a file for several such writes. */
  openWriter(file: string): CgroupWriter;
  /** Makes a directory; false if it is there already. */
  makeDirectory(directory: string): boolean;
  /** Removes a directory that has neither processes nor directories in it. */
  removeDirectory(directory: string): void;
  /** Names of the directories in a directory. */
  directories(directory: string): string[];
  /** Tells whether a directory or a file is there, and can be reached. */
  exists(path: string): boolean;
  /** Opens a directory, for clone3(2) and bpf(2). */
  open(directory: string): Fd;
  /** Makes `uid` the owner of a file or directory; its group stays. */
  changeOwner(path: string, uid: number): void;
  /** Gives back the descriptor of the mount point. The next use opens it again. */
  close(): void;
}

/**
 * Nothing in a cgroup hierarchy is a link or a mount, so a path that meets one is not what it seems; and no name leads
 * above the mount point.
 */
const RESOLVE = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
  RESOLVE_NO_XDEV;
const DIRECTORY_MODE = 0o755;
/** A page: what the kernel makes for one read of these files. */
const CHUNK = 4096;
/**
 * A read gives whole records as far as they fit, and none of these files has records of half a page; so a read of
 * less than this is the last, and the one that would give 0 is saved.
 */
const END_SIZE = CHUNK / 2;
const decoder = new TextDecoder();
/** What is read lies here until the call returns. */
const readBuffer = new Uint8Array(CHUNK);
/** access(2): is it there? */
const F_OK = 0;

class MountedHierarchy implements CgroupFiles {
  readonly mountPoint: string;
  #base: Fd | undefined;

  constructor(mountPoint: string) {
    this.mountPoint = mountPoint;
  }

  get #directory(): Fd {
    return this.#base ??= openMountPoint(this.mountPoint);
  }

  #open(path: string, flags: number): Fd {
    return openIn(this.#directory, path === "" ? "." : path, flags, RESOLVE);
  }

  read(file: string): string {
    using fd = this.#open(file, O_RDONLY);
    const chunk = readBuffer;
    let text = "";
    for (;;) {
      const size = check("read", `from ${fd.path}`, fd.number, chunk, CHUNK);
      // They are ASCII, so no character is cut in two.
      text += decoder.decode(chunk.subarray(0, size));
      if (size <= END_SIZE) return text;
    }
  }

  write(file: string, value: string): void {
    using writer = this.openWriter(file);
    writer.write(value);
  }

  openWriter(file: string): CgroupWriter {
    const fd = this.#open(file, O_WRONLY);
    return {
      write(value: string): void {
        // ASCII: as many bytes as characters.
        check("write", `to ${fd.path}`, fd.number, value, value.length);
      },
      [Symbol.dispose](): void {
        fd.close();
      },
    };
  }

  makeDirectory(directory: string): boolean {
    return makeDirectory(this.#directory, directory, DIRECTORY_MODE);
  }

  removeDirectory(directory: string): void {
    remove(this.#directory, directory, { directory: true });
  }

  directories(directory: string): string[] {
    using fd = this.#open(directory, O_PATH | O_DIRECTORY[ARCH]);
    // Each directory within adds one link to its parent; mostly there are none, and the files need no look.
    if (statFd(fd).nlink === 2) return [];
    return listDirectory(fd).filter((name) =>
      (statIn(fd, name).mode & S_IFMT) === S_IFDIR
    );
  }

  exists(path: string): boolean {
    const fd = this.#directory.number;
    return syscall("faccessat", fd, path, F_OK) >= 0;
  }

  open(directory: string): Fd {
    return this.#open(directory, O_RDONLY | O_DIRECTORY[ARCH]);
  }

  changeOwner(path: string, uid: number): void {
    using fd = this.#open(path, O_PATH);
    changeOwner(fd, uid, -1);
  }

  close(): void {
    this.#base?.close();
    this.#base = undefined;
  }
}

const MAGIC = [CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC];

/** A record may be old, or a lie: what is written to and removed must be cgroups. */
function openMountPoint(path: string): Fd {
  const flags = O_PATH | O_DIRECTORY[ARCH] | O_NOFOLLOW[ARCH];
  const fd = openIn(AT_FDCWD, path, flags);
  if (MAGIC.includes(fileSystemOf(fd))) return fd;
  fd.close();
  throw new CgroupError(
    path,
    `Cannot use ${path}: it is no cgroup file system`,
  );
}

/** The hierarchy mounted at `mountPoint`. Nothing is opened until the first use. */
export function openHierarchy(mountPoint: string): CgroupFiles {
  return new MountedHierarchy(mountPoint);
}

/** Tells whether a failure is one of the errors named. */
export function isErrno(
  error: unknown,
  ...names: readonly string[]
): error is SyscallError {
  return error instanceof SyscallError && names.includes(error.errnoName);
}
