/**
 * The errors every layer shares: the base class, and the failure of a system call.
 *
 * They live in ffi/ because imports point one way (main → lib → init → ffi) and a
 * failed system call is the lowest thing that can go wrong.
 *
 * @module
 */
import { errnoName, errnoText } from "./abi/errno.ts";

/** What went wrong, in the few kinds a caller may want to tell apart. */
export type ErrorKind =
  | "syscall"
  | "config"
  | "state"
  | "protocol"
  | "cgroup"
  | "program"
  | "hook"
  | "usage"
  | "host";

/** Base of all errors thrown on purpose by this project. */
export class RuntimeError extends Error {
  /** The kind of failure; stable, fit for `switch`. */
  readonly kind: ErrorKind;

  /**
   * Makes the error; its name is that of the class.
   *
   * @param kind the kind of failure
   * @param message the whole message
   * @param options what caused it
   */
  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.kind = kind;
  }
}

/** A system call failed. `message` reads like strace: `openat(3, "etc"): no such file or directory (ENOENT)`. */
export class SyscallError extends RuntimeError {
  /** Name of the system call, as in its man page. */
  readonly syscall: string;
  /** The positive errno value. */
  readonly errno: number;
  /** The errno's name, such as `ENOENT`. */
  readonly errnoName: string;

  /**
   * Makes the error from what the kernel said.
   *
   * @param syscall name of the system call
   * @param errno the positive errno value
   * @param detail what the call was made on
   */
  constructor(syscall: string, errno: number, detail = "") {
    const name = errnoName(errno);
    super(
      "syscall",
      `${syscall}${detail ? ` ${detail}` : ""}: ${errnoText(errno)} (${name})`,
    );
    this.syscall = syscall;
    this.errno = errno;
    this.errnoName = name;
  }
}
