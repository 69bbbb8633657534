/**
 * The v2 controllers that limits are written to.
 *
 * @module
 */
import type { Resources } from "../../spec/types.ts";
import { pidsWrites } from "../pids.ts";
import type { CgroupWrite, ReadFile } from "../write.ts";
import { cpuWrites } from "./cpu.ts";
import { cpusetWrites } from "./cpuset.ts";
import { memoryWrites } from "./memory.ts";

/** A controller's limits, as a pure function of the resources and of what its files hold now. */
export interface UnifiedWrites {
  /** The controller's name in cgroup.controllers. */
  readonly controller: string;
  /** True if it can't work in a threaded cgroup (cgroup-v2.rst, "Threads"). */
  readonly domain: boolean;
  /** What to write. Empty if nothing is asked of this controller. */
  writes(resources: Resources, read: ReadFile, options: object): CgroupWrite[];
}

/**
 * In runc's order. The device program goes between cpu and cpuset in runc; nothing depends on that, so it comes last.
 * runc counts cpu among those that need a domain, and so do we.
 */
export const v2Writes: readonly UnifiedWrites[] = [
  {
    controller: "pids",
    domain: false,
    writes: ({ pids }) => pids === undefined ? [] : pidsWrites(pids),
  },
  {
    controller: "memory",
    domain: true,
    writes: ({ memory }, read) =>
      memory === undefined ? [] : memoryWrites(memory, read),
  },
  {
    controller: "cpu",
    domain: true,
    writes: ({ cpu }) => cpu === undefined ? [] : cpuWrites(cpu),
  },
  {
    controller: "cpuset",
    domain: false,
    writes: ({ cpu }) => cpu === undefined ? [] : cpusetWrites(cpu),
  },
];

/** The controllers something is asked of. @param domain only those that need a domain */
export function askedControllers(
  resources: Resources,
  domain = false,
): string[] {
  const nothingThere = (): undefined => undefined;
  return v2Writes
    .filter((part) =>
      (!domain || part.domain) &&
      part.writes(resources, nothingThere, {}).length > 0
    )
    .map(({ controller }) => controller);
}
