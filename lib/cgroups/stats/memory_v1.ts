/**
 * Statistics of the memory controller of cgroup v1: Documentation/admin-guide/cgroup-v1/memory.rst.
 *
 * @module
 */
import type { Uint64 } from "../../spec/types_numbers.ts";
import type { ReadFile } from "../write.ts";
import { count, keyed, keyedExact, numberIn } from "./fields.ts";
import type { MemoryCounter, MemoryStats } from "./types.ts";

/**
 * What the kernel shows for "no limit" is near 2^63, less by up to a page: PAGE_COUNTER_MAX in pages, and a page may
 * have 64 KiB.
 */
const NO_LIMIT = 2 ** 63 - 2 ** 16;

/**
 * A family of files, such as `memory.kmem.`; undefined if the kernel has none.
 *
 * @param hierarchical the least limit of the cgroup and all above, where it is known: if there is none, the cgroup has
 * none itself, and a file less is read
 */
function counter(
  read: ReadFile,
  prefix: string,
  hierarchical?: Uint64,
): MemoryCounter | undefined {
  const usage = read(`${prefix}usage_in_bytes`);
  if (usage === undefined) return undefined;
  const limit = hierarchical !== undefined && hierarchical >= NO_LIMIT
    ? NO_LIMIT
    : count(read, `${prefix}limit_in_bytes`);
  return {
    usageBytes: numberIn(usage) ?? 0,
    peakBytes: count(read, `${prefix}max_usage_in_bytes`),
    ...(limit >= NO_LIMIT ? {} : { limitBytes: limit }),
    failures: count(read, `${prefix}failcnt`),
  };
}

/**
 * Memory and swap on v1; undefined if the files are not there.
 *
 * @param options.kernel whether to read kernel memory as well: eight files that few ask for
 */
export function memoryStatsV1(
  read: ReadFile,
  options: { readonly kernel: boolean },
): MemoryStats | undefined {
  const table = read("memory.stat");
  if (table === undefined) return undefined;
  const stat = keyedExact(table);
  const memory = counter(read, "memory.", stat["hierarchical_memory_limit"]);
  if (memory === undefined) return undefined;
  const swap = counter(
    read,
    "memory.memsw.",
    stat["hierarchical_memsw_limit"],
  );
  const [kernel, kernelTcp] = options.kernel
    ? [counter(read, "memory.kmem."), counter(read, "memory.kmem.tcp.")]
    : [];
  const { oom_kill: oomKills = 0 } = keyed(read("memory.oom_control") ?? "");
  return {
    ...memory,
    cacheBytes: Number(stat["cache"] ?? 0),
    ...(swap === undefined ? {} : { swap }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(kernelTcp === undefined ? {} : { kernelTcp }),
    stat,
    oomKills,
  };
}
