/** What the first process of a container may be given besides the configuration. @module */
import { ConfigError } from "../errors.ts";
import type { Process as ProcessSpec, Spec, User } from "../spec/types.ts";
import type { StreamChoice } from "./streams.ts";

/** Says what a caller may want to know: warnings, and what was done. */
export type LogFunction = (
  level: "debug" | "info" | "warning" | "error",
  message: string,
) => void;

/** A process to start; what is left out is as the configuration's `process` has it. */
export interface ProcessOptions {
  /** The program and its arguments. */
  readonly args?: readonly string[];
  /** Environment variables, `NAME=value`, that replace the configuration's. */
  readonly env?: readonly string[];
  /** The working directory, absolute. */
  readonly cwd?: string;
  /** The user: ids, or `uid` or `uid:gid` as text. */
  readonly user?: User | string;
  /** Whether it gets a terminal. */
  readonly terminal?: boolean;
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
}

/** The configuration with the options put in; the same object if there are none. */
export function withProcess(spec: Spec, options: ProcessOptions): Spec {
  const { args, env, cwd, terminal, user, apparmorProfile, selinuxLabel } =
    options;
  if (
    [args, env, cwd, terminal, user, apparmorProfile, selinuxLabel].every((
      option,
    ) => option === undefined)
  ) return spec;
  const base: ProcessSpec = spec.process ??
    { cwd: "/", args: [], user: { uid: 0, gid: 0 } };
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
