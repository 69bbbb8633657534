/**
 * The devices controller of cgroup v1 (kernel: Documentation/admin-guide/cgroup-v1/devices.rst).
 *
 * @module
 */
import { CgroupError } from "../../errors.ts";
import type { DeviceCgroupRule } from "../../spec/types.ts";
import {
  type DeviceException,
  type DeviceFilter,
  deviceFilter,
} from "../devices.ts";
import type { CgroupWrite } from "../write.ts";

/**
 * Reads `devices.list`. It is a list of what is permitted; of a cgroup that permits all, it does not say what is
 * excepted, so such a one looks as if it had no exceptions.
 *
 * @throws {CgroupError} on a line that has not the kernel's form `c 1:3 rwm`
 */
export function parseDevicesList(text: string): DeviceFilter {
  const rules: DeviceCgroupRule[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const match = /^([abc]) (\*|\d+):(\*|\d+) ([rwm]+)$/.exec(line);
    if (match === null) {
      throw new CgroupError(
        "devices.list",
        `Cannot understand the line ${JSON.stringify(line)} of devices.list`,
      );
    }
    const [, type, major, minor, access] = match as unknown as [
      string,
      string,
      string,
      string,
      string,
    ];
    const number = (text: string): number => text === "*" ? -1 : Number(text);
    rules.push({
      allow: true,
      type,
      major: number(major),
      minor: number(minor),
      access,
    });
  }
  return deviceFilter(rules);
}

function without(access: string, taken: string): string {
  return [...access].filter((letter) => !taken.includes(letter)).join("");
}

function toWrite(
  allow: boolean,
  exception: DeviceException,
  access: string,
): CgroupWrite {
  const number = (value: number): string => value === -1 ? "*" : `${value}`;
  const value = `${exception.type} ${number(exception.major)}:${
    number(exception.minor)
  } ${access}`;
  return { file: allow ? "devices.allow" : "devices.deny", value };
}

/** For each exception of `from`: the accesses that `other` has not. */
function surplus(
  from: DeviceFilter,
  other: DeviceFilter,
): [DeviceException, string][] {
  const held = new Map(
    other.exceptions.map((e) => [`${e.type} ${e.major}:${e.minor}`, e.access]),
  );
  return from.exceptions
    .map((
      e,
    ): [DeviceException, string] => [
      e,
      without(e.access, held.get(`${e.type} ${e.major}:${e.minor}`) ?? ""),
    ])
    .filter(([, access]) => access !== "");
}

/**
 * The writes that lead from one filter to another, with as little disturbance as can be: a container that runs must
 * not lose /dev/null for a moment.
 *
 * @param current what `devices.list` says now
 */
export function devicesWrites(
  target: DeviceFilter,
  current: DeviceFilter,
): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  let from = current;
  // What is excepted from "all" can't be read, so there the start is made anew.
  if (current.defaultAllow || target.defaultAllow !== current.defaultAllow) {
    writes.push({
      file: target.defaultAllow ? "devices.allow" : "devices.deny",
      value: "a",
    });
    from = { defaultAllow: target.defaultAllow, exceptions: [] };
  }
  for (const [gone, access] of surplus(from, target)) {
    writes.push(toWrite(target.defaultAllow, gone, access));
  }
  for (const [added, access] of surplus(target, from)) {
    writes.push(toWrite(!target.defaultAllow, added, access));
  }
  return writes;
}

/** Tells whether `after`, read back, is what `target` asked for, as far as `devices.list` shows it. */
export function devicesMatch(
  target: DeviceFilter,
  after: DeviceFilter,
): boolean {
  if (target.defaultAllow !== after.defaultAllow) return false;
  return target.defaultAllow ||
    (surplus(target, after).length === 0 &&
      surplus(after, target).length === 0);
}
