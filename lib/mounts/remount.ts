/**
 * Changing a mount that is there: option `remount`.
 *
 * @module
 */
import { O_PATH } from "../../ffi/abi/fcntl.ts";
import { MS_REMOUNT } from "../../ffi/abi/mount.ts";
import { type ProgramBuilder, text } from "../../init/builder.ts";
import { changeAttributes } from "./bind.ts";
import { mountFlags, open } from "./calls.ts";
import { type MountContext, rootOf } from "./context.ts";
import { IN_ROOT } from "./directory.ts";
import { finishMount } from "./finish_mount.ts";
import { dataOf, type MountPlan } from "./plan.ts";

/**
 * Adds the steps that change a mount: with `bind` only the mount's attributes, otherwise its file system too. The
 * kernel answers EINVAL where the destination is no mount.
 */
export function remount(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
): void {
  const how = { flags: O_PATH, resolve: IN_ROOT };
  const mount = open(b, rootOf(context), plan.destination.slice(1), how, {
    onError: { do: "retry", errnos: ["EAGAIN"], times: 128 },
  });
  if (plan.options.bind !== "none") {
    changeAttributes(b, mount, plan.options);
  } else {
    const data = dataOf(plan);
    b.call("fchdir", [mount]);
    b.call("mount", [
      0,
      text("."),
      0,
      mountFlags(MS_REMOUNT | plan.options.flags),
      data === "" ? 0 : text(data),
    ]);
  }
  finishMount(b, context, plan, mount);
}
