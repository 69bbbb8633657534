/**
 * Rules about the root's propagation, hidden and protected paths, and device nodes.
 *
 * @module
 */
import { hasNamespace } from "../namespaces.ts";
import { jsonPointer, quote } from "../pointer.ts";
import type { Device } from "../types.ts";
import { isAbsolute, type RuleContext } from "./context.ts";

/** Bits of device numbers, makedev(3) and <linux/kdev_t.h>: 12 for the major, 20 for the minor number. */
const LAST_NUMBER = { major: 4095, minor: 1048575 } as const;
/** Permission bits and the file type bits that some callers leave in. */
const MODE_BITS = 0o177777;

function checkHiddenPaths(
  { spec, problems }: RuleContext,
  member: "maskedPaths" | "readonlyPaths",
): void {
  const paths = spec.linux?.[member] ?? [];
  if (paths.length > 0 && !hasNamespace(spec, "mount")) {
    problems.refuse(
      `/linux/${member}`,
      "unable to restrict sys entries without a private MNT namespace, expected " +
        '"mount" in /linux/namespaces',
    );
  }
  for (const [index, path] of paths.entries()) {
    if (isAbsolute(path)) continue;
    problems.refuse(
      jsonPointer("linux", member, index),
      `${quote(path)} is not an absolute path`,
    );
  }
}

function checkPropagation({ spec, options, problems }: RuleContext): void {
  const propagation = spec.linux?.rootfsPropagation;
  if (
    options.noPivot && (propagation === "private" || propagation === "rprivate")
  ) {
    problems.refuse(
      "/linux/rootfsPropagation",
      "rootfsPropagation of [r]private is not safe without pivot_root",
    );
  }
}

function checkDevice(
  { problems }: RuleContext,
  device: Device,
  pointer: string,
): void {
  const { type, path, fileMode = 0 } = device;
  if (!isAbsolute(path)) {
    problems.refuse(
      `${pointer}/path`,
      `${quote(path)} is not an absolute path`,
    );
  }
  for (const name of ["major", "minor"] as const) {
    const number = device[name];
    if (number === undefined) {
      if (type !== "p") {
        problems.refuse(
          `${pointer}/${name}`,
          `missing, needed for a device of type ${type}`,
        );
      }
    } else if (number < 0 || number > LAST_NUMBER[name]) {
      problems.refuse(
        `${pointer}/${name}`,
        `got ${number}, expected 0 to ${LAST_NUMBER[name]}`,
      );
    }
  }
  if (fileMode > MODE_BITS) {
    problems.refuse(
      `${pointer}/fileMode`,
      `got ${fileMode}, expected permission bits (0 to 511)`,
    );
  }
}

/** Checks paths inside the container that are changed besides the mounts. */
export function pathRules(context: RuleContext): void {
  checkPropagation(context);
  checkHiddenPaths(context, "maskedPaths");
  checkHiddenPaths(context, "readonlyPaths");
  for (const [index, device] of (context.spec.linux?.devices ?? []).entries()) {
    checkDevice(context, device, jsonPointer("linux", "devices", index));
  }
}
