/**
 * Where the host's cgroup hierarchies are mounted, and where this process is in them.
 *
 * The parser takes the text of `/proc/self/mountinfo` and `/proc/self/cgroup`, so that tests feed text and a command
 * reads each file once. What comes out is plain data: it is part of the host record a container's program is built
 * from.
 *
 * @module
 */
import { parseMounts, visibleMounts } from "./_mountinfo.ts";

/**
 * The cgroup version in use. `v2`: one unified hierarchy with all controllers; `v1`: a hierarchy for each controller;
 * `hybrid`: v1 with a unified hierarchy beside it; `none`: no cgroup file system is mounted.
 */
export type CgroupMode = "v1" | "hybrid" | "v2" | "none";

/** A mounted cgroup hierarchy. */
export interface CgroupMount {
  /** Its controllers: `["cpu", "cpuacct"]`, `["name=systemd"]`, and `[""]` for the unified hierarchy. */
  readonly controllers: readonly string[];
  /** Where it is mounted. */
  readonly mountPoint: string;
  /** The cgroup that appears at the mount point; `/` unless a part of the tree was bind-mounted. */
  readonly root: string;
  /** True if cpuset's files lack their `cpuset.` prefix (mount option `noprefix`, used by Android). */
  readonly noPrefix?: true;
}

/** The host's cgroup hierarchies, as plain data. */
export interface CgroupLayout {
  /** The version in use. */
  readonly mode: CgroupMode;
  /** One entry for each hierarchy that can be used, in mount order. */
  readonly mounts: readonly CgroupMount[];
  /** This process's own cgroup for each controller, as `/proc/self/cgroup` has it; `""` is the unified hierarchy. */
  readonly own: Readonly<Record<string, string>>;
}

/** Where everybody mounts cgroups; see `file-hierarchy(7)`. */
const CGROUP_ROOT = "/sys/fs/cgroup";
/** Where systemd mounts the unified hierarchy of a hybrid host. */
const HYBRID_ROOT = "/sys/fs/cgroup/unified";

/**
 * Parses `/proc/PID/cgroup`: lines `id:controllers:path`, see cgroups(7). Later colons belong to the path.
 *
 * @returns the path for each controller, `""` for the unified hierarchy
 */
export function parseOwnCgroups(text: string): Record<string, string> {
  const own: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    for (const controller of match[1]!.split(",")) own[controller] = match[2]!;
  }
  return own;
}

/** The mount of a hierarchy that serves best: the usual place first, then the first one mounted. */
function preferred(
  mounts: readonly CgroupMount[],
  controller: string,
): CgroupMount | undefined {
  const serving = mounts.filter((mount) =>
    mount.controllers.includes(controller)
  );
  return serving.find((mount) =>
    mount.mountPoint.startsWith(CGROUP_ROOT + "/")
  ) ?? serving[0];
}

/**
 * Finds out which cgroup hierarchies are there and can be reached. A mount that lies hidden below a later one does not
 * count.
 *
 * @param mountinfo text of `/proc/self/mountinfo`, see proc_pid_mountinfo(5)
 * @param ownCgroup text of `/proc/self/cgroup`
 */
export function parseCgroupLayout(
  mountinfo: string,
  ownCgroup: string,
): CgroupLayout {
  const own = parseOwnCgroups(ownCgroup);
  const all = parseMounts(mountinfo);
  const visible = visibleMounts(
    all,
    all.filter((mount) => mount.type === "cgroup" || mount.type === "cgroup2"),
  );
  const unified: CgroupMount[] = [];
  const v1: CgroupMount[] = [];
  for (const { type, mountPoint, root, superOptions } of visible) {
    if (type === "cgroup2") {
      unified.push({ controllers: [""], mountPoint, root });
      continue;
    }
    // /proc/self/cgroup names every controller, so no list of them is needed here.
    const controllers = superOptions.filter((option) =>
      option !== "" && Object.hasOwn(own, option)
    );
    const noPrefix = superOptions.includes("noprefix")
      ? { noPrefix: true as const }
      : {};
    if (controllers.length > 0) {
      v1.push({ controllers, mountPoint, root, ...noPrefix });
    }
  }
  const atRoot = unified.find((mount) => mount.mountPoint === CGROUP_ROOT);
  if (atRoot !== undefined) return { mode: "v2", mounts: [atRoot], own };
  const chosen = v1.filter((mount) =>
    mount.controllers.some((controller) => preferred(v1, controller) === mount)
  );
  if (chosen.length > 0) {
    const beside = unified.find((mount) => mount.mountPoint === HYBRID_ROOT);
    return beside === undefined
      ? { mode: "v1", mounts: chosen, own }
      : { mode: "hybrid", mounts: [...chosen, beside], own };
  }
  const [elsewhere] = unified;
  return elsewhere === undefined
    ? { mode: "none", mounts: [], own }
    : { mode: "v2", mounts: [elsewhere], own };
}
