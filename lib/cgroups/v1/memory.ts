/**
 * The memory controller of cgroup v1 (kernel: Documentation/admin-guide/cgroup-v1/memory.rst).
 *
 * @module
 */
import { ConfigError } from "../../errors.ts";
import type { MemoryResources } from "../../spec/types.ts";
import {
  type CgroupWrite,
  type ReadFile,
  readNumber,
  toBig,
} from "../write.ts";

const LIMIT = "memory.limit_in_bytes";
const SWAP_LIMIT = "memory.memsw.limit_in_bytes";

/** An unsigned -1, which is how some callers say "leave it". */
const UNSET = 0xffff_ffff_ffff_ffffn;

/**
 * The limits of memory, and of memory and swap together. The kernel keeps the second at least as great as the first
 * at each moment, so when both grow, the second goes first.
 */
function limitWrites(
  limit: bigint,
  swap: bigint,
  read: ReadFile,
): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (limit !== 0n) writes.push({ file: LIMIT, value: `${limit}` });
  if (swap !== 0n) writes.push({ file: SWAP_LIMIT, value: `${swap}` });
  if (writes.length === 2) {
    const current = readNumber(read, LIMIT);
    if (swap === -1n || (current !== undefined && current < swap)) {
      writes.reverse();
    }
  }
  return writes;
}

/**
 * The OOM killer is on unless somebody has switched it off, so to switch it on is mostly nothing to do.
 */
function oomWrites(
  { disableOOMKiller }: MemoryResources,
  read: ReadFile,
): CgroupWrite[] {
  const file = "memory.oom_control";
  if (disableOOMKiller === undefined) return [];
  if (disableOOMKiller) return [{ file, value: "1" }];
  const isOff = /^oom_kill_disable 1$/m.test(read(file) ?? "");
  return isOff ? [{ file, value: "0" }] : [];
}

/**
 * What to write for memory limits. `kernel` is passed over: the kernel has no such limit since 5.16. So is
 * `useHierarchy`: since 5.11 there is nothing else. `checkBeforeUpdate` needs nothing here: a v1 kernel refuses a limit below what is in use by itself.
 *
 * @throws {ConfigError} on a swappiness above 100
 */
export function memoryWrites(
  memory: MemoryResources,
  read: ReadFile,
): CgroupWrite[] {
  const limit = toBig(memory.limit);
  let swap = toBig(memory.swap);
  // No limit on memory alone would leave the one on memory and swap in force. Without swap accounting there is none.
  if (limit === -1n && swap === 0n && read(SWAP_LIMIT) !== undefined) {
    swap = -1n;
  }
  const writes = limitWrites(limit, swap, read);
  const reservation = toBig(memory.reservation);
  if (reservation !== 0n) {
    writes.push({
      file: "memory.soft_limit_in_bytes",
      value: `${reservation}`,
    });
  }
  const tcp = toBig(memory.kernelTCP);
  if (tcp !== 0n) {
    writes.push({ file: "memory.kmem.tcp.limit_in_bytes", value: `${tcp}` });
  }
  writes.push(...oomWrites(memory, read));
  if (memory.swappiness !== undefined && toBig(memory.swappiness) !== UNSET) {
    const swappiness = toBig(memory.swappiness);
    if (swappiness > 100n) {
      const detail =
        `invalid memory swappiness value: ${swappiness} (valid range is 0-100)`;
      throw new ConfigError("/linux/resources/memory/swappiness", detail);
    }
    writes.push({ file: "memory.swappiness", value: `${swappiness}` });
  }
  return writes;
}
