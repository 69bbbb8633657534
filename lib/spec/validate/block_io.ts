/**
 * Rules about block device limits: config-linux.md#block-io.
 *
 * @module
 */
import type { Problems } from "../problems.ts";
import type {
  BlockIoResources,
  BlockIoThrottleDevice,
  Int64,
} from "../types.ts";

const POINTER = "/linux/resources/blockIO";

function checkWeight(problems: Problems, pointer: string, weight = 0): void {
  if (weight === 0 || (weight >= 10 && weight <= 1000)) return;
  problems.refuse(pointer, `got ${weight}, expected 10 to 1000, or 0 for none`);
}

function checkNumbers(
  problems: Problems,
  pointer: string,
  device: { readonly major: Int64; readonly minor: Int64 },
): void {
  for (const name of ["major", "minor"] as const) {
    if (device[name] >= 0) continue;
    problems.refuse(
      `${pointer}/${name}`,
      `got ${device[name]}, expected a device number`,
    );
  }
}

type ThrottleList = {
  [K in keyof BlockIoResources]: BlockIoResources[K] extends
    BlockIoThrottleDevice[] | undefined ? K
    : never;
}[keyof BlockIoResources];

const THROTTLES: readonly NonNullable<ThrottleList>[] = [
  "throttleReadBpsDevice",
  "throttleWriteBpsDevice",
  "throttleReadIOPSDevice",
  "throttleWriteIOPSDevice",
];

/**
 * Checks weights and throttles.
 *
 * @param problems where mistakes are reported
 * @param blockIO the limits
 */
export function blockIoRules(
  problems: Problems,
  blockIO: BlockIoResources,
): void {
  checkWeight(problems, `${POINTER}/weight`, blockIO.weight);
  checkWeight(problems, `${POINTER}/leafWeight`, blockIO.leafWeight);
  for (const [index, device] of (blockIO.weightDevice ?? []).entries()) {
    const pointer = `${POINTER}/weightDevice/${index}`;
    checkNumbers(problems, pointer, device);
    checkWeight(problems, `${pointer}/weight`, device.weight);
    checkWeight(problems, `${pointer}/leafWeight`, device.leafWeight);
    if (device.weight === undefined && device.leafWeight === undefined) {
      problems.refuse(pointer, "has no limit, expected weight or leafWeight");
    }
  }
  for (const name of THROTTLES) {
    for (const [index, device] of (blockIO[name] ?? []).entries()) {
      checkNumbers(problems, `${POINTER}/${name}/${index}`, device);
    }
  }
}
