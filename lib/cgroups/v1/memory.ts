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
 * What to write for memory limits. `kernel` and `kernelTCP` are passed over: the kernel has no such limits any more.
 * `checkBeforeUpdate` needs nothing here: a v1 kernel refuses a limit below what is in use by itself.
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
  if (memory.disableOOMKiller) {
    writes.push({ file: "memory.oom_control", value: "1" });
  }
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
