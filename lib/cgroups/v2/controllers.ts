/**
 * The v2 controllers that limits are written to.
 *
 * @module
 */
import type { Resources } from "../../spec/types.ts";
import type { ControllerWrites } from "../controller.ts";
import { hugetlbWrites } from "../hugetlb.ts";
import { pidsWrites } from "../pids.ts";
import { rdmaWrites } from "../rdma.ts";
import { readNothing } from "../write.ts";
import { cpuWrites } from "./cpu.ts";
import { cpusetWrites } from "./cpuset.ts";
import { ioWrites } from "./io.ts";
import { memoryWrites } from "./memory.ts";
import { controllerOf, unifiedWrites } from "./unified.ts";

/** Stands for the files that a configuration names itself, whatever controllers they belong to. */
const UNIFIED = "unified";

/**
 * In runc's order. The device program goes between cpu and cpuset in runc; nothing depends on that, so it comes last.
 */
export const v2Writes: readonly ControllerWrites[] = [
  {
    controller: "pids",
    writes: ({ pids }) => pids === undefined ? [] : pidsWrites(pids),
  },
  {
    controller: "memory",
    writes: ({ memory }, read) =>
      memory === undefined ? [] : memoryWrites(memory, read),
  },
  {
    controller: "io",
    writes: ({ blockIO }, read) =>
      blockIO === undefined ? [] : ioWrites(blockIO, read),
  },
  {
    controller: "cpu",
    writes: ({ cpu }, read) => cpu === undefined ? [] : cpuWrites(cpu, read),
  },
  {
    controller: "cpuset",
    writes: ({ cpu }) => cpu === undefined ? [] : cpusetWrites(cpu),
  },
  {
    controller: "hugetlb",
    writes: ({ hugepageLimits = [] }) => hugetlbWrites(hugepageLimits, 2),
  },
  { controller: "rdma", writes: ({ rdma = {} }) => rdmaWrites(rdma) },
  {
    controller: UNIFIED,
    writes: ({ unified = {} }) => unifiedWrites(unified),
  },
];

/**
 * Controllers that work in a threaded cgroup (cgroup-v2.rst, "Threads"). cpu is one more, but runc counts it among those
 * that need a domain, and so do we.
 */
const THREADED = ["cpuset", "perf_event", "pids"];

/** The controllers something is asked of, each once. @param domain only those that need a domain */
export function askedControllers(
  resources: Resources,
  domain = false,
): string[] {
  const asked = v2Writes.flatMap(({ controller, writes }) => {
    const files = writes(resources, readNothing, {}).map(({ file }) => file);
    if (controller === UNIFIED) return files.map(controllerOf);
    return files.length === 0 ? [] : [controller];
  });
  return [...new Set(asked)].filter((name) =>
    name !== "cgroup" && !(domain && THREADED.includes(name))
  );
}
