/**
 * Limits of a container, changed in part.
 *
 * @module
 */
import type {
  BlockIoResources,
  CpuResources,
  MemoryResources,
  Resources,
} from "../spec/types.ts";

/** Numbers of which 0 means what is absent means: nothing is asked. */
const ZERO_IS_ABSENT: readonly string[] = [
  ...["limit", "reservation", "swap", "kernel", "kernelTCP"],
  ...["shares", "quota", "period", "realtimeRuntime", "realtimePeriod"],
  ...["weight", "leafWeight"],
];

/** Without what asks for nothing: runc's template for `update --resources` is full of zeros. */
function asked<T extends object>(section: T | undefined): Partial<T> {
  return Object.fromEntries(
    Object.entries(section ?? {}).filter(([name, value]) =>
      value !== undefined && value !== "" &&
      !(Array.isArray(value) && value.length === 0) &&
      !(ZERO_IS_ABSENT.includes(name) && Number(value) === 0)
    ),
  ) as Partial<T>;
}

/**
 * What of an update asks for something.
 *
 * @param given the update
 */
export function askedResources(given: Resources): Resources {
  const { memory, cpu, blockIO, ...others } = given;
  return withoutEmpty({
    ...others,
    ...(memory === undefined ? {} : { memory: asked(memory) }),
    ...(cpu === undefined ? {} : { cpu: asked(cpu) }),
    ...(blockIO === undefined ? {} : { blockIO: asked(blockIO) }),
  });
}

/** Device rules alone may be empty: then the container may use the default devices only. */
function withoutEmpty(resources: Resources): Resources {
  return Object.fromEntries(
    Object.entries(resources).filter(([name, value]) =>
      value !== undefined &&
      (name === "devices" || Object.keys(value as object).length > 0)
    ),
  );
}

/** Two lists in one; of those with one key, the later. */
function upsert<T>(
  old: readonly T[] | undefined,
  given: readonly T[] | undefined,
  key: (entry: T) => string,
): T[] {
  const all = [...old ?? [], ...given ?? []];
  return [...new Map(all.map((entry) => [key(entry), entry])).values()];
}

function mergeMemory(
  old: MemoryResources = {},
  given: MemoryResources,
): MemoryResources {
  const merged = { ...old, ...given };
  // No limit on memory is none on swap either: one that is left from before would still limit both.
  if (given.limit !== undefined && BigInt(given.limit) === -1n) {
    if (given.swap === undefined) delete merged.swap;
  }
  return merged;
}

function mergeCpu(old: CpuResources = {}, given: CpuResources): CpuResources {
  const merged = { ...old, ...given };
  // What is idle has no shares.
  if (given.idle !== undefined && BigInt(given.idle) === 1n) {
    if (given.shares === undefined) delete merged.shares;
  }
  return merged;
}

const DEVICE_LISTS = [
  "weightDevice",
  "throttleReadBpsDevice",
  "throttleWriteBpsDevice",
  "throttleReadIOPSDevice",
  "throttleWriteIOPSDevice",
] as const;

function mergeBlockIo(
  old: BlockIoResources = {},
  given: BlockIoResources,
): BlockIoResources {
  const merged: Record<string, unknown> = { ...old, ...given };
  for (const name of DEVICE_LISTS) {
    const list = upsert<{ readonly major: unknown; readonly minor: unknown }>(
      old[name],
      given[name],
      ({ major, minor }) => `${major}:${minor}`,
    );
    if (list.length > 0) merged[name] = list;
  }
  return merged;
}

/**
 * The limits after an update: what it does not mention stays. Lists by device, page size and name are merged entry by
 * entry; device rules are replaced.
 *
 * @param old the limits in force
 * @param given the update, as {@linkcode askedResources} gives it
 */
export function mergeResources(old: Resources, given: Resources): Resources {
  const { memory, cpu, pids, blockIO, hugepageLimits, network, rdma, unified } =
    given;
  const merged: Resources = { ...old };
  if (given.devices !== undefined) merged.devices = given.devices;
  if (memory !== undefined) merged.memory = mergeMemory(old.memory, memory);
  if (cpu !== undefined) merged.cpu = mergeCpu(old.cpu, cpu);
  if (pids !== undefined) merged.pids = { ...old.pids, ...pids };
  if (blockIO !== undefined) {
    merged.blockIO = mergeBlockIo(old.blockIO, blockIO);
  }
  if (hugepageLimits !== undefined) {
    merged.hugepageLimits = upsert(
      old.hugepageLimits,
      hugepageLimits,
      ({ pageSize }) => pageSize,
    );
  }
  if (network !== undefined) {
    const priorities = upsert(
      old.network?.priorities,
      network.priorities,
      ({ name }) => name,
    );
    merged.network = {
      ...old.network,
      ...network,
      ...(priorities.length === 0 ? {} : { priorities }),
    };
  }
  if (rdma !== undefined) merged.rdma = { ...old.rdma, ...rdma };
  if (unified !== undefined) merged.unified = { ...old.unified, ...unified };
  return merged;
}
