/**
 * Statistics of the cpuset controller: cpuset(7), and cgroup-v2.rst, "Cpuset".
 *
 * @module
 */
import { parseCpuList } from "../../spec/cpu_list.ts";
import type { ReadFile } from "../write.ts";
import { count } from "./fields.ts";
import type { CpusetStats } from "./types.ts";

function list(text: string | undefined): number[] {
  return parseCpuList(text?.trim() ?? "");
}

/** On v1, whose files may lack their prefix. */
export function cpusetStatsV1(read: ReadFile): CpusetStats | undefined {
  const prefixed = read("cpuset.cpus");
  const prefix = prefixed === undefined ? "" : "cpuset.";
  const cpus = prefixed ?? read("cpus");
  if (cpus === undefined) return undefined;
  const number = (name: string): number => count(read, `${prefix}${name}`);
  return {
    cpus: list(cpus),
    mems: list(read(`${prefix}mems`)),
    cpuExclusive: number("cpu_exclusive"),
    memExclusive: number("mem_exclusive"),
    memHardwall: number("mem_hardwall"),
    memoryMigrate: number("memory_migrate"),
    memorySpreadPage: number("memory_spread_page"),
    memorySpreadSlab: number("memory_spread_slab"),
    memoryPressure: number("memory_pressure"),
    schedLoadBalance: number("sched_load_balance"),
    schedRelaxDomainLevel: number("sched_relax_domain_level"),
  };
}

/** On v2: what may be used in effect, for what was asked for is empty if it is inherited. */
export function cpusetStatsV2(read: ReadFile): CpusetStats | undefined {
  const cpus = read("cpuset.cpus.effective");
  if (cpus === undefined) return undefined;
  return {
    cpus: list(cpus),
    mems: list(read("cpuset.mems.effective")),
    cpuExclusive: 0,
    memExclusive: 0,
    memHardwall: 0,
    memoryMigrate: 0,
    memorySpreadPage: 0,
    memorySpreadSlab: 0,
    memoryPressure: 0,
    schedLoadBalance: 0,
    schedRelaxDomainLevel: 0,
  };
}
