/**
 * The session keyring: each container gets its own, so that it can't use its caller's keys. keyrings(7).
 *
 * @module
 */
import {
  KEYCTL_JOIN_SESSION_KEYRING,
  KEYCTL_SETPERM,
} from "../../ffi/abi/keyctl.ts";
import type { ProgramBuilder } from "../../init/builder.ts";
import type { Operand } from "../../init/program.ts";

/** What a new session keyring has: all to its possessor; view, read and link to its user (security/keys). */
const NEW_KEYRING_PERMISSIONS = 0x3f13_0000;
const USER_SEARCH = 0x0008_0000;
const OTHER_SEARCH = 0x0000_0008;

/**
 * Joins a new session keyring, which the container's user can search. A kernel without keyrings, or a filter around
 * us that forbids them, does no harm.
 *
 * @param name address of its name
 */
export function joinSessionKeyring(
  b: ProgramBuilder,
  name: Operand,
  userNamespace: boolean,
): void {
  b.section("join a session keyring", undefined, () => {
    const done = b.label("keyring joined");
    const jump = { onError: { do: "jump", errnos: [], to: done } } as const;
    const keyring = b.call("keyctl", [
      KEYCTL_JOIN_SESSION_KEYRING,
      name,
      0,
      0,
      0,
    ], jump);
    const permissions = NEW_KEYRING_PERMISSIONS |
      (userNamespace ? OTHER_SEARCH : USER_SEARCH);
    b.call("keyctl", [KEYCTL_SETPERM, keyring, permissions, 0, 0], jump);
    b.place(done);
  });
}
