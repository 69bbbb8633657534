/**
 * When nobody is in a container's cgroup any more.
 *
 * @module
 */
import { AT_FDCWD, O_RDONLY } from "../../../ffi/abi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { tryOpenIn } from "../../../ffi/fs.ts";
import type { News } from "../../../ffi/poll.ts";
import { openPidfd } from "../../../ffi/process.ts";
import { readKernelFile, rereadKernelFile } from "../../../ffi/read_file.ts";
import { SyscallError } from "../../../ffi/syscall_error.ts";
import type { CgroupRecord } from "../record.ts";

/** How often somebody has to look where the kernel does not tell. */
const LOOK_MS = 250;

/**
 * Waits for the end of a container. v2 tells in cgroup.events when the last process has gone, also beside v1 on a hybrid
 * host. On v1 alone, it is when init has ended and nobody is left in a cgroup.
 */
export class End implements Disposable {
  readonly #events: Fd | undefined;
  #init: Fd | undefined;
  readonly #procs: string | undefined;

  /**
   * @param record the container's cgroup
   * @param initPid its first process
   */
  constructor(record: CgroupRecord, initPid: number) {
    const unified = record.paths[""];
    this.#events = unified === undefined ? undefined : tryOpenIn(
      ["ENOENT", "ENODEV"],
      AT_FDCWD,
      `${unified}/cgroup.events`,
      O_RDONLY,
    );
    const any = record.paths["memory"] ?? Object.values(record.paths)[0];
    this.#procs = any === undefined ? undefined : `${any}/cgroup.procs`;
    if (this.#events === undefined) this.#init = openInit(initPid);
  }

  /** What to wait for before one asks again, and how long at most. */
  get news(): { readonly news: readonly News[]; readonly timeoutMs: number } {
    if (this.#events !== undefined) {
      return { news: [{ fd: this.#events, kind: "change" }], timeoutMs: -1 };
    }
    return this.#init === undefined
      ? { news: [], timeoutMs: LOOK_MS }
      : { news: [{ fd: this.#init, kind: "input" }], timeoutMs: -1 };
  }

  /** Whether it has ended; to be asked when there is news. */
  isOver(initHasEnded: boolean): boolean {
    const events = this.#events;
    if (events !== undefined) {
      if (events.isClosed) return true;
      return !/^populated 1$/m.test(rereadKernelFile(events) ?? "");
    }
    if (initHasEnded) {
      this.#init?.close();
      this.#init = undefined;
    }
    if (this.#init !== undefined) return this.#init.isClosed;
    if (this.#procs === undefined) return true;
    return (readKernelFile(this.#procs) ?? "").trim() === "";
  }

  /** Closes what it waits for. */
  [Symbol.dispose](): void {
    this.#events?.close();
    this.#init?.close();
  }
}

function openInit(pid: number): Fd | undefined {
  try {
    return openPidfd(pid);
  } catch (error) {
    if (error instanceof SyscallError && error.errnoName === "ESRCH") {
      return undefined;
    }
    throw error;
  }
}
