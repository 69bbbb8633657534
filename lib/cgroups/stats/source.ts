/**
 * Where statistics are read.
 *
 * @module
 */
import type { ReadFile } from "../write.ts";
import type { StatsPart } from "./types.ts";

/** The files that statistics are made of. Tests give recorded ones. */
export interface StatsSource {
  /**
   * The files of a controller's directory.
   *
   * @param controller its name on v1; on v2 there is one directory, `""`
   * @returns undefined if the container has no such cgroup
   */
  directory(controller: string): ReadFile | undefined;
  /** Sizes of huge pages. */
  readonly pageSizes: readonly string[];
  /** Which parts are asked for. */
  wants(part: StatsPart): boolean;
}
