/**
 * Typed errors of the library. Each names what a caller needs to react: the field, the state, the file.
 *
 * @module
 */
import { RuntimeError } from "../ffi/errors.ts";

export { type ErrorKind, RuntimeError } from "../ffi/errors.ts";

/** A configuration was refused. `pointer` is the JSON pointer (RFC 6901) of the offending field. */
export class ConfigError extends RuntimeError {
  /** JSON pointer of the field, such as `/linux/namespaces/2/type`; empty for the whole document. */
  readonly pointer: string;

  /**
   * Makes the error; the message is the pointer and the detail.
   *
   * @param pointer JSON pointer of the field
   * @param detail what is wrong with it and what would be right, without a full stop
   * @param options what caused it
   */
  constructor(pointer: string, detail: string, options?: ErrorOptions) {
    super("config", `${pointer || "config"}: ${detail}`, options);
    this.pointer = pointer;
  }
}

/** The container's state does not allow the operation. */
export class StateError extends RuntimeError {
  /** The container's id. */
  readonly id: string;

  /**
   * Makes the error.
   *
   * @param id the container's id; empty if it is about none
   * @param message the whole message
   * @param options what caused it
   */
  constructor(id: string, message: string, options?: ErrorOptions) {
    super("state", message, options);
    this.id = id;
  }
}

/** A cgroup could not be made, read, written or removed. */
export class CgroupError extends RuntimeError {
  /** The file or directory concerned. */
  readonly file: string;
  /** The value that was to be written, if one was. */
  readonly value: string | undefined;

  /**
   * Makes the error.
   *
   * @param file the file or directory concerned
   * @param message the whole message
   * @param value the value that was to be written, if one was
   * @param options what caused it
   */
  constructor(
    file: string,
    message: string,
    value?: string,
    options?: ErrorOptions,
  ) {
    super("cgroup", message, options);
    this.file = file;
    this.value = value;
  }
}
