/**
 * The device nodes of a container, from its configuration.
 *
 * @module
 */
import { S_IFBLK, S_IFCHR, S_IFIFO } from "../../ffi/abi/fcntl.ts";
import { ConfigError } from "../errors.ts";
import { rootedPath } from "../paths.ts";
import type { Device, DeviceType, Spec } from "../spec/types.ts";

/** A device node to be made. */
export interface DeviceNode {
  /** Clean path inside the container. */
  readonly path: string;
  /** Type and permission bits, as mknodat(2) takes them. */
  readonly mode: number;
  readonly major: number;
  readonly minor: number;
  readonly uid: number;
  readonly gid: number;
  /** JSON pointer of the entry that asks for it; none for the default devices. */
  readonly pointer: string | undefined;
}

const DEFAULT_MODE = 0o666;
const PERMISSIONS = 0o7777;
const TYPES: Readonly<Record<DeviceType, number>> = {
  b: S_IFBLK,
  c: S_IFCHR,
  p: S_IFIFO,
  u: S_IFCHR,
};
/** Devices have 12 bits for the major and 20 for the minor number: <linux/kdev_t.h>. */
const [MAJOR_MAX, MINOR_MAX] = [0xfff, 0xfffff];

/** The devices that every container has: config-linux.md#default-devices, without the console and ptmx. */
const DEFAULT_DEVICES: readonly (readonly [string, number, number])[] = [
  ["/dev/null", 1, 3],
  ["/dev/zero", 1, 5],
  ["/dev/full", 1, 7],
  ["/dev/random", 1, 8],
  ["/dev/urandom", 1, 9],
  ["/dev/tty", 5, 0],
];

/**
 * The nodes to be made: the configured ones, and the default ones among whose paths none is configured. /dev/ptmx is
 * not among them, it is a link.
 *
 * @throws {ConfigError} for a device without numbers, or with some that no device has
 */
export function deviceNodes({ linux }: Spec): DeviceNode[] {
  const configured = (linux?.devices ?? []).map(configuredNode);
  const paths = new Set(configured.map(({ path }) => path));
  const defaults = DEFAULT_DEVICES.filter(([path]) => !paths.has(path)).map(
    ([path, major, minor]): DeviceNode => ({
      path,
      mode: S_IFCHR | DEFAULT_MODE,
      major,
      minor,
      uid: 0,
      gid: 0,
      pointer: undefined,
    }),
  );
  return [...defaults, ...configured]
    .filter(({ path }) => path !== "/dev/ptmx");
}

function configuredNode(device: Device, index: number): DeviceNode {
  const pointer = `/linux/devices/${index}`;
  const path = rootedPath(device.path);
  if (path === "/") throw new ConfigError(`${pointer}/path`, "is the root");
  const type = TYPES[device.type];
  if (type === undefined) {
    throw new ConfigError(
      `${pointer}/type`,
      `${JSON.stringify(device.type)} is none of "b", "c", "p", "u"`,
    );
  }
  const isFifo = device.type === "p";
  return {
    path,
    mode: type | ((device.fileMode ?? DEFAULT_MODE) & PERMISSIONS),
    major: isFifo ? 0 : numberOf(device, "major", MAJOR_MAX, pointer),
    minor: isFifo ? 0 : numberOf(device, "minor", MINOR_MAX, pointer),
    uid: device.uid ?? 0,
    gid: device.gid ?? 0,
    pointer,
  };
}

function numberOf(
  device: Device,
  field: "major" | "minor",
  max: number,
  pointer: string,
): number {
  const value = device[field] === undefined ? 0 : Number(device[field]);
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new ConfigError(
      `${pointer}/${field}`,
      `${device[field]} is not between 0 and ${max}`,
    );
  }
  return value;
}
