/**
 * Durations as Go writes them.
 *
 * @module
 */

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const PART_REGEXP = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const DURATION_REGEXP = new RegExp(`^(?:${PART_REGEXP.source})+$`);

/**
 * Reads a duration as Go's `time.ParseDuration` does: `300ms`, `1.5h`, `2h45m`, `-1s`.
 *
 * @param text the duration
 * @returns milliseconds; undefined if it is none
 */
export function parseDuration(text: string): number | undefined {
  const [, sign, rest = ""] = /^([+-]?)(.*)$/.exec(text) ?? [];
  if (rest === "0") return 0;
  if (!DURATION_REGEXP.test(rest)) return undefined;
  let ms = 0;
  for (const [, count, unit] of rest.matchAll(PART_REGEXP)) {
    ms += Number(count) * UNITS[unit!]!;
  }
  return sign === "-" ? -ms : ms;
}
