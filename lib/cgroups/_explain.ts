/**
 * One clear line out of a failed system call on a cgroup: what was tried, why it failed, what to do.
 *
 * @module
 */
import { errnoText } from "../../ffi/abi/errno.ts";
import { CgroupError } from "../errors.ts";
import type { SyscallError } from "../../ffi/syscall_error.ts";
import { whyMissing } from "./_missing.ts";
import { remedyOf } from "./_remedies.ts";
import type { CgroupFiles } from "./files.ts";
import type { CgroupWrite } from "./write.ts";

/** `permission denied (EACCES)` and the remedy, if there is one. */
function reason(
  file: string,
  error: SyscallError,
  remedy = remedyOf(file, error.errnoName),
): string {
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
  const missing = error.errnoName === "ENOENT" && !file.startsWith("cgroup.")
    ? whyMissing(files, directory, file.slice(0, file.indexOf(".")))
    : undefined;
  let text = `Cannot write ${JSON.stringify(value)} to ${path}: ${
    reason(file, error, missing)
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
