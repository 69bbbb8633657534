/**
 * The blkio controller of cgroup v1 (kernel: Documentation/admin-guide/cgroup-v1/blkio-controller.rst,
 * Documentation/block/bfq-iosched.rst).
 *
 * @module
 */
import type {
  BlockIoResources,
  BlockIoThrottleDevice,
} from "../../spec/types.ts";
import type { CgroupWrite, ReadFile } from "../write.ts";

/** Weights are those of the CFQ scheduler up to Linux 4.20, and of BFQ since. */
const [CFQ, BFQ] = ["blkio.weight", "blkio.bfq.weight"] as const;

function weightWrites(
  blockIO: BlockIoResources,
  read: ReadFile,
): CgroupWrite[] {
  const { weight = 0, leafWeight = 0, weightDevice = [] } = blockIO;
  const weights = [weight, ...weightDevice.map((device) => device.weight ?? 0)];
  if (weights.every((one) => one === 0) && leafWeight === 0) {
    return leafWrites(blockIO);
  }
  const file = read(CFQ) === undefined ? BFQ : CFQ;
  const writes: CgroupWrite[] = [];
  if (weight !== 0) writes.push({ file, value: `${weight}` });
  for (const { major, minor, weight = 0 } of weightDevice) {
    if (weight === 0) continue;
    writes.push({
      file: `${file}_device`,
      value: `${major}:${minor} ${weight}`,
    });
  }
  return [...writes, ...leafWrites(blockIO)];
}

/** Weights against the child cgroups, which only CFQ had: with BFQ the files are missing. */
function leafWrites(
  { leafWeight = 0, weightDevice = [] }: BlockIoResources,
): CgroupWrite[] {
  const own: CgroupWrite[] = leafWeight === 0
    ? []
    : [{ file: "blkio.leaf_weight", value: `${leafWeight}` }];
  const devices = weightDevice.filter(({ leafWeight = 0 }) => leafWeight !== 0);
  return [
    ...own,
    ...devices.map(({ major, minor, leafWeight }) => ({
      file: "blkio.leaf_weight_device",
      value: `${major}:${minor} ${leafWeight}`,
    })),
  ];
}

function throttleWrites(
  file: string,
  devices: readonly BlockIoThrottleDevice[] = [],
): CgroupWrite[] {
  return devices.map(({ major, minor, rate }) => ({
    file: `blkio.throttle.${file}_device`,
    value: `${major}:${minor} ${rate}`,
  }));
}

/** What to write for limits of block devices. A rate of 0 takes a limit away. */
export function blkioWrites(
  blockIO: BlockIoResources,
  read: ReadFile,
): CgroupWrite[] {
  return [
    ...weightWrites(blockIO, read),
    ...throttleWrites("read_bps", blockIO.throttleReadBpsDevice),
    ...throttleWrites("write_bps", blockIO.throttleWriteBpsDevice),
    ...throttleWrites("read_iops", blockIO.throttleReadIOPSDevice),
    ...throttleWrites("write_iops", blockIO.throttleWriteIOPSDevice),
  ];
}
