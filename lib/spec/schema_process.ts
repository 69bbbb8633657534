/**
 * Schema of the container's process: runtime-spec 1.3, config.md#process.
 *
 * @module
 */
import {
  bool,
  defaulted,
  int32,
  list,
  object,
  oneOf,
  optional,
  patterned,
  type Schema,
  text,
  texts,
  uint32,
  uint64,
} from "./schema_base.ts";
import type {
  Capabilities,
  ConsoleSize,
  ExecCpuAffinity,
  IoPriority,
  Process,
  Rlimit,
  Scheduler,
  User,
} from "./types_process.ts";

const consoleSize: Schema<ConsoleSize> = object<ConsoleSize>(() => ({
  height: uint64,
  width: uint64,
}));

const user: Schema<User> = object<User>(() => ({
  uid: defaulted(uint32, () => 0),
  gid: defaulted(uint32, () => 0),
  umask: optional(uint32),
  additionalGids: optional(list(uint32)),
}));

const capabilities: Schema<Capabilities> = object<Capabilities>(() => ({
  bounding: optional(texts),
  effective: optional(texts),
  inheritable: optional(texts),
  permitted: optional(texts),
  ambient: optional(texts),
}));

const rlimit: Schema<Rlimit> = object<Rlimit>(() => ({
  type: text(),
  soft: uint64,
  hard: uint64,
}));

const scheduler: Schema<Scheduler> = object<Scheduler>(() => ({
  policy: oneOf([
    "SCHED_OTHER",
    "SCHED_FIFO",
    "SCHED_RR",
    "SCHED_BATCH",
    "SCHED_ISO",
    "SCHED_IDLE",
    "SCHED_DEADLINE",
  ]),
  nice: optional(int32),
  priority: optional(int32),
  flags: optional(list(oneOf([
    "SCHED_FLAG_RESET_ON_FORK",
    "SCHED_FLAG_RECLAIM",
    "SCHED_FLAG_DL_OVERRUN",
    "SCHED_FLAG_KEEP_POLICY",
    "SCHED_FLAG_KEEP_PARAMS",
    "SCHED_FLAG_UTIL_CLAMP_MIN",
    "SCHED_FLAG_UTIL_CLAMP_MAX",
  ]))),
  runtime: optional(uint64),
  deadline: optional(uint64),
  period: optional(uint64),
}));

const ioPriority: Schema<IoPriority> = object<IoPriority>(() => ({
  class: oneOf(["IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"]),
  priority: defaulted(int32, () => 0),
}));

const cpuList: Schema<string> = patterned(
  /^[0-9, -]*$/,
  "a list of CPUs such as 0-3,7",
);

const execCPUAffinity: Schema<ExecCpuAffinity> = object<ExecCpuAffinity>(
  () => ({
    initial: optional(cpuList),
    final: optional(cpuList),
  }),
);

/** The `process` block; also the document that `exec --process` reads. */
export const processSchema: Schema<Process> = object<Process>(() => ({
  terminal: optional(bool),
  consoleSize: optional(consoleSize),
  user: defaulted(user, () => ({ uid: 0, gid: 0 })),
  args: defaulted(texts, () => []),
  env: optional(texts),
  cwd: text({
    missing: "Cwd property must not be empty, expected an absolute path",
  }),
  capabilities: optional(capabilities),
  rlimits: optional(list(rlimit)),
  noNewPrivileges: optional(bool),
  apparmorProfile: optional(text()),
  oomScoreAdj: optional(int32),
  scheduler: optional(scheduler),
  selinuxLabel: optional(text()),
  ioPriority: optional(ioPriority),
  execCPUAffinity: optional(execCPUAffinity),
}));
