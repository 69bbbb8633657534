/**
 * Why a cgroup of v2 lacks a controller's file, exactly: at which level the controller was not handed on, and why not.
 *
 * @module
 */
import { levelsOf } from "./directories.ts";
import { type CgroupFiles, isErrno } from "./files.ts";

/** The words of a file; undefined if it is not there, or may not be read. */
function wordsOf(files: CgroupFiles, file: string): string[] | undefined {
  try {
    return files.read(file).split(/\s+/).filter((word) => word !== "");
  } catch {
    return undefined;
  }
}

/** The errno that handing a controller on would meet, as far as can be told without trying. */
function refusalOf(files: CgroupFiles, level: string, file: string): string {
  try {
    using _ = files.openWriter(file);
  } catch (error) {
    return isErrno(error, "EACCES", "EPERM", "EROFS") ? error.errnoName : "";
  }
  if (level === "") return ""; // the root may hold processes
  const isThreaded = wordsOf(files, `${level}/cgroup.type`)?.[0] === "threaded";
  if (isThreaded) return "EOPNOTSUPP";
  const processes = wordsOf(files, `${level}/cgroup.procs`) ?? [];
  return processes.length === 0 ? "" : "EBUSY";
}

const REASONS: Readonly<Record<string, string>> = {
  EBUSY:
    "that cgroup holds processes itself; move them into a child cgroup of it first",
  EACCES:
    "it is not this user's; run as root, or have the controller delegated (Delegate= of systemd.resource-control(5))",
  EPERM:
    "it is not this user's; run as root, or have the controller delegated (Delegate= of systemd.resource-control(5))",
  EROFS: "the cgroup file system is mounted read-only; remount it read-write",
  EOPNOTSUPP: "that cgroup is threaded; see its cgroup.type",
};

/**
 * Why a controller's file is not in a v2 cgroup.
 *
 * @param directory the cgroup, relative to the mount point
 * @returns undefined on v1, and where the controller is there: then the kernel has no such file
 */
export function whyMissing(
  files: CgroupFiles,
  directory: string,
  controller: string,
): string | undefined {
  const { mountPoint } = files;
  const own = wordsOf(files, `${directory}/cgroup.controllers`);
  const known = wordsOf(files, "cgroup.controllers");
  if (own === undefined || known === undefined || own.includes(controller)) {
    return undefined;
  }
  if (!known.includes(controller)) {
    return `${mountPoint}/cgroup.controllers has no ${controller}, so no cgroup.subtree_control can enable it: ` +
      "the kernel was built or booted without this controller, or a v1 hierarchy has it";
  }
  for (const level of ["", ...levelsOf(directory).slice(0, -1)]) {
    const file = level === ""
      ? "cgroup.subtree_control"
      : `${level}/cgroup.subtree_control`;
    if (wordsOf(files, file)?.includes(controller) ?? true) continue;
    const reason = REASONS[refusalOf(files, level, file)];
    const remedy = reason === undefined
      ? `; write +${controller} to it`
      : `: ${reason}`;
    return `${mountPoint}/${file} does not hand ${controller} on${remedy}`;
  }
  return undefined;
}
