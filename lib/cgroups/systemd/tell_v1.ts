/**
 * Telling systemd of limits on cgroup v1, where each time it sets its device rules anew.
 *
 * @module
 */
import { CgroupError } from "../../errors.ts";
import type { Resources } from "../../spec/types.ts";
import { freeze, thaw } from "../freeze.ts";
import type { CgroupManager } from "../manager.ts";
import type { OpenHierarchy } from "../record.ts";

/** What stands by. */
export interface TellOptions {
  /** The rules for devices that are to be in force. */
  readonly devices: Resources["devices"];
  /** Whether processes of the container run, which must not see what is between. */
  readonly isRunning: boolean;
  /** Opens the hierarchies; the real ones by default. */
  readonly open?: OpenHierarchy | undefined;
}

/**
 * Tells systemd, and sets our device rules again. Whatever a property is about, systemd forbids all devices and then
 * permits those that it knows of, one by one; or it permits all, if it knows of no rule. So the container is frozen
 * meanwhile, unless it is anyway.
 *
 * @param cgroup the container's
 * @param tell tells systemd
 * @returns a line for the log if the container could not be frozen
 * @throws {CgroupError} if systemd refuses, or the rules can't be set again
 */
export async function tellOnV1(
  cgroup: CgroupManager,
  tell: () => Promise<void>,
  { devices, isRunning, open }: TellOptions,
): Promise<string[]> {
  const record = cgroup.toJSON();
  const warnings: string[] = [];
  let isHeld = false;
  if (isRunning && cgroup.freezerState() === "thawed") {
    try {
      await freeze(record, { open });
      isHeld = true;
    } catch (error) {
      if (!(error instanceof CgroupError)) throw error;
      warnings.push(
        `the container may be refused devices for a moment: ${error.message}`,
      );
    }
  }
  try {
    await tell();
    await cgroup.apply({ ...(devices === undefined ? {} : { devices }) });
  } finally {
    if (isHeld) await thaw(record, { open });
  }
  return warnings;
}
