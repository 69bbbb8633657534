/**
 * Where in a container's cgroup a further process goes.
 *
 * @module
 */
import { SyscallError } from "../../ffi/syscall_error.ts";
import { CgroupError } from "../errors.ts";
import { cleanPath } from "../paths.ts";
import { failure } from "./_explain.ts";
import type { CgroupFiles } from "./files.ts";
import { parseOwnCgroups } from "./layout.ts";
import { ownPids } from "./processes.ts";

/** How a process is put into a container's cgroup. */
export interface PlaceOptions {
  /**
   * The container's first process, for a process that joins a container that runs. A container may have handed the
   * controllers of its v2 cgroup on to children of it; then that cgroup can hold no process any more (cgroup-v2.rst,
   * "No Internal Process Constraint"), and the new one goes where this one is.
   */
  readonly beside?: number | undefined;
  /**
   * Cgroups below the container's to put it into, by controller; `""` is for all that have none of their own, and for
   * the unified hierarchy. They must exist.
   */
  readonly below?: Readonly<Record<string, string>> | undefined;
}

/**
 * Checks {@linkcode PlaceOptions.below}.
 *
 * @param known the controllers of the container's cgroups
 * @throws {CgroupError} for another controller, and for a path that leads out of the container's cgroup
 */
export function checkBelow(
  known: readonly string[],
  { below = {} }: PlaceOptions,
): void {
  for (const [controller, path] of Object.entries(below)) {
    if (controller !== "" && !known.includes(controller)) {
      throw new CgroupError(
        controller,
        `unknown controller ${controller}: the container's cgroups have ${
          known.filter(Boolean).join(", ") || "none of their own (cgroup v2)"
        }`,
      );
    }
    let depth = 0;
    for (const part of path.split("/")) {
      if (part === "..") depth--;
      else if (part !== "" && part !== ".") depth++;
      if (depth >= 0) continue;
      const text = `bad sub cgroup path: ${path} leads out of the container's`;
      throw new CgroupError(path, text);
    }
  }
}

/** The cgroup below a container's that was asked for a hierarchy; undefined if none was. */
export function placeBelow(
  directory: string,
  controllers: readonly string[],
  { below = {} }: PlaceOptions,
): string | undefined {
  const name = controllers.find((name) => below[name] !== undefined) ?? "";
  const path = below[name];
  if (path === undefined) return undefined;
  const cleaned = cleanPath(`./${path}`);
  return cleaned === "" ? directory : `${directory}/${cleaned}`;
}

/** Reads /proc/PID/cgroup; undefined if there is no such process. */
export type ReadCgroup = (pid: number) => string | undefined;

function readCgroup(pid: number): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cgroup`);
  } catch {
    return undefined;
  }
}

function hasHandedOn(files: CgroupFiles, directory: string): boolean {
  try {
    return files.read(`${directory}/cgroup.subtree_control`).trim() !== "";
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw failure("join", `${files.mountPoint}/${directory}`, error);
  }
}

/**
 * The cgroup of the unified hierarchy that a process can be put into.
 *
 * @param directory the container's, relative to the mount point
 * @returns the same, or one below it
 * @throws {CgroupError} if the container's cgroup is gone
 */
export function placeIn(
  files: CgroupFiles,
  directory: string,
  options: PlaceOptions,
  read: ReadCgroup = readCgroup,
): string {
  const { beside } = options;
  const asked = placeBelow(directory, [""], options);
  if (asked !== undefined) return asked;
  if (beside === undefined || !hasHandedOn(files, directory)) return directory;
  const path = parseOwnCgroups(read(beside) ?? "")[""] ?? "";
  // The path starts at the root of our cgroup namespace, the directory at what is mounted: the end is what both share.
  for (
    let at = path.indexOf(`/${directory}/`);
    at >= 0;
    at = path.indexOf(`/${directory}/`, at + 1)
  ) {
    const place = path.slice(at + 1);
    // Whoever manages cgroups in the container gives names as it likes; the process itself tells the right one.
    if (ownPids(files, place).includes(beside)) return place;
  }
  return directory;
}
