/**
 * Carries out what the controllers' pure functions ask for.
 *
 * @module
 */
import { CgroupError, SyscallError } from "../errors.ts";
import { failure, writeFailure } from "./_explain.ts";
import { type CgroupFiles, isErrno } from "./files.ts";
import type { CgroupWrite, ReadFile } from "./write.ts";

/** Reads a cgroup's files for a controller; a file that is not there reads as undefined. */
export function readerOf(files: CgroupFiles, directory: string): ReadFile {
  return (file) => {
    try {
      return files.read(`${directory}/${file}`);
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENODEV")) return undefined;
      if (error instanceof SyscallError) {
        throw failure(
          "read",
          `${files.mountPoint}/${directory}/${file}`,
          error,
        );
      }
      throw error;
    }
  };
}

/** Writes; the error of a failure that is neither to be ignored nor to be tried later is thrown. */
function writeOne(
  files: CgroupFiles,
  directory: string,
  write: CgroupWrite,
  last: boolean,
): "done" | "later" {
  try {
    files.write(`${directory}/${write.file}`, write.value);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    if (write.ignore?.includes(error.errnoName)) return "done";
    if (!last && write.retryLast && error.errnoName === "EINVAL") {
      return "later";
    }
    throw writeFailure(files, directory, write, error);
  }
  if (write.readBack) checkWritten(files, directory, write);
  return "done";
}

/** Fails if the kernel has put a number into its range, with runc's text for the CPU shares. */
function checkWritten(
  files: CgroupFiles,
  directory: string,
  { file, value }: CgroupWrite,
): void {
  const held = readerOf(files, directory)(file)?.trim() ?? "";
  if (!/^\d+$/.test(held) || BigInt(held) === BigInt(value)) return;
  const bound = BigInt(value) > BigInt(held) ? "maximum" : "minimum";
  const text = `the ${bound} allowed ${file.replace(".", "-")} is ${held}`;
  throw new CgroupError(
    `${files.mountPoint}/${directory}/${file}`,
    text,
    value,
  );
}

/**
 * Makes the writes, in order; those that may depend on a later one are tried again at the end.
 *
 * @param directory the cgroup, relative to the hierarchy's mount point
 * @throws {CgroupError} at the first that fails
 */
export function applyWrites(
  files: CgroupFiles,
  directory: string,
  writes: readonly CgroupWrite[],
): void {
  const later = writes.filter((write) =>
    writeOne(files, directory, write, false) === "later"
  );
  for (const write of later) writeOne(files, directory, write, true);
}
