/**
 * Mounts of cgroups, types `cgroup` and `cgroup2`: what the host has decides what is mounted, cgroups(7).
 *
 * @module
 */
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
} from "../../ffi/abi/fcntl.ts";
import {
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_RDONLY,
} from "../../ffi/abi/mount.ts";
import {
  type ProgramBuilder,
  type StepOptions,
  text,
  word,
} from "../../init/builder.ts";
import type { ErrorRule, Label, Operand, Result } from "../../init/program.ts";
import { attach, cloneMount, close, descriptorSlot, open } from "./calls.ts";
import { changeAttributes } from "./bind.ts";
import type {
  CgroupHierarchy,
  MountContext,
  NamedDirectory,
} from "./context.ts";
import { emptyDirectory } from "./empty_directory.ts";
import { finishMount } from "./finish_mount.ts";
import { makeMount, type Parameter } from "./new_mount.ts";
import { openMountTarget } from "./open_mount_target.ts";
import { newMountAttributes } from "./options.ts";
import { makeReadOnly } from "./read_only.ts";
import { type MountPlan, parametersOf } from "./plan.ts";

const UNIFIED_MOUNT_POINT = "/sys/fs/cgroup";
const NAMED = "name=";
const TMPFS: readonly Parameter[] = [
  { key: "source", value: "tmpfs" },
  { key: "mode", value: "755" },
];
const SAFE = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/** Adds the steps of a cgroup mount. */
export function cgroupMount(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
): void {
  const isUnified = plan.type === "cgroup2" ||
    context.host.cgroup.mode === "v2";
  const target = openMountTarget(b, context, plan);
  const mount = isUnified
    ? unifiedMount(b, context, plan)
    : makeMount(b, "tmpfs", tmpfsParameters(context), SAFE);
  attach(b, mount, target.fd);
  close(b, target.fd);
  if (!isUnified) hierarchies(b, context, plan, mount);
  finishMount(b, context, plan, mount);
}

function tmpfsParameters({ spec }: MountContext): readonly Parameter[] {
  const label = spec.linux?.mountLabel;
  return label ? [...TMPFS, { key: "context", value: label }] : TMPFS;
}

/**
 * The unified hierarchy. Where the kernel refuses to mount it (a user namespace without a cgroup namespace: EPERM; a v1
 * host: EBUSY), the host's mount is taken: the container's own cgroup if it has a cgroup namespace, else all of it.
 */
function unifiedMount(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
): Operand {
  const fd = descriptorSlot("cgroup2");
  const [refused, done] = [b.label("refused"), b.label("mount made")];
  const onError: ErrorRule = {
    do: "jump",
    errnos: ["EPERM", "EBUSY"],
    to: refused,
  };
  const attributes = newMountAttributes(plan.options);
  const parameters = parametersOf(plan);
  b.store(fd, makeMount(b, "cgroup2", parameters, attributes, { onError }));
  b.jump(done);
  b.place(refused);
  const path = unifiedPath(context);
  if (context.host.userNamespace) {
    // A cgroup that can't be reached must not leave /sys/fs/cgroup of a bound /sys open to writes (CVE-2023-25809).
    const missing = b.label("no cgroup");
    b.store(fd, cloneDirectory(b, path, false, missing));
    changeAttributes(b, word(fd), plan.options);
    b.jump(done);
    b.place(missing);
    emptyDirectory(b, context, fd);
  } else {
    b.store(fd, cloneDirectory(b, path, false));
    changeAttributes(b, word(fd), plan.options);
  }
  b.place(done);
  return word(fd);
}

function unifiedPath({ host }: MountContext): string | NamedDirectory {
  const unified = host.cgroup.hierarchies.find(isUnifiedHierarchy);
  if (unified === undefined) return UNIFIED_MOUNT_POINT;
  return host.cgroupNamespace ? unified.containerPath : unified.mountPoint;
}

function isUnifiedHierarchy({ controllers }: CgroupHierarchy): boolean {
  return controllers.includes("");
}

