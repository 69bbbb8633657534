/**
 * What this release calls itself.
 *
 * @module
 */

/** Version of this project: semver.org. */
export const VERSION = "0.1.0";

/** Version of the OCI runtime specification that is implemented. */
export const SPEC_VERSION = "1.3.0";

/** Oldest version of it that configurations may be written for: what 1.x has removed since is nothing. */
export const OLDEST_SPEC_VERSION = "1.0.0";

/** Commit that a release was built from; empty in a checkout. */
export const COMMIT: string = "";
