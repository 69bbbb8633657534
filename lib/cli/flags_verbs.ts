/**
 * The flags of commands for containers that run.
 *
 * @module
 */
import { BUNDLE, CREATE_FLAGS, type Flag, MOST_DESCRIPTORS } from "./flags.ts";

/** Flags of `exec`. */
export const EXEC_FLAGS: readonly Flag[] = [
  ...CREATE_FLAGS.filter(({ name }) =>
    ["console-socket", "pidfd-socket", "pid-file", "init"].includes(name)
  ),
  {
    ...BUNDLE,
    usage: "run it in the container of this directory with a container.json",
  },
  {
    name: "preserve-fds",
    value: "count",
    most: MOST_DESCRIPTORS,
    default: "0",
    usage: "pass on this many descriptors from 3 on",
  },
  {
    name: "process",
    short: "p",
    value: "file",
    usage: "read the process, as in config.json, from this JSON file",
  },
  {
    name: "detach",
    short: "d",
    usage: "return when the process runs, instead of when it ends",
  },
  { name: "tty", short: "t", usage: "give it a terminal" },
  {
    name: "user",
    short: "u",
    value: "uid[:gid]",
    usage: "ids of its user and group, in the container",
  },
  {
    name: "additional-gids",
    short: "g",
    value: "gid",
    most: 0xffff_ffff,
    usage: "a further group; may be given several times",
    repeats: true,
  },
  { name: "cwd", value: "dir", usage: "its working directory" },
  {
    name: "env",
    short: "e",
    value: "name=value",
    usage: "add a variable to its environment; may be given several times",
    repeats: true,
  },
  {
    name: "cap",
    short: "c",
    value: "capability",
    usage: "add a capability; may be given several times",
    repeats: true,
  },
  {
    name: "no-new-privs",
    usage: "let no program that it executes gain privileges",
  },
  {
    name: "apparmor",
    value: "profile",
    usage: "its AppArmor profile",
  },
  {
    name: "process-label",
    value: "label",
    usage: "its SELinux label",
  },
  {
    name: "cgroup",
    value: "[controllers:]path",
    usage: "a cgroup below the container's, for some controllers of v1",
    repeats: true,
  },
  {
    name: "ignore-paused",
    usage: "join a paused container; the process waits for resume",
  },
];

/** Flags of `config`. */
export const CONFIG_FLAGS: readonly Flag[] = [
  {
    ...BUNDLE,
    usage: "the directory; without it, the working directory",
  },
];

/** Flags of `ps`. */
export const PS_FLAGS: readonly Flag[] = [
  {
    name: "format",
    short: "f",
    value: "format",
    default: "table",
    usage: "format of the output: table or json",
  },
];

/** Flags of `events`. */
export const EVENTS_FLAGS: readonly Flag[] = [
  {
    name: "interval",
    value: "duration",
    default: "5s",
    usage: "time between statistics, such as 500ms or 1m30s",
  },
  { name: "stats", usage: "print statistics once, and no events" },
];

/** Flags of `update`. */
export const UPDATE_FLAGS: readonly Flag[] = [
  {
    name: "resources",
    short: "r",
    value: "file",
    usage: "read all limits from this JSON file, or - for standard input",
  },
  {
    name: "blkio-weight",
    value: "weight",
    usage: "weight for block devices, 10 to 1000",
  },
  {
    name: "cpu-period",
    value: "us",
    usage: "length of a period for --cpu-quota, in microseconds",
  },
  {
    name: "cpu-quota",
    value: "us",
    usage: "CPU time in each period, in microseconds; -1 for no limit",
  },
  {
    name: "cpu-burst",
    value: "us",
    usage: "CPU time that may be saved up from earlier periods",
  },
  {
    name: "cpu-share",
    value: "shares",
    usage: "share of CPU time beside other containers, 2 to 262144",
  },
  {
    name: "cpu-rt-period",
    value: "us",
    usage: "length of a period of real-time processes (cgroup v1)",
  },
  {
    name: "cpu-rt-runtime",
    value: "us",
    usage: "CPU time of real-time processes in it (cgroup v1)",
  },
  {
    name: "cpu-idle",
    value: "0|1",
    usage: "1: run only when nothing else wants to",
  },
  { name: "cpuset-cpus", value: "list", usage: "CPUs to use, such as 0-3,7" },
  { name: "cpuset-mems", value: "list", usage: "memory nodes to use" },
  { name: "kernel-memory", value: "bytes", usage: "ignored", hidden: true },
  { name: "kernel-memory-tcp", value: "bytes", usage: "ignored", hidden: true },
  {
    name: "memory",
    value: "bytes",
    usage: "limit of memory, such as 64M; -1 for none",
  },
  {
    name: "memory-reservation",
    value: "bytes",
    usage: "memory that is left to the container when it is scarce",
  },
  {
    name: "memory-swap",
    value: "bytes",
    usage: "limit of memory and swap together; -1 for none",
  },
  {
    name: "pids-limit",
    value: "count",
    usage: "how many processes and threads there may be; -1 for no limit",
  },
  {
    name: "l3-cache-schema",
    value: "schema",
    usage: "refused: no container is in a group of Intel RDT",
  },
  {
    name: "mem-bw-schema",
    value: "schema",
    usage: "refused: no container is in a group of Intel RDT",
  },
];
