/**
 * Bind mounts: a clone of the source is made, changed while it is attached nowhere, and attached.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import { PROC_SUPER_MAGIC } from "../../ffi/abi/mount.ts";
import { type ProgramBuilder, word } from "../../init/builder.ts";
import type { Operand } from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { upcall } from "../../init/upcall.ts";
import { ConfigError } from "../errors.ts";
import { isIdMapOption } from "../spec/id_map_option.ts";
import {
  attach,
  cloneMount,
  close,
  descriptorSlot,
  setAttributes,
  stat,
  statField,
  unlessFileSystem,
} from "./calls.ts";
import { hostPath, type MountContext } from "./context.ts";
import {
  bindAttributes,
  lockedBindAttributes,
  type MountOptions,
} from "./options.ts";
import type { MountPlan } from "./plan.ts";
import { openMountTarget } from "./open_mount_target.ts";
import { finishMount } from "./finish_mount.ts";

/**
 * Adds the steps of a bind mount.
 *
 * @throws {ConfigError} if ids are to be mapped, and nothing says how
 */
export function bindMount(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
): void {
  const source = openSource(b, context, plan);
  if (plan.options.idmap !== "none") mapIds(b, context, plan, source);
  if (plan.destination === "/proc") requireProc(b, source);
  changeAttributes(b, source, plan.options);
  const mode = statField(stat(b, source, { keep: "source" }), "mode");
  const target = openMountTarget(b, context, plan, mode);
  attach(b, source, target.fd);
  close(b, target.fd);
  finishMount(b, context, plan, source);
}

/** The source as a mount of its own. The parent brings it if we may not reach it. */
function openSource(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
): Operand {
  const from = { path: hostPath(context, plan.source) };
  const isRecursive = plan.options.bind === "recursive";
  if (!context.host.userNamespace) return cloneMount(b, from, isRecursive);
  const fd = descriptorSlot("source");
  const [refused, done] = [b.label("not reachable"), b.label("source")];
  const clone = cloneMount(b, from, isRecursive, {
    onError: { do: "jump", errnos: ["EACCES"], to: refused },
  });
  b.store(fd, clone);
  b.jump(done);
  b.place(refused);
  const options = { value: plan.index, receive: 1 };
  b.store(fd, upcall(b, context.sync, MESSAGE.SOURCE, options).fds[0]!);
  b.place(done);
  return word(fd);
}

/**
 * Has the parent map the ids of the clone, while it is attached nowhere: later the kernel would refuse. The clone is
 * made by us, for what is mounted at the source is what the container's mounts have made of it.
 *
 * @throws {ConfigError} if nothing says how
 */
function mapIds(
  b: ProgramBuilder,
  { sync, host }: MountContext,
  { index, mount, pointer }: MountPlan,
  source: Operand,
): void {
  const { uidMappings = [], options = [] } = mount;
  const isGiven = uidMappings.length > 0 || options.some(isIdMapOption);
  if (!host.userNamespace && !isGiven) {
    throw new ConfigError(
      `${pointer}/options`,
      "an id-mapped mount needs mappings, or a user namespace",
    );
  }
  upcall(b, sync, MESSAGE.SOURCE, { value: index, send: source });
}

function requireProc(b: ProgramBuilder, source: Operand): void {
  const [other, done] = [b.label("not procfs"), b.label("procfs")];
  unlessFileSystem(b, source, PROC_SUPER_MAGIC, other);
  b.jump(done);
  b.place(other);
  b.fail(
    ERRNO.EINVAL,
    '"/proc" cannot be mounted because it is not of type proc',
  );
  b.place(done);
}

/**
 * Sets and clears a mount's attributes. In a user namespace the source's may be locked; then those that nobody asked to
 * be cleared are kept, and if one was, it is a failure.
 */
export function changeAttributes(
  b: ProgramBuilder,
  fd: Operand,
  options: MountOptions,
): void {
  const attributes = bindAttributes(options);
  if (attributes === undefined) return;
  const [locked, done] = [b.label("locked"), b.label("attributes set")];
  setAttributes(b, { fd }, attributes, false, {
    onError: { do: "jump", errnos: ["EPERM"], to: locked },
  });
  b.jump(done);
  b.place(locked);
  setAttributes(b, { fd }, lockedBindAttributes(options), false);
  b.place(done);
}
