/**
 * The base of all errors that are thrown on purpose.
 *
 * It lives in ffi/ because imports point one way (main → lib → init → ffi).
 *
 * @module
 */

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
