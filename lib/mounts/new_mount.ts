/**
 * New file systems, and mounts of them, as steps: fsopen(2), fsconfig(2), fsmount(2).
 *
 * @module
 */
import * as MOUNT from "../../ffi/abi/mount.ts";
import {
  flags,
  type ProgramBuilder,
  type StepOptions,
  text,
} from "../../init/builder.ts";
import type { Flags, Result } from "../../init/program.ts";
import { ATTRIBUTE_FLAGS, close } from "./calls.ts";

/** One parameter of a file system: a flag if it has no value. */
export interface Parameter {
  readonly key: string;
  readonly value?: string;
}

/** The longest string fsconfig(2) takes, in bytes. */
export const FSCONFIG_STRING_MAX = 255;

/** A constant of <linux/mount.h> with its name. */
function named(
  name: keyof typeof MOUNT & `${"FSCONFIG" | "FSOPEN" | "FSMOUNT"}_${string}`,
): Flags {
  return { kind: "flags", value: MOUNT[name], names: name };
}

/** Makes a file system, and a mount of it that is attached nowhere. `options` say what if the kernel refuses. */
export function makeMount(
  b: ProgramBuilder,
  type: string,
  parameters: readonly Parameter[],
  attributes: number,
  options?: StepOptions,
): Result {
  const context = b.call(
    "fsopen",
    [text(type), named("FSOPEN_CLOEXEC")],
    options,
  );
  for (const { key, value } of parameters) {
    b.call(
      "fsconfig",
      value === undefined
        ? [
          context,
          named("FSCONFIG_SET_FLAG"),
          text(key),
          0,
          0,
        ]
        : [
          context,
          named("FSCONFIG_SET_STRING"),
          text(key),
          text(value),
          0,
        ],
    );
  }
  b.call(
    "fsconfig",
    [context, named("FSCONFIG_CMD_CREATE"), 0, 0, 0],
    options,
  );
  const mount = b.call("fsmount", [
    context,
    named("FSMOUNT_CLOEXEC"),
    attributes === 0 ? 0 : flags(attributes, ATTRIBUTE_FLAGS),
  ], options);
  close(b, context);
  return mount;
}
