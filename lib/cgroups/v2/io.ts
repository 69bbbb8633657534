/**
 * The io controller of cgroup v2 (kernel: Documentation/admin-guide/cgroup-v2.rst, "IO";
 * Documentation/block/bfq-iosched.rst).
 *
 * @module
 */
import { ConfigError } from "../../errors.ts";
import type { BlockIoResources } from "../../spec/types.ts";
import type { CgroupWrite, ReadFile } from "../write.ts";

const POINTER = "/linux/resources/blockIO";
/** Weights of the BFQ scheduler, with v1's range; there is no such file without it. */
const BFQ = "io.bfq.weight";

/** The keys of io.max, by the field that they stand for. */
const THROTTLES = [
  ["throttleReadBpsDevice", "rbps"],
  ["throttleWriteBpsDevice", "wbps"],
  ["throttleReadIOPSDevice", "riops"],
  ["throttleWriteIOPSDevice", "wiops"],
] as const;

/** Turns v1's weight (10 to 1000) into v2's (1 to 10000), along a straight line, as runc does. */
export function ioWeight(weight: number): number {
  return 1 + Math.floor((weight - 10) * 9999 / 990);
}

/** Leaf weights are against the child cgroups; on v2 a cgroup with children has no processes that could compete. */
function refuseLeafWeights(blockIO: BlockIoResources): void {
  const { leafWeight = 0, weightDevice = [] } = blockIO;
  const device = weightDevice.findIndex(({ leafWeight = 0 }) =>
    leafWeight !== 0
  );
  if (leafWeight === 0 && device < 0) return;
  const field = leafWeight === 0
    ? `weightDevice/${device}/leafWeight`
    : "leafWeight";
  throw new ConfigError(
    `${POINTER}/${field}`,
    "cgroup v2 has no leaf weights; leave it out",
  );
}

function weightWrites(
  blockIO: BlockIoResources,
  read: ReadFile,
): CgroupWrite[] {
  const { weight = 0, weightDevice = [] } = blockIO;
  const devices = weightDevice.filter(({ weight = 0 }) => weight !== 0);
  if (weight === 0 && devices.length === 0) return [];
  const bfq = read(BFQ) !== undefined;
  const file = bfq ? BFQ : "io.weight";
  const convert = bfq ? (weight: number) => weight : ioWeight;
  const writes: CgroupWrite[] = [];
  if (weight !== 0) writes.push({ file, value: `${convert(weight)}` });
  for (const { major, minor, weight = 0 } of devices) {
    writes.push({ file, value: `${major}:${minor} ${convert(weight)}` });
  }
  return writes;
}

/** One line a device. v1 takes a rate of 0 for "no limit"; v2 refuses it, and has a word for that. */
function throttleWrites(blockIO: BlockIoResources): CgroupWrite[] {
  const limits = new Map<string, string[]>();
  for (const [field, key] of THROTTLES) {
    for (const { major, minor, rate } of blockIO[field] ?? []) {
      const device = `${major}:${minor}`;
      const keys = limits.get(device) ?? [];
      keys.push(`${key}=${BigInt(rate) === 0n ? "max" : rate}`);
      limits.set(device, keys);
    }
  }
  return [...limits].map(([device, keys]) => ({
    file: "io.max",
    value: `${device} ${keys.join(" ")}`,
  }));
}

/**
 * What to write for limits of block devices.
 *
 * @throws {ConfigError} on a leaf weight, which v2 does not have
 */
export function ioWrites(
  blockIO: BlockIoResources,
  read: ReadFile,
): CgroupWrite[] {
  refuseLeafWeights(blockIO);
  return [...weightWrites(blockIO, read), ...throttleWrites(blockIO)];
}
