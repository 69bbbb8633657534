/**
 * Landlock, as far as the runtime asks for itself: landlock_create_ruleset(2).
 *
 * @module
 */
import { LANDLOCK_CREATE_RULESET_VERSION } from "./abi/landlock.ts";
import { syscall } from "./syscall.ts";

/** The kernel's version of the interface; 0 if it was built without, or it is switched off. */
export function landlockAbi(): number {
  const version = syscall(
    "landlock_create_ruleset",
    null,
    0,
    LANDLOCK_CREATE_RULESET_VERSION,
  );
  return Math.max(0, version);
}
