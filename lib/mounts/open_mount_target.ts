/**
 * The mount point of a mount of the configuration, with the rules for /proc.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import type { ProgramBuilder } from "../../init/builder.ts";
import type { MountContext } from "./context.ts";
import { isCoverableProcFile, type MountPlan } from "./plan.ts";
import {
  openTarget,
  type Target,
  type TargetRequest,
  unlessSameMount,
} from "./target.ts";

/** Types that may only be mounted on an ordinary directory: what is written below them must be theirs. */
const ORDINARY_TYPES: readonly string[] = ["proc", "sysfs"];

/**
 * Adds the steps that open a mount's target. Nothing may be mounted inside the container's /proc but some files, also
 * not by way of a symbolic link: runtimes write to files there (CVE-2019-16884).
 *
 * @param like what is made if nothing is there
 */
export function openMountTarget(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
  like: TargetRequest["like"] = "directory",
): Target {
  const { destination: path, index, type, kind } = plan;
  const isOrdinary = kind === "file system" && ORDINARY_TYPES.includes(type);
  const target = openTarget(b, context, {
    path,
    index,
    like,
    ...(isOrdinary ? { ordinaryFor: type } : {}),
  });
  const mayCover = path === "/proc" || isCoverableProcFile(path);
  if (context.procStat !== undefined && !mayCover) {
    const outside = b.label("outside /proc");
    unlessSameMount(b, target.stat, context.procStat, outside);
    b.fail(
      ERRNO.EPERM,
      `"${path}" cannot be mounted because it is inside /proc`,
    );
    b.place(outside);
  }
  return target;
}
