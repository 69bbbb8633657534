/**
 * Making a cgroup's directories.
 *
 * @module
 */
import { type CgroupFiles, isErrno } from "./files.ts";

/** A directory and all above it up to the mount point, the topmost first: `a/b` gives `a`, `a/b`. */
export function levelsOf(directory: string): string[] {
  const parts = directory.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/**
 * Makes a directory and what is missing above it.
 *
 * @param made takes each directory that was not there, as soon as it is made
 */
export function makeDirectories(
  files: CgroupFiles,
  directory: string,
  made: (directory: string) => void,
): void {
  try {
    if (files.makeDirectory(directory)) made(directory);
  } catch (error) {
    if (!isErrno(error, "ENOENT") || !directory.includes("/")) throw error;
    for (const level of levelsOf(directory)) {
      if (files.makeDirectory(level)) made(level);
    }
  }
}
