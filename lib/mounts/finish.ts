/**
 * What becomes read-only when nothing more is made in it.
 *
 * @module
 */
import { MOUNT_ATTR_RDONLY } from "../../ffi/abi/mount.ts";
import { block, type ProgramBuilder } from "../../init/builder.ts";
import type { Operand } from "../../init/program.ts";
import { close, setAttributes } from "./calls.ts";
import { makeReadOnly } from "./read_only.ts";
import { type MountContext, rootOf } from "./context.ts";

const TRIES = 5;
const PAUSE_NSEC = 100_000_000n;

/**
 * Adds the steps that make the delayed mounts and, if configured, the root read-only.
 *
 * Preconditions: pivotRoot(), makeCwd() and the console came before: they make files.
 */
export function finishRoot(b: ProgramBuilder, context: MountContext): void {
  for (const { mount, destination, pointer } of context.delayed) {
    b.section(`make ${destination} read-only`, pointer, () => {
      waitReadOnly(b, context, mount);
      close(b, mount);
    });
  }
  if (!context.spec.root?.readonly) return;
  b.section("make the root read-only", "/root/readonly", () => {
    const attr = { set: MOUNT_ATTR_RDONLY };
    setAttributes(b, { fd: rootOf(context) }, attr, false);
  });
}

/** Files that were closed a moment ago may still count as open for writing (EBUSY). */
function waitReadOnly(
  b: ProgramBuilder,
  context: MountContext,
  mount: Operand,
): void {
  const done = b.label("read-only");
  const pause = new BigInt64Array([0n, PAUSE_NSEC]);
  const timespec = block("100 ms", new Uint8Array(pause.buffer));
  for (let left = TRIES; left > 1; left--) {
    const busy = b.label("busy");
    makeReadOnly(b, context, mount, {
      onError: { do: "jump", errnos: ["EBUSY"], to: busy },
    });
    b.jump(done);
    b.place(busy);
    b.call("nanosleep", [timespec, 0]);
  }
  makeReadOnly(b, context, mount);
  b.place(done);
}
