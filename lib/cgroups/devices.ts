/**
 * Device rules, reduced to what they come to: a default and the exceptions from it, as the kernel's v1 controller
 * keeps them (security/device_cgroup.c). Both cgroup versions are set from this one form, so a configuration means
 * the same on each.
 *
 * @module
 */
import { ConfigError } from "../errors.ts";
import type { DeviceCgroupRule } from "../spec/types.ts";

/** An exception from a {@linkcode DeviceFilter}'s default. */
export interface DeviceException {
  /** `b` block, `c` character. */
  readonly type: "b" | "c";
  /** Major number, -1 for all. */
  readonly major: number;
  /** Minor number, -1 for all. */
  readonly minor: number;
  /** The accesses the exception is about: some of `rwm`, in this order. */
  readonly access: string;
}

/** Which device accesses are permitted. */
export interface DeviceFilter {
  /** What happens to an access that no exception matches. */
  readonly defaultAllow: boolean;
  /** Sorted by major, minor and type, each device once. */
  readonly exceptions: readonly DeviceException[];
}

/**
 * What every container may use, whatever its rules say (config-linux.md#default-devices): make any node, and use
 * null, zero, full, random, urandom, tty, ptmx, the pseudo-terminals and /dev/net/tun.
 */
export const DEFAULT_DEVICE_RULES: readonly DeviceCgroupRule[] = [
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 8, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 7, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 0, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 5, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 9, access: "rwm" },
  { allow: true, type: "c", major: 136, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 2, access: "rwm" },
  { allow: true, type: "c", major: 10, minor: 200, access: "rwm" },
];

const ACCESS_LETTERS = ["r", "w", "m"] as const;

function letters(filter: (letter: string) => boolean): string {
  return ACCESS_LETTERS.filter(filter).join("");
}

function keyOf(type: string, major: number, minor: number): string {
  return `${type} ${major}:${minor}`;
}

/** Orders exceptions, so that the same rules always give the same writes and the same program. */
function compare(a: DeviceException, b: DeviceException): number {
  return a.major - b.major || a.minor - b.minor ||
    (a.type < b.type ? -1 : a.type > b.type ? 1 : 0);
}

/** A major or minor number of a rule; absent and -1 are "all". */
function deviceNumber(
  value: number | bigint | undefined,
  pointer: string,
): number {
  const number = Number(value ?? -1);
  if (number === -1 || (number >= 0 && number <= 0xffff_ffff)) return number;
  throw new ConfigError(
    pointer,
    `device number ${number} must be -1 (all) or between 0 and 4294967295`,
  );
}

/** Collects exceptions while rules are gone through. */
class FilterBuilder {
  #defaultAllow = false;
  #exceptions = new Map<string, DeviceException>();

  /** @param pointer JSON pointer of the rule, for messages */
  apply(rule: DeviceCgroupRule, pointer: string): void {
    const type = rule.type || "a";
    if (type === "a") {
      // The kernel drops all exceptions here, and pays no attention to the rule's other fields.
      this.#defaultAllow = rule.allow;
      this.#exceptions.clear();
      return;
    }
    if (type !== "b" && type !== "c") {
      throw new ConfigError(
        `${pointer}/type`,
        `device type ${JSON.stringify(type)} must be "a", "b" or "c"`,
      );
    }
    const asked = rule.access ?? "";
    if (!/^[rwm]+$/.test(asked)) {
      throw new ConfigError(
        `${pointer}/access`,
        `access ${JSON.stringify(asked)} must be some of the letters r, w, m`,
      );
    }
    const exception = {
      type,
      major: deviceNumber(rule.major, `${pointer}/major`),
      minor: deviceNumber(rule.minor, `${pointer}/minor`),
      access: letters((letter) => asked.includes(letter)),
    } as const;
    if (rule.allow === this.#defaultAllow) this.#remove(exception, pointer);
    else this.#add(exception);
  }

  #add(exception: DeviceException): void {
    const key = keyOf(exception.type, exception.major, exception.minor);
    const both = (this.#exceptions.get(key)?.access ?? "") + exception.access;
    this.#exceptions.set(key, {
      ...exception,
      access: letters((letter) => both.includes(letter)),
    });
  }

  #remove(gone: DeviceException, pointer: string): void {
    const { type, major, minor, access } = gone;
    const key = keyOf(type, major, minor);
    // The kernel's v1 controller passes silently over the removal of a part of an exception. Whoever wrote such
    // a rule would believe in a restriction that is not there, so it is refused on both versions.
    for (
      const wider of [
        keyOf(type, -1, minor),
        keyOf(type, major, -1),
        keyOf(type, -1, -1),
      ]
    ) {
      const held = this.#exceptions.get(wider);
      if (
        wider === key || held === undefined ||
        !letters((l) => held.access.includes(l) && access.includes(l))
      ) continue;
      const detail =
        `rule "${key} ${access}" not supported by devices cgroupv1 (cannot punch hole in existing ` +
        `wildcard rule "${wider} ${held.access}")`;
      throw new ConfigError(pointer, detail.replaceAll("-1", "*"));
    }
    const held = this.#exceptions.get(key);
    if (held === undefined) return;
    const left = letters((letter) =>
      held.access.includes(letter) && !access.includes(letter)
    );
    if (left === "") this.#exceptions.delete(key);
    else this.#exceptions.set(key, { ...held, access: left });
  }

  result(): DeviceFilter {
    return {
      defaultAllow: this.#defaultAllow,
      exceptions: [...this.#exceptions.values()].sort(compare),
    };
  }
}

/**
 * Applies rules one after the other to a cgroup that denies everything.
 *
 * @param rules the rules, the later ones over the earlier ones
 * @throws {ConfigError} on a rule that can't be kept: an unknown type or access, or the removal of a part of a wildcard
 */
export function deviceFilter(rules: readonly DeviceCgroupRule[]): DeviceFilter {
  const builder = new FilterBuilder();
  rules.forEach((rule, index) =>
    builder.apply(rule, `/linux/resources/devices/${index}`)
  );
  return builder.result();
}

/** The filter of a container with these rules: its own, then {@linkcode DEFAULT_DEVICE_RULES}. */
export function containerDeviceFilter(
  rules: readonly DeviceCgroupRule[] = [],
): DeviceFilter {
  return deviceFilter([...rules, ...DEFAULT_DEVICE_RULES]);
}