/**
 * A directory for each v1 hierarchy, and links for controllers that share one (`cpu` to `cpu,cpuacct`). With a cgroup
 * namespace each is mounted anew, rooted at the container's cgroup; without, that cgroup is bound, or ours if there is
 * none.
 */
function hierarchies(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
  tmpfs: Operand,
): void {
  for (const hierarchy of context.host.cgroup.hierarchies) {
    if (isUnifiedHierarchy(hierarchy)) continue;
    const name = baseName(hierarchy.mountPoint);
    b.call("mkdirat", [tmpfs, text(name), 0o755]);
    const directory = open(b, tmpfs, name, {
      flags: O_PATH | O_DIRECTORY[b.arch],
      resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    });
    const mount = hierarchyMount(b, context, plan, hierarchy);
    attach(b, mount, directory);
    close(b, mount);
    close(b, directory);
    for (const controller of name.split(",")) {
      if (controller === name) continue;
      b.call("symlinkat", [text(name), tmpfs, text(controller)]);
    }
  }
  if ((plan.options.flags & MS_RDONLY) !== 0) {
    makeReadOnly(b, context, tmpfs);
  }
}

function hierarchyMount(
  b: ProgramBuilder,
  { host }: MountContext,
  { options }: MountPlan,
  hierarchy: CgroupHierarchy,
): Operand {
  if (!host.cgroupNamespace) {
    const mount = hierarchyClone(b, hierarchy);
    changeAttributes(b, mount, options);
    return mount;
  }
  const isReadOnly = (options.flags & MS_RDONLY) !== 0;
  return makeMount(
    b,
    "cgroup",
    [
      { key: "source", value: "cgroup" },
      ...hierarchy.controllers.map(parameter),
    ],
    SAFE | (isReadOnly ? MOUNT_ATTR_RDONLY : 0),
  );
}

/**
 * A directory of a hierarchy as a mount.
 *
 * @param missing where to go on if it is not there; left out, that is a failure
 */
function cloneDirectory(
  b: ProgramBuilder,
  path: string | NamedDirectory,
  recursive: boolean,
  missing?: Label,
): Result {
  const ifMissing = (to: Label | undefined): StepOptions =>
    to === undefined ? {} : { onError: { do: "jump", errnos: ["ENOENT"], to } };
  if (typeof path === "string") {
    return cloneMount(b, { path }, recursive, ifMissing(missing));
  }
  const fd = b.call("openat", [
    AT_FDCWD,
    text(path.directory),
    O_PATH | O_DIRECTORY[b.arch] | O_CLOEXEC,
    0,
  ]);
  const [refused, done] = [b.label("not there"), b.label("there")];
  const to = missing === undefined ? undefined : refused;
  const from = { fd, name: path.name };
  const clone = cloneMount(b, from, recursive, ifMissing(to));
  close(b, fd);
  if (missing === undefined) return clone;
  b.jump(done);
  b.place(refused);
  close(b, fd);
  b.jump(missing);
  b.place(done);
  return clone;
}

/** The container's cgroup as a mount. A container without one, for want of permission to make it, is in our own. */
function hierarchyClone(
  b: ProgramBuilder,
  { containerPath, ownPath }: CgroupHierarchy,
): Operand {
  if (ownPath === undefined) {
    return cloneDirectory(b, containerPath, true);
  }
  const fd = descriptorSlot("cgroup");
  const [missing, done] = [b.label("no cgroup"), b.label("cgroup")];
  b.store(fd, cloneDirectory(b, containerPath, true, missing));
  b.jump(done);
  b.place(missing);
  b.store(fd, cloneMount(b, { path: ownPath }, true));
  b.place(done);
  return word(fd);
}

/** `cpu`, or the name of a hierarchy without controllers, `name=systemd`. */
function parameter(controller: string): Parameter {
  return controller.startsWith(NAMED)
    ? { key: "name", value: controller.slice(NAMED.length) }
    : { key: controller };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
