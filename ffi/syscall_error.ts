/**
 * The failure of a system call. Apart from its base, for the tables of errnos are read at every start otherwise.
 *
 * @module
 */
import { errnoName, errnoText } from "./abi/errno.ts";
import { RuntimeError } from "./errors.ts";

/** A system call failed. `message` reads like strace: `openat(3, "etc"): no such file or directory (ENOENT)`. */
export class SyscallError extends RuntimeError {
  /** Name of the system call, as in its man page. */
  readonly syscall: string;
  /** The positive errno value. */
  readonly errno: number;
  /** The errno's name, such as `ENOENT`. */
  readonly errnoName: string;
  /** What the errno means, in the C library's words: `no such file or directory`. */
  readonly reason: string;

  /**
   * Makes the error from what the kernel said.
   *
   * @param syscall name of the system call
   * @param errno the positive errno value
   * @param detail what the call was made on
   */
  constructor(syscall: string, errno: number, detail = "") {
    const name = errnoName(errno);
    const reason = errnoText(errno);
    super(
      "syscall",
      `${syscall}${detail ? ` ${detail}` : ""}: ${reason} (${name})`,
    );
    this.reason = reason;
    this.syscall = syscall;
    this.errno = errno;
    this.errnoName = name;
  }
}
