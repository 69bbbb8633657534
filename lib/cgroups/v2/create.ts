/**
 * Making a cgroup of v2: controllers are handed down from level to level.
 *
 * @module
 */
import { CgroupError } from "../../errors.ts";
import { SyscallError } from "../../../ffi/syscall_error.ts";
import type { Resources } from "../../spec/types.ts";
import { levelsOf } from "../directories.ts";
import type { CgroupFiles } from "../files.ts";
import { askedControllers } from "./controllers.ts";

/** Hands controllers on to the children of a cgroup, as many as can be. */
function enableControllers(
  files: CgroupFiles,
  directory: string,
  controllers: readonly string[],
): void {
  const file = directory === ""
    ? "cgroup.subtree_control"
    : `${directory}/cgroup.subtree_control`;
  const tryWrite = (value: string): boolean => {
    try {
      files.write(file, value);
      return true;
    } catch (error) {
      if (error instanceof SyscallError) return false;
      throw error;
    }
  };
  if (
    controllers.length === 0 ||
    tryWrite(controllers.map((name) => `+${name}`).join(" "))
  ) return;
  // All or nothing was refused. What stays missing here is reported when a limit needs it.
  for (const controller of controllers) tryWrite(`+${controller}`);
}

/** Fails if a limit needs a controller that this hierarchy does not have at all. */
function checkControllers(
  { mountPoint }: CgroupFiles,
  controllers: readonly string[],
  resources: Resources,
): void {
  const missing = askedControllers(resources).find((name) =>
    !controllers.includes(name)
  );
  if (missing === undefined) return;
  const file = `${mountPoint}/cgroup.controllers`;
  const text =
    `cannot set ${missing} limit: ${file} has no ${missing}: the kernel was built or booted without this ` +
    "controller, or a v1 hierarchy has it";
  throw new CgroupError(file, text, missing);
}

/**
 * Looks after a cgroup below one that holds processes: there, only controllers that can work on threads are allowed
 * (cgroup-v2.rst, "Threads").
 */
function settleType(
  files: CgroupFiles,
  directory: string,
  resources: Resources,
): void {
  const type = files.read(`${directory}/cgroup.type`).trim();
  if (type === "domain" || type === "") return;
  const path = `${files.mountPoint}/${directory}`;
  const needing = askedControllers(resources, true);
  if (needing.length > 0) {
    const state = type === "domain invalid"
      ? "an invalid state"
      : `${type} mode`;
    const text =
      `cannot enter cgroupv2 ${
        JSON.stringify(path)
      } with domain controllers -- it is in ${state}: ` +
      `the limits of ${
        needing.join(", ")
      } need a cgroup with neither processes nor threaded cgroups above it; ` +
      `name another in cgroupsPath, or see ${path}/cgroup.type`;
    throw new CgroupError(path, text);
  }
  if (type !== "domain invalid") return;
  try {
    files.write(`${directory}/cgroup.type`, "threaded");
  } catch (error) {
    // Then a process can't enter, and joining says why.
    if (!(error instanceof SyscallError)) throw error;
  }
}

/**
 * Makes a cgroup and what is missing above it, with all controllers there are.
 *
 * @param made takes each directory that was not there, as soon as it is made
 * @throws {CgroupError} if limits are asked for that can't work there
 */
export function makeUnified(
  files: CgroupFiles,
  directory: string,
  resources: Resources,
  made: (directory: string) => void,
): void {
  const controllers = files.read("cgroup.controllers").split(/\s+/).filter((
    name,
  ) => name !== "");
  checkControllers(files, controllers, resources);
  enableControllers(files, "", controllers);
  for (const level of levelsOf(directory)) {
    if (files.makeDirectory(level)) made(level);
    settleType(files, level, resources);
    if (level !== directory) enableControllers(files, level, controllers);
  }
}
