/** What a process of a container may be given besides the configuration. @module */
import { ConfigError } from "../errors.ts";
import type { Process as ProcessSpec, Spec, User } from "../spec/types.ts";
import type { ConsoleSize } from "./console.ts";
import type { StreamChoice } from "./streams.ts";

/** Says what a caller may want to know: warnings, and what was done. */
export type LogFunction = (
  level: "debug" | "info" | "warning" | "error",
  message: string,
) => void;

/** A process to start; what is left out is as the configuration's `process` has it. */
export interface ProcessOptions {
  /**
   * The whole process, as the specification has it, in place of the configuration's; what it says nothing of (limits,
   * capabilities, labels, scheduling) is as there. The options below go on top.
   */
  readonly process?: ProcessSpec;
  /** The program and its arguments. */
  readonly args?: readonly string[];
  /** Environment variables, `NAME=value`, that replace the configuration's. */
  readonly env?: readonly string[];
  /** More of them, for this process alone: further ones that are started as the configuration says do not have them. */
  readonly addedEnv?: readonly string[];
  /** The working directory, absolute. */
  readonly cwd?: string;
  /** The user: ids, or `uid` or `uid:gid` as text. */
  readonly user?: User | string;
  /** Whether it gets a terminal. Then the streams below are the terminal's: input and output, if they are piped. */
  readonly terminal?: boolean;
  /**
   * The terminal's size from the first moment on, unless it goes to a console socket. Absent: the size of the process's
   * `consoleSize`, or none.
   */
  readonly terminalSize?: ConsoleSize;
  /** Name of the AppArmor profile that it runs under. */
  readonly apparmorProfile?: string;
  /** SELinux label that it runs under. */
  readonly selinuxLabel?: string;
  /** Standard input. @default {"inherit"} */
  readonly stdin?: StreamChoice;
  /** Standard output. @default {"inherit"} */
  readonly stdout?: StreamChoice;
  /** Standard error. @default {"inherit"} */
  readonly stderr?: StreamChoice;
  /** How many of our descriptors from 3 on it inherits. @default {0} */
  readonly preserveFds?: number;
  /** Path of a socket that takes the terminal's master. */
  readonly consoleSocket?: string;
  /** Path of a socket that takes a pidfd of the process. */
  readonly pidfdSocket?: string;
  /** Path of a file to write the process id to. */
  readonly pidFile?: string;
  /** Whether it is to outlive us: its terminal is not ours then. */
  readonly detach?: boolean;
  /**
   * For a further process of a container that runs: a cgroup below the container's that it is put into, by controller;
   * `""` for all of them, and for cgroup v2. It must exist.
   */
  readonly cgroup?: Readonly<Record<string, string>>;
  /** For a further process: whether a paused container is joined, too; the process then waits with the others. */
  readonly ignorePaused?: boolean;
}

/** The configuration with the options put in but for `addedEnv`; the same object if there are none. */
export function withProcess(spec: Spec, options: ProcessOptions): Spec {
  const { args, env, cwd, terminal, user, apparmorProfile, selinuxLabel } =
    options;
  const given = [args, env, cwd, terminal, user, apparmorProfile, selinuxLabel];
  const isSame = options.process === undefined &&
    given.every((option) => option === undefined);
  if (isSame) return spec;
  const base = baseOf(spec.process, options.process);
  const process: ProcessSpec = {
    ...base,
    ...(args === undefined ? {} : { args: [...args] }),
    ...(env === undefined ? {} : { env: [...env] }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(terminal === undefined ? {} : { terminal }),
    ...(user === undefined ? {} : { user: toUser(user, base.user) }),
    ...(apparmorProfile === undefined ? {} : { apparmorProfile }),
    ...(selinuxLabel === undefined ? {} : { selinuxLabel }),
  };
  return { ...spec, process };
}

/** The configuration with what is for one process alone; the same object if there is nothing. */
export function withAddedEnv(spec: Spec, { addedEnv }: ProcessOptions): Spec {
  const { process } = spec;
  if (process === undefined || !addedEnv?.length) return spec;
  const env = [...process.env ?? [], ...addedEnv];
  return { ...spec, process: { ...process, env } };
}

/** What a process document leaves to the configuration's, as runc has it. */
const INHERITED = [
  "apparmorProfile",
  "capabilities",
  "ioPriority",
  "oomScoreAdj",
  "rlimits",
  "scheduler",
  "selinuxLabel",
] as const;

function baseOf(
  configured: ProcessSpec | undefined,
  given: ProcessSpec | undefined,
): ProcessSpec {
  const base = configured ?? { cwd: "/", args: [], user: { uid: 0, gid: 0 } };
  if (given === undefined) return base;
  const inherited = INHERITED.filter((name) =>
    !given[name] && base[name] !== undefined
  ).map((name) => [name, base[name]]);
  return { ...Object.fromEntries(inherited), ...given };
}

function toUser(user: User | string, base: User): User {
  if (typeof user !== "string") return user;
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(user) ?? [];
  if (uid === undefined) {
    throw new ConfigError(
      "/process/user",
      `cannot use "${user}": it must be uid or uid:gid`,
    );
  }
  return {
    ...base,
    uid: Number(uid),
    gid: gid === undefined ? base.gid : Number(gid),
  };
}
