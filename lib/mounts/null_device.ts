/**
 * The null device, known by its numbers and not by its name: an image may have anything at /dev/null (CVE-2025-31133).
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import { S_IFCHR, S_IFMT } from "../../ffi/abi/fcntl.ts";
import type { ProgramBuilder } from "../../init/builder.ts";
import type { Block, Label } from "../../init/program.ts";
import { cloneMount, stat, statField } from "./calls.ts";
import type { MountContext } from "./context.ts";

const MAJOR = 1;
const MINOR = 3;

/** Goes on at `to` unless the file is the null device. */
export function unlessNullDevice(
  b: ProgramBuilder,
  state: Block,
  to: Label,
): void {
  b.unless(statField(state, "mode"), S_IFMT, S_IFCHR, to);
  b.unless(statField(state, "rdevMajor"), -1, MAJOR, to);
  b.unless(statField(state, "rdevMinor"), -1, MINOR, to);
}

/** Fails unless the file is the null device. */
export function requireNullDevice(b: ProgramBuilder, state: Block): void {
  const [wrong, right] = [b.label("no null device"), b.label("null device")];
  unlessNullDevice(b, state, wrong);
  b.jump(right);
  b.place(wrong);
  b.fail(ERRNO.ENODEV, "/dev/null is not the null device (char 1:3)");
  b.place(right);
}

/** Clones the host's null device if there are paths to mask. */
export function cloneNullDevice(
  b: ProgramBuilder,
  context: MountContext,
): void {
  if ((context.spec.linux?.maskedPaths ?? []).length === 0) return;
  const device = cloneMount(b, { path: "/dev/null" }, false);
  requireNullDevice(b, stat(b, device));
  context.nullDevice = device;
}
