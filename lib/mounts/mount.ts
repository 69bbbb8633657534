/**
 * The mounts of a configuration, in their order.
 *
 * @module
 */
import type { ProgramBuilder } from "../../init/builder.ts";
import { bindMount } from "./bind.ts";
import { cgroupMount } from "./cgroup.ts";
import type { MountContext } from "./context.ts";
import { fileSystemMount } from "./file_system.ts";
import { type MountKind, type MountPlan, planMounts } from "./plan.ts";
import { remount } from "./remount.ts";

const KINDS: Readonly<
  Record<
    MountKind,
    (b: ProgramBuilder, context: MountContext, plan: MountPlan) => void
  >
> = {
  "bind": bindMount,
  "cgroup": cgroupMount,
  "file system": fileSystemMount,
  "remount": remount,
};

/**
 * Adds the steps of all mounts. Preconditions: prepareRoot() came before; where there is a cgroup namespace, the
 * process is in it.
 *
 * @throws {ConfigError} for a mount that can't be made whatever the host
 */
export function mountAll(b: ProgramBuilder, context: MountContext): void {
  for (const plan of planMounts(context)) {
    b.section(purposeOf(plan), plan.pointer, () => {
      KINDS[plan.kind](b, context, plan);
    });
  }
}

function purposeOf({ kind, type, source, mount }: MountPlan): string {
  const { destination } = mount;
  if (kind === "remount") return `remount ${destination}`;
  const what = kind === "bind" ? source : type;
  return `mount ${what} on ${destination}`;
}
