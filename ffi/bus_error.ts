/**
 * Failures on a D-Bus connection.
 *
 * @module
 */
import { RuntimeError } from "./errors.ts";

/** Names of errors that are told apart. `NoReply` and `Disconnected` are made here as well, without a peer. */
export const BUS_ERRORS = {
  noReply: "org.freedesktop.DBus.Error.NoReply",
  disconnected: "org.freedesktop.DBus.Error.Disconnected",
  noServer: "org.freedesktop.DBus.Error.NoServer",
} as const;

/** A D-Bus call failed, or its connection. */
export class BusError extends RuntimeError {
  /** The error's D-Bus name, such as `org.freedesktop.systemd1.NoSuchUnit`. */
  readonly errorName: string;

  /**
   * Makes the error.
   *
   * @param errorName its D-Bus name
   * @param message the whole message
   * @param options what caused it
   */
  constructor(errorName: string, message: string, options?: ErrorOptions) {
    super("host", message, options);
    this.errorName = errorName;
  }
}
