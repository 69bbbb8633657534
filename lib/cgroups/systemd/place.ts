/**
 * Where a scope's cgroup is, and where a process goes within it.
 *
 * @module
 */
import { CgroupError } from "../../errors.ts";
import type { Resources } from "../../spec/types.ts";
import { type CgroupMount, parseOwnCgroups } from "../layout.ts";
import type { CgroupManager } from "../manager.ts";
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
 * Makes those directories of a cgroup of v1 that are not there.
 *
 * @param resources limits, of which those of real time matter before a process is in it
 * @throws {CgroupError} if one can't be made
 */
export async function makeAgain(
  record: CgroupRecord,
  resources: Resources,
  { openCgroup, open }: {
    readonly openCgroup: (record: CgroupRecord) => CgroupManager;
    readonly open?: OpenHierarchy | undefined;
  },
): Promise<void> {
  const paths: Record<string, string> = {};
  for (const { files, directory, controllers } of partsOf(record, open)) {
    const isGone = !files.exists(directory);
    files.close();
    for (const controller of isGone ? controllers : []) {
      paths[controller] = record.paths[controller]!;
    }
  }
  if (Object.keys(paths).length === 0) return;
  const { realtimeRuntime, realtimePeriod } = resources.cpu ?? {};
  using missing = openCgroup({ ...record, paths, planned: true });
  await missing.create(
    paths["cpu"] === undefined ? {} : {
      cpu: { realtimeRuntime, realtimePeriod } as Resources["cpu"] & object,
    },
  );
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
