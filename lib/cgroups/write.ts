/**
 * What is to be written to a cgroup, as data: made by one pure function for each controller, carried out by
 * apply.ts.
 *
 * @module
 */
import type { Int64 } from "../spec/types_numbers.ts";

/** One write to a file of a cgroup. */
export interface CgroupWrite {
  /** The file's name in the cgroup's directory. */
  readonly file: string;
  /** What is written, in one write(2). */
  readonly value: string;
  /** Names of errors that leave things as they should be. */
  readonly ignore?: readonly string[];
  /** The kernel may refuse it (EINVAL) because of a value written later: then it is tried again after the others. */
  readonly retryLast?: true;
  /** The kernel changes a value out of its range without a word: read it back, and fail if it differs. */
  readonly readBack?: true;
}

/** Reads a file of the cgroup; undefined if it is not there. Where nothing is to be read, it says so of every file. */
export type ReadFile = (file: string) => string | undefined;

/** The reader of a cgroup that is not there. */
export function readNothing(_file: string): undefined {
  return undefined;
}

/** An OCI 64-bit integer as bigint; what is absent counts as 0, which runc takes for "not set" as well. */
export function toBig(value: Int64 | undefined): bigint {
  return BigInt(value ?? 0);
}

/** A limit in the words of cgroup v2: -1 is `max`. */
export function limitText(value: bigint): string {
  return value === -1n ? "max" : value.toString();
}

/** A number out of a cgroup file; undefined if the file is not there or does not hold one. */
export function readNumber(read: ReadFile, file: string): bigint | undefined {
  const text = read(file)?.trim() ?? "";
  return /^\d+$/.test(text) ? BigInt(text) : undefined;
}
