/**
 * The processes of a cgroup: putting one in, listing and killing them.
 *
 * @module
 */
import { SIGKILL } from "../../ffi/abi/signal.ts";
import { signalPid } from "../../ffi/process.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { writeFailure } from "./_explain.ts";
import { type CgroupFiles, isErrno } from "./files.ts";

const JOIN_RETRIES = 5;
const JOIN_PAUSE_MS = 30;
/** Passes over a cgroup that is killed process by process, so that what was forked meanwhile is caught as well. */
const KILL_PASSES = 100;

/** Waits without letting anything else run: only for the few milliseconds of a retry. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/**
 * Moves a process into a cgroup. The kernel answers EINVAL to a process that is still being made (TASK_NEW), which is
 * waited for.
 *
 * @throws {CgroupError}
 */
export function joinCgroup(
  files: CgroupFiles,
  directory: string,
  pid: number,
): void {
  const write = { file: "cgroup.procs", value: `${pid}` };
  for (let left = JOIN_RETRIES;; left--) {
    try {
      return files.write(`${directory}/${write.file}`, write.value);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      if (error.errnoName !== "EINVAL" || left === 0) {
        throw writeFailure(files, directory, write, error);
      }
    }
    pause(JOIN_PAUSE_MS);
  }
}

/** The ids of the processes in a cgroup itself; one that is gone has none. */
export function ownPids(files: CgroupFiles, directory: string): number[] {
  try {
    return parsePids(files.read(`${directory}/cgroup.procs`));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENODEV")) return [];
    // A threaded cgroup of v2 does not list processes, only threads.
    if (!isErrno(error, "EOPNOTSUPP")) throw error;
    return parsePids(files.read(`${directory}/cgroup.threads`));
  }
}

function parsePids(text: string): number[] {
  // 0 stands for a process of another PID namespace, which can't be named from here.
  return text.split("\n").map(Number).filter((pid) => pid > 0);
}

/** The directories in a directory; none if that is gone. */
export function childrenOf(files: CgroupFiles, directory: string): string[] {
  try {
    return files.directories(directory).map((name) => `${directory}/${name}`);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENODEV")) return [];
    throw error;
  }
}

/** The ids of all processes in a cgroup and those below it. */
export function pidsOf(files: CgroupFiles, directory: string): number[] {
  const pids = ownPids(files, directory);
  for (const child of childrenOf(files, directory)) {
    pids.push(...pidsOf(files, child));
  }
  return pids;
}

/**
 * Kills all processes of a v2 cgroup at once: `cgroup.kill`, Linux 5.14.
 *
 * @returns false if the kernel has no such file
 */
export function killAtOnce(files: CgroupFiles, directory: string): boolean {
  try {
    files.write(`${directory}/cgroup.kill`, "1");
    return true;
  } catch (error) {
    // EOPNOTSUPP: a threaded cgroup can't be killed as a whole.
    if (!isErrno(error, "ENOENT", "ENODEV", "EOPNOTSUPP")) throw error;
    return false;
  }
}

/**
 * Sends SIGKILL to every process, pass by pass, until a pass finds nothing new: a process may fork while the list is
 * gone through. The signalled ones need not have ended.
 */
export function killEach(list: () => number[]): void {
  const signalled = new Set<number>();
  for (let pass = 0; pass < KILL_PASSES; pass++) {
    const fresh = list().filter((pid) => !signalled.has(pid));
    if (fresh.length === 0) return;
    for (const pid of fresh) {
      signalPid(pid, SIGKILL);
      signalled.add(pid);
    }
  }
}
