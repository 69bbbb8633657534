/**
 * The flags of each command: runc's names and short forms, so that callers need no change.
 *
 * @module
 */

/** A flag of a command. */
export interface Flag {
  /** Its long name, without dashes. */
  readonly name: string;
  /** Its short name: one letter. */
  readonly short?: string;
  /** What its value is called in the help; a flag without one is on or off. */
  readonly value?: string;
  /** Its value when it is not given, for the help. */
  readonly default?: string;
  /** One sentence for the help. */
  readonly usage: string;
  /** Whether the help passes over it. */
  readonly hidden?: true;
  /** Whether each time that it is given adds a value. */
  readonly repeats?: true;
  /** Its value is a number from 0 to this; another is a mistake of the command line. */
  readonly most?: number;
}

/** As many as a process can have, whatever its limits: fs.nr_open, proc_sys_fs(5). */
export const MOST_DESCRIPTORS = 2 ** 30;

/** `--help` of every command. */
export const HELP_FLAG: Flag = {
  name: "help",
  short: "h",
  usage: "show help",
};

const INIT: Flag = {
  name: "init",
  value: "interpreter",
  usage: "what runs inside a new container first: " +
    "image, reexec, or auto, the image where it can be executed",
};

/** The flags before the command. `--root` has a default that depends on the user: see root_dir.ts. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  { name: "debug", usage: "write debug lines to the log" },
  {
    name: "log",
    value: "file",
    usage: "append log lines to this file instead of standard error",
  },
  {
    name: "log-format",
    value: "format",
    default: "text",
    usage: "format of log lines: text or json",
  },
  {
    name: "root",
    value: "dir",
    usage: "directory that keeps the state of containers; best on a tmpfs",
  },
  {
    name: "systemd-cgroup",
    usage: "have systemd manage the cgroups of new containers, as scopes: " +
      "cgroupsPath is slice:prefix:name",
  },
  {
    name: "rootless",
    value: "choice",
    default: "auto",
    usage: "pass over cgroup permission errors: true, false or auto",
  },
  { ...INIT, default: "auto" },
  HELP_FLAG,
  { name: "version", short: "v", usage: "print the version" },
];

/** `--bundle` of the commands that read one. */
export const BUNDLE: Flag = {
  name: "bundle",
  short: "b",
  value: "dir",
  usage: "the bundle's directory; without it, the working directory",
};

/** Flags of `create`. */
export const CREATE_FLAGS: readonly Flag[] = [
  BUNDLE,
  {
    name: "console-socket",
    value: "socket",
    usage: "a Unix socket that gets the master of the container's terminal",
  },
  {
    name: "pidfd-socket",
    value: "socket",
    usage: "a Unix socket that gets a pidfd of the container's first process",
  },
  {
    name: "pid-file",
    value: "file",
    usage: "write the process id of the first process to this file",
  },
  {
    name: "no-pivot",
    usage: "enter the root file system without pivot_root, as a ramdisk needs",
  },
  {
    name: "no-new-keyring",
    usage: "let the container have the session keyring of the caller",
  },
  {
    name: "preserve-fds",
    value: "count",
    most: MOST_DESCRIPTORS,
    default: "0",
    usage:
      "pass on this many descriptors from 3 on, beyond those of LISTEN_FDS",
  },
  { ...INIT, usage: "as before the command" },
];

/** Flags of `run`. */
export const RUN_FLAGS: readonly Flag[] = [
  ...CREATE_FLAGS,
  {
    name: "detach",
    short: "d",
    usage: "return when the container runs, instead of when it ends",
  },
  { name: "keep", usage: "do not delete the container when it has ended" },
  {
    name: "no-subreaper",
    usage: "do not adopt orphans of the container (this runtime never does)",
  },
];

/** Flags of `delete`. */
export const DELETE_FLAGS: readonly Flag[] = [
  {
    name: "force",
    short: "f",
    usage: "kill what still runs; a container that does not exist is no error",
  },
];

/** Flags of `kill`. */
export const KILL_FLAGS: readonly Flag[] = [
  {
    name: "all",
    short: "a",
    usage: "obsolete: a container that does not run is no error",
    hidden: true,
  },
];

/** Flags of `list`. */
export const LIST_FLAGS: readonly Flag[] = [
  {
    name: "format",
    short: "f",
    value: "format",
    default: "table",
    usage: "format of the output: table or json",
  },
  { name: "quiet", short: "q", usage: "print ids only" },
];

/** Flags of `spec`. */
export const SPEC_FLAGS: readonly Flag[] = [
  { ...BUNDLE, usage: "where to write it; without it, the working directory" },
  {
    name: "rootless",
    usage: "make it fit for a user without privileges",
  },
];

/** Flags of `plan`. */
export const PLAN_FLAGS: readonly Flag[] = [
  BUNDLE,
  {
    name: "format",
    short: "f",
    value: "format",
    default: "text",
    usage: "format of the output: text or json",
  },
  {
    name: "cgroup",
    usage:
      "print only what would be done to cgroups, which json else leaves out",
  },
  {
    name: "no-pivot",
    usage: "as with create",
  },
  {
    name: "no-new-keyring",
    usage: "as with create",
  },
  {
    name: "preserve-fds",
    value: "count",
    most: MOST_DESCRIPTORS,
    default: "0",
    usage: "as with create",
  },
];
