/**
 * Device rules as properties of a unit: `DevicePolicy=` and `DeviceAllow=` of systemd.resource-control(5). With them,
 * systemd sets on `daemon-reload` the rules the container has already.
 *
 * @module
 */
import { ConfigError } from "../../errors.ts";
import type { DeviceException, DeviceFilter } from "../devices.ts";
import { text, type UnitProperty } from "./property.ts";

/** Rules as properties. */
export interface DeviceProperties {
  readonly properties: readonly UnitProperty[];
  /** What systemd can't be told of them. */
  readonly warning?: string;
}

const POINTER = "/linux/resources/devices";

/**
 * All devices, listed. On v1 systemd would leave a unit without a list to the devices cgroup of a slice above, and move
 * its processes there as soon as another unit of the slice has a list.
 */
const ALL = [["block-*", "rwm"], ["char-*", "rwm"]] as const;

/** How `DeviceAllow=` names devices: by path, by major number, or all of a class. */
function specifier(
  { type, major, minor }: DeviceException,
): string | undefined {
  const kind = type === "b" ? "block" : "char";
  if (major === -1) return minor === -1 ? `${kind}-*` : undefined;
  return minor === -1 ? `${kind}-${major}` : `/dev/${kind}/${major}:${minor}`;
}

function allowProperties(
  policy: "strict" | "auto",
  list: readonly (readonly string[])[],
): UnitProperty[] {
  const reset = { name: "DeviceAllow", signature: "a(ss)", value: [] };
  const allow = { name: "DeviceAllow", signature: "a(ss)", value: list };
  // An empty list takes back what was there; another adds to it.
  return [
    reset,
    text("DevicePolicy", policy),
    ...(list.length === 0 ? [] : [allow]),
  ];
}

/**
 * The properties for a filter.
 *
 * systemd can only list what is permitted. On v2 that does little harm: the container's own program stays in force
 * beside systemd's, so a list that permits too much takes nothing away. On v1 there is one list of rules.
 *
 * @throws {ConfigError} for a rule on v1 that systemd would take away or widen
 */
export function deviceProperties(
  filter: DeviceFilter,
  { v2 }: { readonly v2: boolean },
): DeviceProperties {
  const { defaultAllow, exceptions } = filter;
  if (defaultAllow) {
    const properties = v2
      ? allowProperties("auto", [])
      : allowProperties("strict", ALL);
    if (exceptions.length === 0 || v2) return { properties };
    const warning =
      "systemd can't be told which devices are forbidden where others are allowed: a daemon-reload takes these " +
      "rules away until the next update; list the allowed devices instead";
    return { properties, warning };
  }
  const list = exceptions.map((exception) => {
    const { type, minor, access } = exception;
    const named = specifier(exception);
    if (named === undefined && !v2) {
      throw new ConfigError(
        POINTER,
        `systemd can't allow "${type} *:${minor} ${access}" on cgroup v1; name the major number, or all minor numbers`,
      );
    }
    return [named ?? (type === "b" ? "block-*" : "char-*"), access];
  });
  return { properties: allowProperties("strict", list) };
}
