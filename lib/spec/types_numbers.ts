/**
 * The 64-bit integers of a configuration.
 *
 * @module
 */

/**
 * A signed 64-bit integer. Values that a `number` holds exactly are numbers, all others are bigints:
 * limits such as 9223372036854771712 are common and a double would change them silently.
 */
export type Int64 = number | bigint;

/**
 * An unsigned 64-bit integer, written like {@linkcode Int64}. RLIM_INFINITY (18446744073709551615) and the
 * comparison values of seccomp rules need all of the 64 bits.
 */
export type Uint64 = number | bigint;
