/**
 * Where a mounted hierarchy begins, by the names that the kernel's log has.
 *
 * @module
 */
import { parseMounts, visibleMounts } from "../_mountinfo.ts";

/** The cgroup namespace that the host boots with: PROC_CGROUP_INIT_INO, include/linux/proc_ns.h. */
const FIRST_NAMESPACE = "cgroup:[4026531835]";

/** The two files that tell. */
export interface LogRootFiles {
  /** Target of /proc/self/ns/cgroup. */
  readonly namespace: string;
  /** Text of /proc/self/mountinfo. */
  readonly mountinfo: string;
}

function readFiles(): LogRootFiles | undefined {
  try {
    return {
      namespace: Deno.readLinkSync("/proc/self/ns/cgroup"),
      mountinfo: Deno.readTextFileSync("/proc/self/mountinfo"),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * What stands in the log before a cgroup's path below a mount point: the log counts from the hierarchy's root, and what
 * is mounted may be a part of it.
 *
 * @returns `""` if all of the hierarchy is mounted there. undefined if it can't be known: nothing is mounted there, or we
 * are in a cgroup namespace, which hides just that (cgroup_namespaces(7)). Then names of the log may not be compared:
 * that they end alike does not make them the same
 */
export function logRoot(
  mountPoint: string,
  files: LogRootFiles | undefined = readFiles(),
): string | undefined {
  if (files?.namespace !== FIRST_NAMESPACE) return undefined;
  const all = parseMounts(files.mountinfo);
  const [mount] = visibleMounts(
    all,
    all.filter((mount) =>
      mount.mountPoint === mountPoint && /^cgroup2?$/.test(mount.type)
    ),
  );
  return mount?.root === "/" ? "" : mount?.root;
}
