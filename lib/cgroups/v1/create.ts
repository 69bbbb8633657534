/**
 * Making a cpuset cgroup of v1, which must be filled at each level before a task can enter it.
 *
 * @module
 */
import type { Resources } from "../../spec/types.ts";
import { applyWrites } from "../apply.ts";
import { levelsOf } from "../directories.ts";
import type { CgroupFiles } from "../files.ts";
import { cpusetWrites, inheritedWrites } from "./cpuset.ts";

interface Sets {
  readonly cpus: string;
  readonly mems: string;
}

/** What a new cgroup has: nothing, and that need not be read. */
const EMPTY: Sets = { cpus: "", mems: "" };

function setsOf(files: CgroupFiles, directory: string, prefix: string): Sets {
  const at = directory === "" ? "" : `${directory}/`;
  return {
    cpus: files.read(`${at}${prefix}cpus`),
    mems: files.read(`${at}${prefix}mems`),
  };
}

/**
 * Makes a cpuset cgroup and what is missing above it, and hands CPUs and memory nodes down. The container's own sets
 * go first, where there are any: they may lie outside what a neighbour has for itself (cpu_exclusive).
 *
 * @param made takes each directory that was not there, as soon as it is made
 */
export function makeCpuset(
  files: CgroupFiles,
  directory: string,
  resources: Resources,
  options: {
    readonly prefix: string;
    readonly made: (directory: string) => void;
  },
): void {
  const { prefix, made } = options;
  let parent = setsOf(files, "", prefix);
  for (const level of levelsOf(directory)) {
    const isNew = files.makeDirectory(level);
    if (isNew) made(level);
    const asked = level === directory
      ? cpusetWrites(resources.cpu ?? {}, prefix)
      : [];
    applyWrites(files, level, asked);
    const own = isNew && asked.length === 0
      ? EMPTY
      : setsOf(files, level, prefix);
    applyWrites(files, level, inheritedWrites(own, parent, prefix));
    parent = {
      cpus: own.cpus.trim() || parent.cpus,
      mems: own.mems.trim() || parent.mems,
    };
  }
}
