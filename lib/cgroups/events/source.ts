/**
 * Where the kernel tells of events of a container's memory.
 *
 * @module
 */
import {
  AT_FDCWD,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from "../../../ffi/abi/fcntl.ts";
import { makeEventFd, takeCount } from "../../../ffi/eventfd.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { openIn, writeAll } from "../../../ffi/fs.ts";
import type { News } from "../../../ffi/poll.ts";
import { rereadKernelFile } from "../../../ffi/read_file.ts";
import { SyscallError } from "../../../ffi/syscall_error.ts";
import { failure } from "../_explain.ts";

/** Something that the kernel tells of. */
export interface Source extends Disposable {
  /** To be waited for. */
  readonly news: News;
  /** To be called when there is news; false if nothing more will come: the cgroup is gone. */
  take(): boolean;
}

/** Opens a file of a cgroup, with a clear error. */
function open(path: string, flags: number): Fd {
  try {
    return openIn(AT_FDCWD, path, flags);
  } catch (error) {
    if (error instanceof SyscallError) throw failure("watch", path, error);
    throw error;
  }
}

/**
 * A file of v2, such as memory.events, that changes. It is waited for by POLLPRI: inotify(7) would tell the same, but a
 * user may have 128 of its instances only.
 *
 * @throws {CgroupError}
 */
export function fileSource(path: string): Source {
  const fd = open(path, O_RDONLY);
  // Read once, so that only what comes later is news.
  const take = (): boolean =>
    !fd.isClosed && rereadKernelFile(fd) !== undefined;
  take();
  return {
    news: { fd, kind: "change" },
    take,
    [Symbol.dispose]: () => fd.close(),
  };
}

/**
 * An event of v1, counted by an eventfd: cgroup-v1/memory.rst, "Memory thresholds", "OOM Control", "Memory Pressure". It
 * also comes when the cgroup is removed.
 *
 * @param file the file that the event is about
 * @param args what follows the two descriptors
 * @throws {CgroupError}
 */
export function counterSource(
  directory: string,
  file: string,
  args = "",
): Source {
  const fd = makeEventFd();
  try {
    const control = `${directory}/cgroup.event_control`;
    using watched = open(`${directory}/${file}`, O_RDONLY);
    using events = open(control, O_WRONLY);
    try {
      writeAll(events, `${fd.number} ${watched.number}${args && ` ${args}`}`);
    } catch (error) {
      if (error instanceof SyscallError) {
        throw failure("write to", control, error);
      }
      throw error;
    }
  } catch (error) {
    fd.close();
    throw error;
  }
  return {
    news: { fd, kind: "input" },
    take: () => !fd.isClosed && takeCount(fd) >= 0,
    [Symbol.dispose]: () => fd.close(),
  };
}

/**
 * A trigger of v2: Documentation/accounting/psi.rst, "Monitoring for pressure thresholds".
 *
 * @param trigger such as `some 100000 2000000`; windows of whole 2 seconds need no privilege
 * @throws {CgroupError}
 */
export function pressureSource(path: string, trigger: string): Source {
  const fd = open(path, O_RDWR | O_NONBLOCK);
  try {
    // The kernel puts a NUL over the last character.
    writeAll(fd, `${trigger}\n`);
  } catch (error) {
    fd.close();
    if (error instanceof SyscallError) {
      throw failure(`set the trigger "${trigger}" in`, path, error);
    }
    throw error;
  }
  return {
    news: { fd, kind: "change" },
    take: () => !fd.isClosed && rereadKernelFile(fd) !== undefined,
    [Symbol.dispose]: () => fd.close(),
  };
}
