/**
 * One clear line out of a failed system call on a cgroup: what was tried, why it failed, what to do.
 *
 * @module
 */
import { errnoText } from "../../ffi/abi/errno.ts";
import { CgroupError } from "../errors.ts";
import type { SyscallError } from "../../ffi/syscall_error.ts";
import type { CgroupFiles } from "./files.ts";
import type { CgroupWrite } from "./write.ts";

/** What helps against an error, whatever the file. */
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: "run as root, or have the cgroup delegated to this user",
  EPERM: "run as root, or have the cgroup delegated to this user",
  EROFS: "the cgroup file system is mounted read-only; remount it read-write",
  ENODEV: "the cgroup was removed meanwhile",
  ENOSPC:
    "the kernel's or an ancestor's limit of cgroups is reached (cgroup.max.descendants, cgroup.max.depth)",
};

/** What helps, where the file tells more. Tried in order, before {@linkcode REMEDIES}. */
const FILE_REMEDIES: readonly (readonly [RegExp, string, string])[] = [
  [
    /^devices\.allow$/,
    "EPERM",
    "a cgroup can't permit a device that its parent forbids; see the parent's devices.list",
  ],
  [
    /^cpuset\..*|^(cpus|mems)$/,
    "ERANGE",
    "it names CPUs or memory nodes that do not exist",
  ],
  [
    /^cpuset\..*|^(cpus|mems)$/,
    "EACCES",
    "the parent cgroup's cpuset has not all of these",
  ],
  [
    /^cpuset\..*|^(cpus|mems)$/,
    "ENOSPC",
    "it would leave running processes without CPUs or memory nodes",
  ],
  [
    /^cgroup\.procs$/,
    "ENOSPC",
    "the cgroup's cpuset has no CPUs or no memory nodes",
  ],
  [
    /^cgroup\.procs$/,
    "EBUSY",
    "the cgroup hands controllers on to its children and can't hold processes itself",
  ],
  [
    /^cgroup\.procs$/,
    "EOPNOTSUPP",
    "the cgroup is invalid or threaded; see its cgroup.type",
  ],
  [
    /^cgroup\.procs$/,
    "EAGAIN",
    "a limit of tasks of the cgroup or of one above it is reached",
  ],
  [/^cgroup\.procs$/, "ESRCH", "the process has ended"],
  [/^cpu\.rt_/, "EINVAL", "the parent cgroup has less real-time bandwidth"],
  [
    /\.swap\.|memsw/,
    "ENOENT",
    "the kernel does not account for swap; boot it with swapaccount=1",
  ],
  [/^cgroup\./, "ENOENT", "the cgroup is not there"],
  [
    /\./,
    "ENOENT",
    "the controller is not available here; enable it in the cgroup.subtree_control of the cgroups above",
  ],
];

function remedyOf(file: string, errnoName: string): string | undefined {
  const found = FILE_REMEDIES.find(([pattern, name]) =>
    name === errnoName && pattern.test(file)
  );
  return found?.[2] ?? REMEDIES[errnoName];
}

/** `permission denied (EACCES)` and the remedy, if there is one. */
function reason(file: string, error: SyscallError): string {
  const remedy = remedyOf(file, error.errnoName);
  return `${errnoText(error.errno)} (${error.errnoName})${
    remedy === undefined ? "" : `; ${remedy}`
  }`;
}

/** A number of memory.*: for a message, so a failure to read it is part of the answer. */
function usage(files: CgroupFiles, directory: string, file: string): string {
  try {
    return files.read(`${directory}/${file}`).trim();
  } catch {
    return "unknown";
  }
}

/**
 * The error for a write that failed.
 *
 * @param directory the cgroup, relative to the mount point
 */
export function writeFailure(
  files: CgroupFiles,
  directory: string,
  { file, value }: CgroupWrite,
  error: SyscallError,
): CgroupError {
  const path = `${files.mountPoint}/${directory}/${file}`;
  let text = `Cannot write ${JSON.stringify(value)} to ${path}: ${
    reason(file, error)
  }`;
  if (file === "memory.limit_in_bytes" && error.errnoName === "EBUSY") {
    const now = usage(files, directory, "memory.usage_in_bytes");
    const peak = usage(files, directory, "memory.max_usage_in_bytes");
    text =
      `unable to set memory limit to ${value} (current usage: ${now}, peak usage: ${peak})`;
  }
  return new CgroupError(path, text, value, { cause: error });
}

/** The error for anything else that failed: `Cannot <verb> <path>: …`. */
export function failure(
  verb: string,
  path: string,
  error: SyscallError,
): CgroupError {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return new CgroupError(
    path,
    `Cannot ${verb} ${path}: ${reason(file, error)}`,
    undefined,
    { cause: error },
  );
}
