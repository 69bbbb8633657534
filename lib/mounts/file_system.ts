/**
 * Mounts of new file systems: proc, sysfs, tmpfs, devpts, mqueue, overlay and any other type.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import {
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  STATX_ATTR_MOUNT_ROOT,
} from "../../ffi/abi/fcntl.ts";
import { MS_RDONLY } from "../../ffi/abi/mount.ts";
import {
  type ProgramBuilder,
  type StepOptions,
  text,
  word,
} from "../../init/builder.ts";
import type { Operand } from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { upcall } from "../../init/upcall.ts";
import { hasNamespace } from "../spec/namespaces.ts";
import type { NamespaceType } from "../spec/types.ts";
import {
  attach,
  cloneMount,
  close,
  descriptorSlot,
  mountFlags,
  open,
  setAttributes,
  stat,
  statField,
} from "./calls.ts";
import { type MountContext, rootOf } from "./context.ts";
import { IN_ROOT } from "./directory.ts";
import { finishMount } from "./finish_mount.ts";
import { makeMount } from "./new_mount.ts";
import { openMountTarget } from "./open_mount_target.ts";
import { lockedBindAttributes, newMountAttributes } from "./options.ts";
import {
  dataOf,
  type MountPlan,
  needsMountCall,
  parametersOf,
} from "./plan.ts";
import type { Target } from "./target.ts";

/**
 * File systems that belong to a namespace: where a user namespace does not own it, the kernel refuses a new mount, and
 * the host's, which shows the same, is taken instead.
 */
const HOST_MOUNTS: Readonly<Record<string, readonly [NamespaceType, string]>> =
  {
    mqueue: ["ipc", "/dev/mqueue"],
    proc: ["pid", "/proc"],
    sysfs: ["network", "/sys"],
  };

/** Types whose files are not labelled by a mount option. */
const UNLABELLED_TYPES: readonly string[] = ["proc", "sysfs", "mqueue"];

/** Adds the steps of a mount of a new file system. */
export function fileSystemMount(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
): void {
  const labelled = withLabel(context, plan);
  const target = openMountTarget(b, context, labelled);
  const attached = needsMountCall(labelled);
  const mount = attached
    ? mountByCall(b, context, labelled, target)
    : newMount(b, context, labelled);
  if (plan.type === "tmpfs") inheritMode(b, plan, target, mount);
  if (plan.options.copyUp) copyUp(b, context, plan, target, mount);
  if (plan.type === "mqueue") labelRoot(b, context, mount);
  if (!attached) attach(b, mount, target.fd);
  close(b, target.fd);
  finishMount(b, context, plan, mount);
}

/** The mount with the SELinux label of linux.mountLabel among its options. */
function withLabel({ spec }: MountContext, plan: MountPlan): MountPlan {
  const label = spec.linux?.mountLabel;
  if (!label || UNLABELLED_TYPES.includes(plan.type)) return plan;
  return { ...plan, label };
}

/** Sets the SELinux label of a file system's root, for those that don't take it as an option. */
function labelRoot(
  b: ProgramBuilder,
  { spec }: MountContext,
  mount: Operand,
): void {
  const label = spec.linux?.mountLabel;
  if (!label) return;
  const directory = { flags: O_RDONLY | O_DIRECTORY[b.arch] };
  const root = open(b, mount, ".", directory);
  const size = new TextEncoder().encode(label).length;
  b.call("fsetxattr", [root, text("security.selinux"), text(label), size, 0]);
  close(b, root);
}

function newMount(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
): Operand {
  const hidden = plan.delayReadOnly ? MS_RDONLY : 0;
  const options = { ...plan.options, flags: plan.options.flags & ~hidden };
  const make = (step?: StepOptions): Operand =>
    makeMount(
      b,
      plan.type,
      parametersOf({ ...plan, options }),
      newMountAttributes(options),
      step,
    );
  const [namespace, path] = Object.hasOwn(HOST_MOUNTS, plan.type)
    ? HOST_MOUNTS[plan.type]!
    : [];
  if (
    namespace === undefined || !context.host.userNamespace ||
    hasNamespace(context.spec, namespace)
  ) return make();
  const fd = descriptorSlot(plan.type);
  const [refused, done] = [b.label("refused"), b.label("mount made")];
  b.store(
    fd,
    make({ onError: { do: "jump", errnos: ["EPERM"], to: refused } }),
  );
  b.jump(done);
  b.place(refused);
  b.store(fd, cloneMount(b, { path: path! }, true));
  // Below the host's /sys lie mounts, cgroups among them, that have to be as harmless as the new one would be.
  const attributes = lockedBindAttributes(plan.options);
  setAttributes(b, { fd: word(fd) }, attributes, true);
  b.place(done);
  return word(fd);
}

/**
 * Mounts by mount(2), on the working directory, for what fsconfig(2) can't express. The mount is then opened by its
 * path again; a look at it makes sure that it is a mount.
 */
function mountByCall(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
  target: Target,
): Operand {
  const flags = plan.options.flags & ~(plan.delayReadOnly ? MS_RDONLY : 0);
  const data = dataOf(plan);
  b.call("fchdir", [target.fd]);
  b.call("mount", [
    plan.source === "" ? 0 : text(plan.source),
    text("."),
    text(plan.type),
    flags === 0 ? 0 : mountFlags(flags),
    data === "" ? 0 : text(data),
  ]);
  const how = { flags: O_PATH, resolve: IN_ROOT };
  const mount = open(b, rootOf(context), plan.destination.slice(1), how, {
    onError: { do: "retry", errnos: ["EAGAIN"], times: 128 },
  });
  b.test(
    statField(stat(b, mount), "attributes"),
    STATX_ATTR_MOUNT_ROOT,
    STATX_ATTR_MOUNT_ROOT,
    ERRNO.ESTALE,
  );
  return mount;
}

/** A tmpfs takes the mode of the directory that it covers, unless it was made for it or a mode is configured. */
function inheritMode(
  b: ProgramBuilder,
  { options }: MountPlan,
  target: Target,
  mount: Operand,
): void {
  if (options.data.some((option) => /(^|,)mode=/.test(option))) return;
  const wasMade = b.label("was made");
  b.unless(target.made, -1, 0, wasMade);
  const directory = { flags: O_RDONLY | O_DIRECTORY[b.arch] };
  const root = open(b, mount, ".", directory);
  b.call("fchmod", [root, statField(target.stat, "mode")]);
  close(b, root);
  b.place(wasMade);
}

/** The parent copies what the tmpfs covers; it gets two descriptors, first where from, then where to. */
function copyUp(
  b: ProgramBuilder,
  { sync }: MountContext,
  { index }: MountPlan,
  target: Target,
  mount: Operand,
): void {
  upcall(b, sync, MESSAGE.COPY_UP, { value: index, send: [target.fd, mount] });
}
