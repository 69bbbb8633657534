/**
 * Carries out what the controllers' pure functions ask for.
 *
 * @module
 */
import { CgroupError } from "../errors.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { failure, writeFailure } from "./_explain.ts";
import { type CgroupFiles, type CgroupWriter, isErrno } from "./files.ts";
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

/** Where writes go. */
interface WriteTarget {
  readonly files: CgroupFiles;
  readonly directory: string;
  readonly open: LastFile;
}

/** Keeps the last file open: eleven device rules in a row go to the same one. */
class LastFile implements Disposable {
  readonly #files: CgroupFiles;
  #name = "";
  #writer: CgroupWriter | undefined;

  constructor(files: CgroupFiles) {
    this.#files = files;
  }

  write(file: string, value: string): void {
    if (this.#writer === undefined || this.#name !== file) {
      this[Symbol.dispose]();
      this.#writer = this.#files.openWriter(file);
      this.#name = file;
    }
    this.#writer.write(value);
  }

  [Symbol.dispose](): void {
    this.#writer?.[Symbol.dispose]();
    this.#writer = undefined;
  }
}

/** Writes; the error of a failure that is neither to be ignored nor to be tried later is thrown. */
function writeOne(
  target: WriteTarget,
  write: CgroupWrite,
  last: boolean,
): "done" | "later" {
  const { files, directory } = target;
  try {
    target.open.write(`${directory}/${write.file}`, write.value);
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
  const isMore = BigInt(value) > BigInt(held);
  const path = `${files.mountPoint}/${directory}/${file}`;
  const text = `the ${isMore ? "maximum" : "minimum"} allowed ${
    file.replace(".", "-")
  } is ${held}; ask for no ${isMore ? "more" : "less"} (${path})`;
  throw new CgroupError(path, text, value);
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
  using open = new LastFile(files);
  const target: WriteTarget = { files, directory, open };
  const later = writes.filter((write) =>
    writeOne(target, write, false) === "later"
  );
  for (const write of later) writeOne(target, write, true);
}
