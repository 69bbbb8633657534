/**
 * The directories of a container's cgroup.
 *
 * @module
 */
import { CgroupError } from "../errors.ts";
import { cleanPath } from "../paths.ts";
import type { CgroupLayout, CgroupMount } from "./layout.ts";

/**
 * The order in which runc goes through the v1 hierarchies: a container's cpuset must exist before its limits, and the
 * `name=` and unified hierarchies, which limit nothing, come last. Controllers not listed (`debug`) are left alone.
 */
const V1_CONTROLLERS = [
  "cpuset",
  "devices",
  "memory",
  "cpu",
  "cpuacct",
  "pids",
  "blkio",
  "hugetlb",
  "net_cls",
  "net_prio",
  "perf_event",
  "freezer",
  "rdma",
  "name=systemd",
  "misc",
  "",
] as const;

const encoder = new TextEncoder();

/** What decides where a container's cgroup is. */
export interface CgroupLocation {
  /** The container's id: the cgroup's name when nothing else is asked for. */
  readonly id: string;
  /** `linux.cgroupsPath` of the configuration. */
  readonly cgroupsPath?: string | undefined;
}

function join(directory: string, below: string): string {
  return cleanPath(`${directory}/${below}`);
}

/** `path` seen from `root`, or undefined if it is not at or below it. */
function relativeTo(root: string, path: string): string | undefined {
  if (root === "/") return path;
  if (path === root) return "/";
  return path.startsWith(root + "/") ? path.slice(root.length) : undefined;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The directory of our own cgroup in a v1 hierarchy; undefined if it is not in the part that is mounted. */
export function ownDirectory(
  mount: CgroupMount,
  controller: string,
  own: CgroupLayout["own"],
): string | undefined {
  const path = own[controller] ?? "/";
  const below = relativeTo(mount.root, path);
  // In a cgroup namespace, /proc shows what is outside of it by way of `..`.
  if (below === undefined || /\/\.\.(\/|$)/.test(path)) return undefined;
  return join(mount.mountPoint, below);
}

function outside(mount: CgroupMount, own: string): CgroupError {
  const { mountPoint, root } = mount;
  const detail =
    `our own cgroup ${own} is not below ${root}, which is what is mounted there; give an absolute cgroupsPath`;
  return new CgroupError(
    mountPoint,
    `Cannot place a cgroup in ${mountPoint}: ${detail}`,
  );
}

/**
 * The directory in the unified hierarchy that a relative path starts from: the parent of our own cgroup. Ours has
 * processes in it, and such a cgroup can't hand controllers on (cgroup-v2.rst, "No Internal Process Constraint").
 */
function unifiedDirectory(
  mount: CgroupMount,
  own: CgroupLayout["own"],
): string {
  const below = relativeTo(mount.root, parentOf(own[""] ?? "/"));
  return join(mount.mountPoint, below ?? "/");
}

/** Where relative paths start. */
function relativeStart(
  { mode, own }: CgroupLayout,
  mount: CgroupMount,
  controller: string,
): string {
  if (mode === "v2") return unifiedDirectory(mount, own);
  const directory = ownDirectory(mount, controller, own);
  if (directory === undefined) throw outside(mount, own[controller] ?? "/");
  return directory;
}

function missing(layout: CgroupLayout): CgroupError {
  const text = layout.mode === "none"
    ? "Cannot use cgroups: no cgroup file system is mounted; mount one on /sys/fs/cgroup"
    : "Cannot use cgroups: the devices controller of cgroup v1 is not mounted, and without it a container could use " +
      "every device; mount it on /sys/fs/cgroup/devices";
  return new CgroupError("/sys/fs/cgroup", text);
}

/** NAME_MAX and PATH_MAX of <linux/limits.h>, less what stands before it. */
const NAME_MAX = 255;
const PATH_MAX = 4096 - 256;

/** One that is too long can't be made, nor be looked for when the container is to be removed. */
function checkLength(asked: string, inner: string): void {
  const sizes = inner.split("/").map((name) => encoder.encode(name).length);
  const size = encoder.encode(inner).length;
  if (size <= PATH_MAX && sizes.every((one) => one <= NAME_MAX)) return;
  const shown = inner.length > 40 ? `${inner.slice(0, 40)}…` : inner;
  throw new CgroupError(
    shown,
    `Cannot use the cgroup ${
      JSON.stringify(shown)
    } of ${size} bytes: names have at most ${NAME_MAX}, paths ${PATH_MAX}${
      asked === "" ? "; give a cgroupsPath, for the id is too long" : ""
    }`,
  );
}

/**
 * Where a container's cgroup is, as runc's cgroupfs driver has it: an absolute `cgroupsPath` is below each
 * hierarchy's mount point, a relative one below our own cgroup (v1) or its parent (v2), and without one the
 * container's id takes its place.
 *
 * @returns absolute directories by controller, in the order they are worked on; v2 has the one controller `""`
 * @throws {CgroupError} if there are no usable hierarchies, or the path names the root of one
 */
export function cgroupPaths(
  layout: CgroupLayout,
  location: CgroupLocation,
): Record<string, string> {
  const asked = location.cgroupsPath ?? "";
  const inner = cleanPath(asked === "" ? location.id : asked);
  if (inner === "" || inner === "/") {
    const detail =
      "it names the root, which cannot be limited or removed; name a cgroup below it";
    throw new CgroupError(
      asked,
      `Cannot use cgroupsPath ${JSON.stringify(asked)}: ${detail}`,
      asked,
    );
  }
  checkLength(asked, inner);
  const absolute = inner.startsWith("/");
  const paths: Record<string, string> = {};
  for (const controller of layout.mode === "v2" ? [""] : V1_CONTROLLERS) {
    const mount = layout.mounts.find((mount) =>
      mount.controllers.includes(controller)
    );
    if (mount === undefined) continue;
    paths[controller] = join(
      absolute ? mount.mountPoint : relativeStart(layout, mount, controller),
      inner,
    );
  }
  if (layout.mode !== "v2" && paths["devices"] === undefined) {
    throw missing(layout);
  }
  return paths;
}
