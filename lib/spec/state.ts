/**
 * The state of a container as the OCI runtime specification writes it: runtime.md#state.
 *
 * @module
 */

/** States of the specification. */
export type StateStatus = "creating" | "created" | "running" | "stopped";

/** What hooks get on standard input and seccomp listeners get with the descriptor. */
export interface StateDocument {
  /** Version of the specification that the document complies with. */
  ociVersion: string;
  /** The container's id. */
  id: string;
  /** Where the container is in its life; a runtime may add states of its own, such as `paused`. */
  status: StateStatus | "paused";
  /** Process id of the first process; absent while there is none. */
  pid?: number;
  /** Absolute path of the bundle. */
  bundle: string;
  /** The configuration's annotations. */
  annotations?: Record<string, string>;
}
