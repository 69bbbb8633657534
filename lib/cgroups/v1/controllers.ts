/**
 * The v1 controllers that limits are written to.
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
export interface ControllerWrites {
  /** The controller's name; on v1 also that of its hierarchy. */
  readonly controller: string;
  /** What to write. Empty if nothing is asked of this controller. */
  writes(
    resources: Resources,
    read: ReadFile,
    options: { readonly noPrefix?: boolean },
  ): CgroupWrite[];
}

/** In runc's order. Devices come after the cpuset and are not here: they are a transition, see v1/devices.ts. */
export const v1Writes: readonly ControllerWrites[] = [
  {
    controller: "cpuset",
    writes: ({ cpu }, _, { noPrefix }) =>
      cpu === undefined ? [] : cpusetWrites(cpu, noPrefix ? "" : "cpuset."),
  },
  {
    controller: "memory",
    writes: ({ memory }, read) =>
      memory === undefined ? [] : memoryWrites(memory, read),
  },
  {
    controller: "cpu",
    writes: ({ cpu }) => cpu === undefined ? [] : cpuWrites(cpu),
  },
  {
    controller: "pids",
    writes: ({ pids }) => pids === undefined ? [] : pidsWrites(pids),
  },
];
