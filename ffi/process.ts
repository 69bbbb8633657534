/**
 * Processes by descriptor: pidfd_open(2), waitid(2), pidfd_send_signal(2), prlimit(2), sched_setaffinity(2),
 * sigprocmask(2).
 *
 * @module
 */
import { P_PIDFD, WEXITED, WNOHANG } from "./abi/wait.ts";
import { SIG_SETMASK, SIGKILL } from "./abi/signal.ts";
import { SyscallError } from "./syscall_error.ts";
import { Fd } from "./fd.ts";
import { waitReadable } from "./poll.ts";
import { check, syscall } from "./syscall.ts";

/** How a process ended. */
export type ExitStatus = {
  /** The exit code; 0 if a signal killed it. */
  readonly code: number;
  /** Number of the signal that killed it; 0 if none did. */
  readonly signal: number;
};

const SIGINFO_SIZE = 128;
const CLD_EXITED = 1;

/**
 * Opens a descriptor of a process.
 *
 * @throws {SyscallError} ESRCH when there is none
 */
export function openPidfd(pid: number): Fd {
  return new Fd(
    check("pidfd_open", `of process ${pid}`, pid, 0),
    `process ${pid}`,
  );
}

/** Sends a signal (0 only asks). False if the process is gone, or is a zombie that was collected. */
export function signalPidfd(pidfd: Fd, signal: number): boolean {
  const result = syscall("pidfd_send_signal", pidfd.number, signal, null, 0);
  if (result === 0) return true;
  const error = new SyscallError(
    "pidfd_send_signal",
    -result,
    `to ${pidfd.path}`,
  );
  if (error.errnoName === "ESRCH") return false;
  throw error;
}

/** Sends a signal by process id. False if there is no such process. */
export function signalPid(pid: number, signal: number): boolean {
  const result = syscall("kill", pid, signal);
  if (result === 0) return true;
  const error = new SyscallError("kill", -result, `process ${pid}`);
  if (error.errnoName === "ESRCH") return false;
  throw error;
}

/**
 * Copies a descriptor of another process to this one, close-on-exec: pidfd_getfd(2).
 *
 * @param number its number there
 * @param path what it is, for messages
 * @throws {SyscallError} EPERM for a process that we may not trace, EBADF, ESRCH
 */
export function takeDescriptor(pidfd: Fd, number: number, path: string): Fd {
  return new Fd(
    check("pidfd_getfd", `${number} of ${pidfd.path}`, pidfd.number, number, 0),
    path,
  );
}

/** Waits until the process has ended, ours or not. False when the time is up first. */
export async function waitForExit(pidfd: Fd, timeoutMs = -1): Promise<boolean> {
  const [ended] = await waitReadable([pidfd], timeoutMs, { lasting: true });
  return ended === true;
}

/** Collects a child that has ended; undefined if it runs, or is no child of ours. */
export function reap(pidfd: Fd): ExitStatus | undefined {
  const info = new Uint8Array(SIGINFO_SIZE);
  const result = syscall(
    "waitid",
    P_PIDFD,
    pidfd.number,
    info,
    WEXITED | WNOHANG,
    null,
  );
  const view = new DataView(info.buffer);
  if (result < 0 || view.getInt32(0, true) === 0) return undefined; // si_signo stays 0 while it runs
  const status = view.getInt32(24, true);
  return view.getInt32(8, true) === CLD_EXITED
    ? { code: status, signal: 0 }
    : { code: 0, signal: status };
}

/** Waits for a child of ours that is about to end, by its id: wait4(2). */
export function collect(pid: number): void {
  syscall("wait4", pid, null, 0, null);
}

/** Kills a child of ours and collects it. */
export async function killAndReap(pidfd: Fd): Promise<void> {
  signalPidfd(pidfd, SIGKILL);
  await waitForExit(pidfd);
  reap(pidfd);
}

/**
 * Sets a resource limit of another process.
 *
 * @throws {SyscallError} EPERM when a hard limit is raised without CAP_SYS_RESOURCE
 */
export function setLimit(
  pid: number,
  resource: number,
  soft: number | bigint,
  hard: number | bigint,
): void {
  const limit = new BigUint64Array([
    BigInt.asUintN(64, BigInt(soft)),
    BigInt.asUintN(64, BigInt(hard)),
  ]);
  check(
    "prlimit64",
    `of process ${pid}`,
    pid,
    resource,
    new Uint8Array(limit.buffer),
    null,
  );
}

/** CPUs that a mask names: as many as any kernel has (its NR_CPUS); it takes what it needs. */
const MOST_CPUS = 8192;

/**
 * Says on which CPUs a process may run: sched_setaffinity(2). Since Linux 6.2 an affinity that was once asked for
 * outlives the move to another cpuset.
 *
 * @param cpus their numbers; without them, all that its cpuset has, whatever it inherited
 * @throws {SyscallError} EPERM for a process of another user, EINVAL if there is none of the CPUs
 */
export function setAffinity(pid: number, cpus?: readonly number[]): void {
  const mask = new Uint8Array(MOST_CPUS / 8).fill(
    cpus === undefined ? 0xff : 0,
  );
  for (const cpu of cpus ?? []) mask[cpu >> 3]! |= 1 << (cpu & 7);
  check("sched_setaffinity", `of process ${pid}`, pid, mask.length, mask);
}

/** The mask of all signals, for {@linkcode setSignalMask}. */
export const ALL_SIGNALS = 0xffff_ffff_ffff_ffffn;

/** Sets the calling thread's signal mask; gives the old one. */
export function setSignalMask(mask: bigint): bigint {
  const [next, old] = [new BigUint64Array([mask]), new BigUint64Array(1)];
  check(
    "rt_sigprocmask",
    "",
    SIG_SETMASK,
    new Uint8Array(next.buffer),
    new Uint8Array(old.buffer),
    8,
  );
  return old[0]!;
}
