/**
 * What an agent is told when it is made.
 *
 * @module
 */
import type { RuntimeError } from "../../errors.ts";

/** Options of an agent. */
export interface SeccompAgentOptions {
  /**
   * Permissions of the socket's file. Who may connect could have the agent answer the calls of any process.
   *
   * @default {0o600}
   */
  readonly mode?: number;
  /** Called when somebody connects who does not send what a runtime sends; the connection is closed. */
  readonly onRefused?: (error: RuntimeError) => void;
}
