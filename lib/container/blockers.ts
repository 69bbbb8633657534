/**
 * Processes that neither end nor come to rest: who they are, and what they wait for.
 *
 * @module
 */
import { readKernelFile } from "../../ffi/read_file.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";

/** At most so many are named. */
const NAMED = 5;

/** Letters of /proc/PID/stat (proc_pid_stat(5)). */
const STATES: Readonly<Record<string, string>> = {
  R: "running",
  S: "sleeping",
  D: "uninterruptible",
  T: "stopped",
  t: "traced",
  Z: "zombie",
  X: "dead",
  I: "idle",
};

const FROZEN = ", frozen";
/** Where a process waits in the kernel, if it is frozen: Linux 6.1 and later, and earlier. */
const FROZEN_REGEXP = /refrigerator|do_freezer_trap|get_signal/;

function read(path: string): string | undefined {
  try {
    return readKernelFile(path)?.trim();
  } catch (error) {
    if (error instanceof SyscallError) return undefined; // not ours to see
    throw error;
  }
}

/** One process: `123 (dd), state D (uninterruptible), in nfs_wait`. Undefined if it is gone. */
export function describeProcess(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  const state = stat.slice(stat.lastIndexOf(")") + 2)[0] ?? "?";
  const wchan = read(`/proc/${pid}/wchan`) ?? "0";
  const place = wchan === "0" || wchan === "" ? "" : `, in ${wchan}`;
  const frozen = FROZEN_REGEXP.test(wchan) ? FROZEN : "";
  return `${pid} (${name}), state ${state} (${
    STATES[state] ?? "unknown"
  })${place}${frozen}`;
}

/** What is known of processes; those that are gone by now are left out. Empty if all are. */
export function describeBlockers(pids: readonly number[]): string {
  const found = pids.map(describeProcess).filter((text) => text !== undefined);
  // Those that are frozen already are not what keeps a cgroup from freezing.
  found.sort((a, b) => Number(isFrozen(a)) - Number(isFrozen(b)));
  const more = found.length > NAMED ? `; and ${found.length - NAMED} more` : "";
  return found.slice(0, NAMED).join("; ") + more;
}

function isFrozen(text: string): boolean {
  return text.endsWith(FROZEN);
}
