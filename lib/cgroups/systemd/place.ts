/**
 * Where a scope's cgroup is, and where a process goes within it.
 *
 * @module
 */
import { CgroupError } from "../../errors.ts";
import { type CgroupMount, parseOwnCgroups } from "../layout.ts";
import { ownDirectory } from "../paths.ts";
import { placeIn, type PlaceOptions } from "../placement.ts";
import { type CgroupRecord, type OpenHierarchy, partsOf } from "../record.ts";

/** A process that systemd has put into a scope. */
export interface ScopeProcess {
  /** The unified hierarchy. */
  readonly mount: CgroupMount;
  readonly pid: number;
  /** Text of /proc/PID/cgroup. */
  readonly text: string;
}

/**
 * Where systemd has put a scope's first process, below the mount point: what is around a manager is its own affair.
 *
 * @throws {CgroupError} if the process is elsewhere
 */
export function scopePath(
  unit: string,
  { mount, pid, text }: ScopeProcess,
): string {
  const own = parseOwnCgroups(text);
  const directory = ownDirectory(mount, "", own);
  if (!directory?.endsWith(`/${unit}`)) {
    throw new CgroupError(
      unit,
      `systemd has started ${unit}, but process ${pid} is in ${own[""]}`,
    );
  }
  return directory.slice(mount.mountPoint.length);
}

/**
 * Where in a scope a further process goes, on v2.
 *
 * @returns `/`, or a cgroup below the scope's, such as `/init`
 * @throws {CgroupError} if the scope's cgroup is gone
 */
export function placeInScope(
  record: CgroupRecord,
  options: PlaceOptions,
  open?: OpenHierarchy,
): string {
  const [part] = partsOf(record, open);
  if (part === undefined) return "/";
  const { files, directory } = part;
  try {
    return placeIn(files, directory, options).slice(directory.length) || "/";
  } finally {
    files.close();
  }
}
