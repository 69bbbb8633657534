/**
 * A controller: what it would write for a container's limits.
 *
 * @module
 */
import type { Resources } from "../spec/types.ts";
import type { CgroupWrite, ReadFile } from "./write.ts";

/** What a controller's writes depend on, besides limits and what its files hold. */
export interface WriteOptions {
  /** True if cpuset's files lack their `cpuset.` prefix. */
  readonly noPrefix?: boolean;
}

/** A controller's limits, as a pure function of the resources and of what its files hold now. */
export interface ControllerWrites {
  /** The controller's name: on v1 also that of its hierarchy, on v2 as in cgroup.controllers. */
  readonly controller: string;
  /**
   * What to write. Empty if nothing is asked of this controller.
   *
   * @throws {ConfigError} for a value that can't be meant
   */
  writes(
    resources: Resources,
    read: ReadFile,
    options: WriteOptions,
  ): CgroupWrite[];
}
