/**
 * Changing the root.
 *
 * @module
 */
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
} from "../../ffi/abi/fcntl.ts";
import {
  MNT_DETACH,
  MOVE_MOUNT_F_EMPTY_PATH,
  MS_PRIVATE,
  MS_REC,
  MS_SLAVE,
} from "../../ffi/abi/mount.ts";
import { flags, type ProgramBuilder, text } from "../../init/builder.ts";
import { needsDeviceSetup } from "../devices/needs_setup.ts";
import { close, open, setAttributes, stat } from "./calls.ts";
import { rootedPath } from "../paths.ts";
import { hostPath, type MountContext, rootOf } from "./context.ts";
import {
  cloneNullDevice,
  requireNullDevice,
  unlessNullDevice,
} from "./null_device.ts";
import { rootPropagation } from "./root.ts";

const DETACH = flags(MNT_DETACH, { MNT_DETACH });

/**
 * Adds the steps that make the container's root this process's `/`, and the old one disappear.
 *
 * Preconditions: everything that needs the host's paths came before.
 */
export function pivotRoot(b: ProgramBuilder, context: MountContext): void {
  b.section("take a null device from the host", "/linux/maskedPaths", () => {
    if (context.host.mountNamespace) cloneNullDevice(b, context);
  });
  b.section("change the root", "/root", () => {
    if (!context.host.mountNamespace) {
      b.call("fchdir", [rootOf(context)]);
      changeRoot(b);
    } else if (context.noPivot) {
      moveRoot(b, context);
    } else {
      pivot(b, context);
    }
  });
  const propagation = rootPropagation(context);
  if (
    context.host.mountNamespace && (propagation & ~(MS_PRIVATE | MS_REC)) !== 0
  ) {
    b.section("set the root's propagation", "/linux/rootfsPropagation", () => {
      const attr = { propagation: propagation & ~MS_REC };
      const isRecursive = (propagation & MS_REC) !== 0;
      setAttributes(b, { path: "/" }, attr, isRecursive);
    });
  }
  if (needsDeviceSetup(context.spec)) {
    b.section("take the container's null device", undefined, () => {
      reopenNullDevice(b, context);
    });
  }
}

/**
 * pivot_root(2) with both names the same: the new root becomes `/` and the old one lies on top of it, from where it is
 * unmounted; no directory is needed to put it. As a slave its unmounts don't reach the host; were it private, mounts
 * could stay busy on the host that somebody there unmounts meanwhile.
 */
function pivot(b: ProgramBuilder, context: MountContext): void {
  const old = open(b, AT_FDCWD, "/", { flags: O_PATH | O_DIRECTORY[b.arch] });
  b.call("fchdir", [rootOf(context)]);
  b.call("pivot_root", [text("."), text(".")]);
  setAttributes(b, { fd: old }, { propagation: MS_SLAVE }, true);
  b.call("fchdir", [old]);
  b.call("umount2", [text("."), DETACH]);
  close(b, old);
  b.call("chdir", [text("/")]);
}

function changeRoot(b: ProgramBuilder): void {
  b.call("chroot", [text(".")]);
  b.call("chdir", [text("/")]);
}

/**
 * Moves the root over `/`, for an initial ramdisk, which can't be pivoted. The host's mounts stay in the namespace,
 * out of reach; but as long as one shows all of proc or sysfs, the kernel lets the container mount them anew without
 * its masks, so those are unmounted or, where they are locked, covered.
 */
function moveRoot(b: ProgramBuilder, context: MountContext): void {
  const rootfs = rootedPath(hostPath(context, context.spec.root?.path ?? ""));
  for (const path of context.host.bareMounts ?? []) {
    if (path === rootfs || path.startsWith(`${rootfs}/`)) continue;
    const [cover, next] = [b.label("cover"), b.label("next")];
    setAttributes(b, { path }, { propagation: MS_SLAVE }, true, {
      // An unmount before took it along.
      onError: { do: "jump", errnos: ["ENOENT", "EINVAL"], to: next },
    });
    b.call("umount2", [text(path), DETACH], {
      onError: { do: "jump", errnos: ["EINVAL", "EPERM"], to: cover },
    });
    b.jump(next);
    b.place(cover);
    b.call("mount", [text("tmpfs"), text(path), text("tmpfs"), 0, 0]);
    b.place(next);
  }
  const root = rootOf(context);
  b.call("fchdir", [root]);
  b.call("move_mount", [
    root,
    text(""),
    AT_FDCWD,
    text("/"),
    flags(MOVE_MOUNT_F_EMPTY_PATH, { MOVE_MOUNT_F_EMPTY_PATH }),
  ]);
  changeRoot(b);
}

/**
 * The mount points of whole proc and sysfs mounts, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)); what
 * {@linkcode MountHost.bareMounts} wants.
 */
export function bareMounts(mountinfo: string): string[] {
  const points: string[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before, after] = line.split(" - ");
    const [, , , root, point] = before!.split(" ");
    const type = after?.split(" ")[0];
    if (point === undefined || root !== "/") continue;
    if (type === "proc" || type === "sysfs") points.push(unescape(point));
  }
  return points;
}

/** Spaces and the like are octal in mountinfo. */
function unescape(text: string): string {
  return text.replace(
    /\\([0-7]{3})/g,
    (_, digits: string) => String.fromCharCode(parseInt(digits, 8)),
  );
}

/** Standard streams that are the host's null device become the container's: the host's mount would stay in use. */
function reopenNullDevice(b: ProgramBuilder, context: MountContext): void {
  const how = { flags: O_RDWR | O_NOFOLLOW[b.arch] };
  const path = open(b, rootOf(context), "dev/null", {
    flags: O_PATH | O_NOFOLLOW[b.arch],
  });
  requireNullDevice(b, stat(b, path));
  close(b, path);
  const device = open(b, rootOf(context), "dev/null", how);
  requireNullDevice(b, stat(b, device));
  for (const fd of [0, 1, 2]) {
    const next = b.label("is something else");
    const state = stat(b, fd, {
      onError: { do: "jump", errnos: ["EBADF"], to: next },
    });
    unlessNullDevice(b, state, next);
    b.call("dup3", [device, fd, 0]);
    b.place(next);
  }
  close(b, device);
}
