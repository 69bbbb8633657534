/**
 * A block device of a test's own: a file behind a loop device.
 *
 * @module
 */
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { ok } from "./command.ts";
import { exists, missing } from "./host.ts";
import type { DeviceNumber } from "./spec.ts";

/** A block device. */
export interface LoopDevice extends DeviceNumber {
  /** Its node on the host. */
  readonly path: string;
}

/** A reason to skip what needs one. */
export function withoutLoopDevices(): string | undefined {
  if (Deno.uid() !== 0) return "loop devices are root's";
  if (!exists("/dev/loop-control")) {
    new Deno.Command("modprobe", { args: ["loop"], stderr: "null" })
      .outputSync();
  }
  return exists("/dev/loop-control")
    ? missing("losetup")
    : "no loop devices here";
}

/** Makes one for a while. */
export async function withLoopDevice(
  box: Box,
  mebibytes: number,
  use: (device: LoopDevice) => Promise<void>,
): Promise<void> {
  const file = `${box.dir}/disk`;
  await Deno.writeFile(file, new Uint8Array(mebibytes * 2 ** 20));
  const { stdout } = ok(
    await box.command(["losetup", "--find", "--show", file]),
  );
  const path = stdout.trim();
  try {
    const { rdev } = await Deno.stat(path);
    // As makedev(3) has it, for the small numbers that these devices have.
    const [major, minor] = [(rdev! >> 8) & 0xfff, rdev! & 0xff];
    await use({ path, major, minor });
  } finally {
    ok(await box.command(["losetup", "--detach", path]));
    await Deno.remove(file);
  }
}

/** Gives a container the device, as /dev/disk. */
export function withDisk({ major, minor }: DeviceNumber): Edit {
  return (spec) => {
    spec.linux.devices = [
      { path: "/dev/disk", type: "b", major, minor, fileMode: 0o600 },
    ];
    spec.linux.resources ??= {};
    spec.linux.resources.devices = [
      ...spec.linux.resources.devices ?? [],
      { allow: true, type: "b", major, minor, access: "rw" },
    ];
  };
}
