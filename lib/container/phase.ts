/**
 * What was being done when something failed, in runc's words. Apart from where it is done: the executable asks, too.
 *
 * @module
 */

/** The beginning of the message when limits can't be set for a first process. */
export const LIMITS_PHASE = "error setting cgroup config for procHooks process";
