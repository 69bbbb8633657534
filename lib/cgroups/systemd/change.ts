/**
 * Limits as a change of a scope: what systemd is told, and what the cgroup's files are to have.
 *
 * @module
 */
import type { Resources } from "../../spec/types.ts";
import { containerDeviceFilter } from "../devices.ts";
import type { CgroupMode } from "../layout.ts";
import { v1Writes } from "../v1/controllers.ts";
import { v2Writes } from "../v2/controllers.ts";
import type { ReadFile } from "../write.ts";
import { deviceProperties } from "./devices.ts";
import { limitProperties } from "./limits.ts";
import type { UnitProperty } from "./property.ts";
import { alignQuota } from "./quota.ts";

/** What is asked of a scope. */
export interface ScopeLimits {
  readonly resources: Resources;
  /** Whether the device rules are to be set, too. */
  readonly devices: boolean;
}

/** Whose limits they are. */
export interface ScopeTarget {
  readonly mode: CgroupMode;
  /** systemd's version. */
  readonly version: number;
  /** Whether it is a user's manager, which can't set device rules. */
  readonly user: boolean;
}

/** What is to be done. */
export interface ScopeChange {
  readonly properties: readonly UnitProperty[];
  /** What the cgroup's files are to have. */
  readonly resources: Resources;
  /** What systemd can't be told, or keeps otherwise; lines for the log. */
  readonly warnings: readonly string[];
}

/**
 * What limits come to.
 *
 * @param readerFor reads the files of a controller's cgroup
 * @throws {ConfigError} for a value that can't be meant, or a device rule that systemd would take away
 */
export function scopeChange(
  { mode, version, user }: ScopeTarget,
  { resources, devices }: ScopeLimits,
  readerFor: (controller: string) => ReadFile,
): ScopeChange {
  const v2 = mode === "v2";
  const warnings: string[] = [];
  const aligned = alignQuota(resources, readerFor("cpu"), { v2 });
  if (aligned.warning !== undefined) warnings.push(aligned.warning);
  const properties: UnitProperty[] = [];
  for (const { controller, writes } of v2 ? v2Writes : v1Writes) {
    const read = readerFor(controller);
    const asked = writes(aligned.resources, read, {});
    const found = limitProperties(asked, read, { version, v2 });
    properties.push(...found.properties);
    warnings.push(...found.unknown.map((file) => forgets(version, file)));
  }
  if (devices && !user) {
    const filter = containerDeviceFilter(resources.devices);
    const found = deviceProperties(filter, { v2 });
    properties.push(...found.properties);
    if (found.warning !== undefined) warnings.push(found.warning);
  }
  return { properties, resources: aligned.resources, warnings };
}

function forgets(version: number, file: string): string {
  return `systemd ${version} has no property for ${file}: a daemon-reload may take the limit away`;
}
