/**
 * Making a mount read-only when files have been made in it.
 *
 * @module
 */
import {
  FSCONFIG_CMD_RECONFIGURE,
  FSCONFIG_SET_FLAG,
  FSPICK_CLOEXEC,
  FSPICK_EMPTY_PATH,
  MOUNT_ATTR_RDONLY,
} from "../../ffi/abi/mount.ts";
import {
  flags,
  type ProgramBuilder,
  type StepOptions,
  text,
} from "../../init/builder.ts";
import type { Operand } from "../../init/program.ts";
import { setAttributes } from "./calls.ts";
import type { MountContext } from "./context.ts";

/**
 * Makes a mount of the container's read-only. Without a mount namespace of its own it lies in a detached tree, where
 * the kernel refuses to change mounts (EINVAL): there the file system itself, which is the container's, becomes so.
 */
export function makeReadOnly(
  b: ProgramBuilder,
  { host }: MountContext,
  mount: Operand,
  options?: StepOptions,
): void {
  if (host.mountNamespace) {
    const attr = { set: MOUNT_ATTR_RDONLY };
    return setAttributes(b, { fd: mount }, attr, false, options);
  }
  const pick = flags(FSPICK_EMPTY_PATH | FSPICK_CLOEXEC, {
    FSPICK_EMPTY_PATH,
    FSPICK_CLOEXEC,
  });
  const context = b.call("fspick", [mount, text(""), pick]);
  b.call("fsconfig", [
    context,
    FSCONFIG_SET_FLAG,
    text("ro"),
    0,
    0,
  ]);
  b.call("fsconfig", [
    context,
    flags(FSCONFIG_CMD_RECONFIGURE, { FSCONFIG_CMD_RECONFIGURE }),
    0,
    0,
    0,
  ], options);
  b.call("close", [context]);
}
