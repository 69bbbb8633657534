/**
 * What the kernel counts when memory runs out.
 *
 * @module
 */
import { readKernelFile } from "../../../ffi/read_file.ts";
import type { CgroupRecord } from "../record.ts";
import { keyed, numberIn } from "../stats/fields.ts";

/** A container's cgroup that memory is counted in. */
export interface MemoryCgroup {
  readonly version: 1 | 2;
  /** Its directory. */
  readonly path: string;
  /** Where the hierarchy is mounted. */
  readonly mountPoint: string;
}

/** Where a container's memory is counted; undefined if it is not. */
export function memoryCgroup(
  { mode, paths, mountPoints }: CgroupRecord,
): MemoryCgroup | undefined {
  const controller = mode === "v2" ? "" : "memory";
  const path = paths[controller];
  const mountPoint = mountPoints[controller];
  if (path === undefined || mountPoint === undefined) return undefined;
  return { version: mode === "v2" ? 2 : 1, path, mountPoint };
}

/** A table of names and numbers; undefined if the file is not there. */
export function readTable(path: string): Record<string, number> | undefined {
  const text = readKernelFile(path);
  return text === undefined ? undefined : keyed(text);
}

/** The cgroups that somebody made below; reading the directory is worth while only if it has links. */
function below(path: string): string[] {
  try {
    const plain = Deno.statSync(path).nlink === 2;
    if (plain) return [];
    return [...Deno.readDirSync(path)].filter((entry) => entry.isDirectory)
      .map(({ name }) => `${path}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * How many processes of a container the kernel has killed for want of memory, those in cgroups below included. v1 counts
 * for each cgroup, and forgets a cgroup that is removed.
 */
export function oomKills({ version, path }: MemoryCgroup): number {
  if (version === 2) {
    return readTable(`${path}/memory.events`)?.["oom_kill"] ?? 0;
  }
  const own = readTable(`${path}/memory.oom_control`)?.["oom_kill"] ?? 0;
  return below(path).reduce(
    (sum, child) => sum + oomKills({ version, path: child, mountPoint: "" }),
    own,
  );
}

/**
 * How often a cgroup's own limit led to somebody being killed; on v1, how often it was reached at all, which page cache
 * does often. Undefined if the cgroup is gone.
 */
export function timesReached(
  version: 1 | 2,
  path: string,
): number | undefined {
  if (version === 2) return readTable(`${path}/memory.events.local`)?.["oom"];
  const memory = readKernelFile(`${path}/memory.failcnt`);
  if (memory === undefined) return undefined;
  const swap = readKernelFile(`${path}/memory.memsw.failcnt`) ?? "0";
  return (numberIn(memory) ?? 0) + (numberIn(swap) ?? 0);
}

/** Near what v1 shows for "no limit". */
const NO_LIMIT = 2 ** 62;
/** The last pages below a limit may be too few for what was asked for. */
const LAST_PAGES = 65_536;

/**
 * Whether a cgroup of v1 has ever used as much memory, or memory and swap, as it may. Some kernels do not count how often
 * a limit was reached (seen with Linux 6.18), but all know the most that was in use.
 */
export function hasBeenFull(path: string): boolean {
  return ["memory.", "memory.memsw."].some((prefix) => {
    const read = (name: string): number | undefined =>
      numberIn(readKernelFile(`${path}/${prefix}${name}_in_bytes`) ?? "");
    const [limit, most] = [read("limit"), read("max_usage")];
    return limit !== undefined && limit < NO_LIMIT && most !== undefined &&
      most + LAST_PAGES >= limit;
  });
}

/** A cgroup's limit of memory; undefined if it has none. */
export function limitOf(version: 1 | 2, path: string): number | undefined {
  const file = version === 2 ? "memory.max" : "memory.limit_in_bytes";
  const limit = numberIn(readKernelFile(`${path}/${file}`) ?? "");
  return limit === undefined || limit > NO_LIMIT ? undefined : limit;
}

/** The cgroups above, the nearest first, without the mount point. */
export function ancestors({ path, mountPoint }: MemoryCgroup): string[] {
  const found: string[] = [];
  for (
    let up = path.slice(0, path.lastIndexOf("/"));
    up.length > mountPoint.length;
    up = up.slice(0, up.lastIndexOf("/"))
  ) found.push(up);
  return found;
}

/** The cgroups at all levels below. */
export function descendants(path: string): string[] {
  return below(path).flatMap((child) => [child, ...descendants(child)]);
}
