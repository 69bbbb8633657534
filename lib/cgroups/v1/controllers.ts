/**
 * The v1 controllers that limits are written to.
 *
 * @module
 */
import type { ControllerWrites } from "../controller.ts";
import { hugetlbWrites } from "../hugetlb.ts";
import { pidsWrites } from "../pids.ts";
import { rdmaWrites } from "../rdma.ts";
import { blkioWrites } from "./blkio.ts";
import { cpuWrites } from "./cpu.ts";
import { cpusetWrites } from "./cpuset.ts";
import { memoryWrites } from "./memory.ts";
import { classWrites, priorityWrites } from "./network.ts";

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
  {
    controller: "blkio",
    writes: ({ blockIO }, read) =>
      blockIO === undefined ? [] : blkioWrites(blockIO, read),
  },
  {
    controller: "hugetlb",
    writes: ({ hugepageLimits = [] }) => hugetlbWrites(hugepageLimits, 1),
  },
  {
    controller: "net_cls",
    writes: ({ network = {} }) => classWrites(network),
  },
  {
    controller: "net_prio",
    writes: ({ network = {} }) => priorityWrites(network),
  },
  { controller: "rdma", writes: ({ rdma = {} }) => rdmaWrites(rdma) },
];
