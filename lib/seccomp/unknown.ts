/**
 * Names of system calls that no architecture has.
 *
 * @module
 */
import type { Seccomp } from "../spec/types.ts";
import { isCallName } from "./architectures.ts";

/** How many names a warning lists. */
const MOST_NAMES = 10;

/**
 * What to warn of: rules for calls that no architecture here has change nothing. A name that only another architecture
 * has is nothing to tell, for the profiles of engines are made for all.
 *
 * @returns one sentence; undefined if all names are known
 */
export function unknownCalls(seccomp: Seccomp): string | undefined {
  const all = new Set(seccomp.syscalls?.flatMap(({ names }) => names));
  const unknown = [...all].filter((name) => !isCallName(name));
  if (unknown.length === 0) return undefined;
  const listed = unknown.slice(0, MOST_NAMES).map((name) =>
    JSON.stringify(name)
  );
  const rest = unknown.length - listed.length;
  const more = rest > 0 ? ` and ${rest} more` : "";
  return `unknown system calls in /linux/seccomp are passed over: ${
    listed.join(", ")
  }${more}`;
}
