/**
 * The process of a container: runtime-spec 1.3, config.md#process.
 *
 * @module
 */
import type { Uint64 } from "./types_numbers.ts";

/** The container's process: config.md#process. */
export interface Process {
  /** Whether a pseudo-terminal is attached. Absent: no. */
  terminal?: boolean;
  /** Size of the terminal; without `terminal` it is ignored. */
  consoleSize?: ConsoleSize;
  /** User, group and umask. A document without it means root (the schema fills it in). */
  user: User;
  /** The program and its arguments, looked up like execvp(3) does. Empty when a document has none. */
  args: string[];
  /** Environment, each entry `NAME=value`. */
  env?: string[];
  /** Working directory inside the container, absolute. */
  cwd: string;
  /** The five capability sets. Absent: all sets are empty. */
  capabilities?: Capabilities;
  /** Resource limits, setrlimit(2). */
  rlimits?: Rlimit[];
  /** prctl(2) PR_SET_NO_NEW_PRIVS. */
  noNewPrivileges?: boolean;
  /** Name of the AppArmor profile that the program runs under. */
  apparmorProfile?: string;
  /** /proc/PID/oom_score_adj, -1000 to 1000. Absent: left as the runtime's own. */
  oomScoreAdj?: number;
  /** Scheduling policy, sched_setattr(2). */
  scheduler?: Scheduler;
  /** SELinux label that the program runs under. */
  selinuxLabel?: string;
  /** I/O priority, ioprio_set(2). */
  ioPriority?: IoPriority;
  /** CPUs of a process that joins a running container (`exec`). It does not concern the first process. */
  execCPUAffinity?: ExecCpuAffinity;
}

/** Size of a terminal in characters. */
export interface ConsoleSize {
  /** Rows. */
  height: Uint64;
  /** Columns. */
  width: Uint64;
}

/** Ids of a process, as the container sees them: config.md#user. */
export interface User {
  /** User id. */
  uid: number;
  /** Group id. */
  gid: number;
  /** File mode creation mask, umask(2). Absent: 0022. */
  umask?: number;
  /** Supplementary group ids. */
  additionalGids?: number[];
}

/** Capability sets by name (`CAP_KILL`), capabilities(7). */
export interface Capabilities {
  /** The set that execve(2) limits permitted capabilities to. */
  bounding?: string[];
  /** The capabilities that are in force. */
  effective?: string[];
  /** The capabilities kept across execve(2) of a file with inheritable ones. */
  inheritable?: string[];
  /** The capabilities that may be made effective. */
  permitted?: string[];
  /** The capabilities kept across execve(2) of an ordinary file. */
  ambient?: string[];
}

/** One resource limit, setrlimit(2). */
export interface Rlimit {
  /** Name of the resource, such as `RLIMIT_NOFILE`. */
  type: string;
  /** Value in force; 18446744073709551615 is RLIM_INFINITY. */
  soft: Uint64;
  /** Ceiling of the soft value. */
  hard: Uint64;
}

/** Scheduling policies of sched(7) by name. */
export type SchedulerPolicy =
  | "SCHED_OTHER"
  | "SCHED_FIFO"
  | "SCHED_RR"
  | "SCHED_BATCH"
  | "SCHED_ISO"
  | "SCHED_IDLE"
  | "SCHED_DEADLINE";

/** Flags of sched_setattr(2) by name. */
export type SchedulerFlag =
  | "SCHED_FLAG_RESET_ON_FORK"
  | "SCHED_FLAG_RECLAIM"
  | "SCHED_FLAG_DL_OVERRUN"
  | "SCHED_FLAG_KEEP_POLICY"
  | "SCHED_FLAG_KEEP_PARAMS"
  | "SCHED_FLAG_UTIL_CLAMP_MIN"
  | "SCHED_FLAG_UTIL_CLAMP_MAX";

/** Scheduling of a process: the fields of sched_setattr(2)'s `struct sched_attr`. */
export interface Scheduler {
  /** The policy. */
  policy: SchedulerPolicy;
  /** Nice value, -20 to 19, for SCHED_OTHER and SCHED_BATCH. */
  nice?: number;
  /** Static priority, for SCHED_FIFO and SCHED_RR. */
  priority?: number;
  /** Flags. */
  flags?: SchedulerFlag[];
  /** Nanoseconds of run time in each period, SCHED_DEADLINE only. */
  runtime?: Uint64;
  /** Nanoseconds after which the run time must be over, SCHED_DEADLINE only. */
  deadline?: Uint64;
  /** Nanoseconds of one period, SCHED_DEADLINE only. */
  period?: Uint64;
}

/** I/O scheduling classes of ioprio_set(2) by name. */
export type IoPriorityClass =
  | "IOPRIO_CLASS_RT"
  | "IOPRIO_CLASS_BE"
  | "IOPRIO_CLASS_IDLE";

/** I/O priority of a process, ioprio_set(2). */
export interface IoPriority {
  /** Scheduling class. */
  class: IoPriorityClass;
  /** Level inside the class, 0 (first) to 7. Zero when a document has none. */
  priority: number;
}

/** CPUs of a joining process, in the list format of cpuset(7) (`0-3,7`). */
export interface ExecCpuAffinity {
  /** CPUs while it has not joined the container's cgroup yet. */
  initial?: string;
  /** CPUs afterwards. Absent or empty: what the kernel makes of it. */
  final?: string;
}
