/**
 * How a file is opened for a caller.
 *
 * @module
 */
import {
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
} from "../../../ffi/abi/fcntl.ts";

/** As `Deno.OpenOptions`: for reading if nothing is said. */
export interface AgentFileOptions {
  /** For reading. */
  readonly read?: boolean;
  /** For writing. */
  readonly write?: boolean;
  /** For writing at the end. */
  readonly append?: boolean;
  /** Whether it is emptied. */
  readonly truncate?: boolean;
  /** Whether it is made if it is not there. */
  readonly create?: boolean;
  /** Whether it is made, and must not be there. */
  readonly createNew?: boolean;
  /** Permissions of a file that is made; 0o666 if left out. */
  readonly mode?: number;
}

/** The flags of open(2). */
export function openFlags(
  { read, write, append, truncate, create, createNew }: AgentFileOptions,
): number {
  const writes = write === true || append === true;
  const reads = read ?? !writes;
  const access = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
  return access | (append ? O_APPEND : 0) | (truncate ? O_TRUNC : 0) |
    (create || createNew ? O_CREAT : 0) | (createNew ? O_EXCL : 0);
}
