/**
 * What must be known of a container's cgroup to find it again.
 *
 * @module
 */
import { CgroupError } from "../errors.ts";
import { type CgroupFiles, openHierarchy } from "./files.ts";
import type { CgroupLayout, CgroupMode } from "./layout.ts";
import { type CgroupLocation, cgroupPaths } from "./paths.ts";

/** A container's cgroup as plain data, for its state on disk. Needs neither configuration nor mountinfo to be used. */
export interface CgroupRecord {
  /** The version in use. `none`: the container has no cgroup. */
  mode: CgroupMode;
  /** Its directory by controller, as runc's `cgroup_paths`; the unified hierarchy is `""`. */
  paths: Record<string, string>;
  /** Where the hierarchy of each controller is mounted. */
  mountPoints: Record<string, string>;
  /** Controllers whose directory was there before the container. It is limited, but not removed. */
  existing: string[];
  /** True if its maker had no full privileges, so that some refusals of the kernel are to be expected. */
  rootless: boolean;
  /**
   * True before it is made: what is there may be somebody else's, so nothing in it is killed, and it is removed only if
   * nobody is in it.
   */
  planned?: true;
  /** True if cpuset's files lack their `cpuset.` prefix. */
  noPrefix?: true;
  /** The scope that systemd keeps the container in, if it manages cgroups. On v2 there are no paths until it is there. */
  systemd?: ScopeRecord;
}

/** A scope of systemd's: systemd.scope(5). */
export interface ScopeRecord {
  /** The unit's name, ending in `.scope`. */
  readonly unit: string;
  /** The slice it is in. */
  readonly slice: string;
  /** Where its cgroup is to be, below each hierarchy's mount point. */
  readonly path: string;
  /** True if it is the creator's own manager that has it. */
  readonly user?: true;
}

/** A copy of its own. */
export function copyRecord(record: CgroupRecord): CgroupRecord {
  const { paths, mountPoints, existing } = record;
  return {
    ...record,
    paths: { ...paths },
    mountPoints: { ...mountPoints },
    existing: [...existing],
  };
}

/** A directory of a container's cgroup. */
export interface CgroupPart {
  /** The controllers it is about; more than one where they are mounted together. */
  readonly controllers: readonly string[];
  /** The hierarchy. */
  readonly files: CgroupFiles;
  /** The directory, relative to the mount point. */
  readonly directory: string;
  /** The directory in full. */
  readonly path: string;
}

/** Gives a hierarchy by its mount point. */
export type OpenHierarchy = (mountPoint: string) => CgroupFiles;

/**
 * The record of a cgroup that is still to be made.
 *
 * @throws {CgroupError} as {@linkcode cgroupPaths}
 */
export function newRecord(
  layout: CgroupLayout,
  location: CgroupLocation & { readonly rootless?: boolean | undefined },
): CgroupRecord {
  const rootless = location.rootless ?? false;
  if (layout.mode === "none" && rootless && !location.cgroupsPath) {
    return { mode: "none", paths: {}, mountPoints: {}, existing: [], rootless };
  }
  const paths = cgroupPaths(layout, location);
  const mountPoints: Record<string, string> = {};
  let noPrefix = false;
  for (const { controllers, mountPoint, noPrefix: bare } of layout.mounts) {
    for (const controller of controllers) {
      if (controller in paths) mountPoints[controller] ??= mountPoint;
    }
    noPrefix ||= bare === true && controllers.includes("cpuset");
  }
  const record = {
    mode: layout.mode,
    paths,
    mountPoints,
    existing: [],
    rootless,
    planned: true as const,
  };
  return noPrefix ? { ...record, noPrefix } : record;
}

/**
 * The record of a scope that is still to be made. On v2 systemd makes its one directory; on v1 we make them all, so that
 * systemd, which does not know all hierarchies, finds those that it does.
 *
 * @throws {CgroupError} as {@linkcode cgroupPaths}
 */
export function plannedScope(
  layout: CgroupLayout,
  systemd: ScopeRecord,
  rootless: boolean,
): CgroupRecord & { readonly systemd: ScopeRecord } {
  const { mode } = layout;
  if (mode !== "v2") {
    const { unit: id, path: cgroupsPath } = systemd;
    return { ...newRecord(layout, { id, cgroupsPath, rootless }), systemd };
  }
  const nothing = { paths: {}, mountPoints: {}, existing: [] };
  return { mode, ...nothing, rootless, planned: true, systemd };
}

/**
 * The directories of a record, each once, in its order.
 *
 * @throws {CgroupError} if a path is not below its mount point: the record was not made here
 */
export function partsOf(
  record: CgroupRecord,
  open: OpenHierarchy = openHierarchy,
): CgroupPart[] {
  const byPath = new Map<string, CgroupPart & { controllers: string[] }>();
  const hierarchies = new Map<string, CgroupFiles>();
  for (const [controller, path] of Object.entries(record.paths)) {
    const shared = byPath.get(path);
    if (shared !== undefined) {
      shared.controllers.push(controller);
      continue;
    }
    const mountPoint = record.mountPoints[controller];
    if (
      mountPoint === undefined || !path.startsWith(mountPoint + "/") ||
      /\/(\.\.?)?(\/|$)/.test(path)
    ) {
      throw new CgroupError(
        path,
        `Cannot use cgroup ${path}: it is not below a mounted hierarchy`,
      );
    }
    let files = hierarchies.get(mountPoint);
    if (files === undefined) {
      hierarchies.set(mountPoint, files = open(mountPoint));
    }
    byPath.set(path, {
      controllers: [controller],
      files,
      directory: path.slice(mountPoint.length + 1),
      path,
    });
  }
  return [...byPath.values()];
}
