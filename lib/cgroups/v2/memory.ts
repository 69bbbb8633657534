/**
 * The memory controller of cgroup v2 (kernel: Documentation/admin-guide/cgroup-v2.rst, "Memory").
 *
 * @module
 */
import { CgroupError, ConfigError } from "../../errors.ts";
import type { MemoryResources } from "../../spec/types.ts";
import {
  type CgroupWrite,
  limitText,
  type ReadFile,
  readNumber,
  toBig,
} from "../write.ts";

const POINTER = "/linux/resources/memory";

/**
 * Turns the limit of memory and swap together, as OCI has it from v1, into v2's limit of swap alone.
 *
 * @returns bytes, -1 for no limit, undefined for "leave it"
 * @throws {ConfigError} if it can't be told, or swap would be negative
 */
export function swapLimit(swap: bigint, limit: bigint): bigint | undefined {
  // On v1 no limit on memory means none on swap either.
  if (swap === 0n) return limit === -1n ? -1n : undefined;
  if (swap === -1n || limit === -1n) return swap;
  if (limit === 0n) {
    throw new ConfigError(
      `${POINTER}/swap`,
      "unable to set swap limit without memory limit",
    );
  }
  if (limit < 0n) {
    throw new ConfigError(`${POINTER}/limit`, `invalid memory value: ${limit}`);
  }
  if (swap < limit) {
    const detail =
      `memory+swap limit should be >= memory limit: ${swap} is less than ${limit}`;
    throw new ConfigError(`${POINTER}/swap`, detail);
  }
  return swap - limit;
}

/** The limit of memory that is in force, for a change of swap alone; 0 if there is none, or nobody asks. */
function heldLimit(swap: bigint, read: ReadFile): bigint {
  return swap > 0n ? readNumber(read, "memory.max") ?? 0n : 0n;
}

/**
 * Refuses a limit that is already exceeded: v2 would accept it, and kill. As far as it can be told: a cgroup whose
 * use can't be read is not in use.
 */
function checkUsage(limit: bigint, swap: bigint, read: ReadFile): void {
  const usage = readNumber(read, "memory.current");
  if (usage === undefined) return;
  const refuse = (what: string, value: bigint): never => {
    const detail =
      `rejecting ${what} limit ${value} <= usage ${usage} (memory.current); ` +
      "ask for more, or leave checkBeforeUpdate out, and processes may be killed";
    throw new CgroupError(
      "memory.max",
      `Cannot set memory limits: ${detail}`,
      `${value}`,
    );
  };
  if (swap > 0n && swap <= usage) refuse("memory+swap", swap);
  if (limit > 0n && limit <= usage) refuse("memory", limit);
}

/**
 * What to write for memory limits. Kernel memory, swappiness and the switch of the OOM killer don't exist in v2 and
 * are passed over, as runc does.
 *
 * @throws {ConfigError} if the swap limit does not fit the memory limit
 * @throws {CgroupError} if `checkBeforeUpdate` is set and more than the limit is in use
 */
export function memoryWrites(
  memory: MemoryResources,
  read: ReadFile,
): CgroupWrite[] {
  const [limit, swap, reservation] = [
    toBig(memory.limit),
    toBig(memory.swap),
    toBig(memory.reservation),
  ];
  if (memory.checkBeforeUpdate) checkUsage(limit, swap, read);
  const writes: CgroupWrite[] = [];
  const swapMax = swapLimit(swap, limit || heldLimit(swap, read));
  if (swapMax !== undefined) {
    // Without swap in the kernel the file is missing, and no swap and any amount of it come to the same.
    const same = swapMax === 0n || swapMax === -1n
      ? { ignore: ["ENOENT"] }
      : {};
    writes.push({
      file: "memory.swap.max",
      value: limitText(swapMax),
      ...same,
    });
  }
  if (limit !== 0n) {
    writes.push({ file: "memory.max", value: limitText(limit) });
  }
  if (reservation !== 0n) {
    writes.push({ file: "memory.low", value: limitText(reservation) });
  }
  return writes;
}
