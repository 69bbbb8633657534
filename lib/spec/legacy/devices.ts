/**
 * Device nodes and device rules of a container.json: mknod(2), cgroups(7).
 *
 * @module
 */
import { quote } from "../pointer.ts";
import type { Device, DeviceCgroupRule, DeviceType } from "../types.ts";
import type { LegacyContext } from "./context.ts";
import type { LegacyDevice } from "./types.ts";

/** A document has the file type in the mode of some nodes: only these bits count. */
const PERMISSIONS = 0o7777;
/** In rules: any number. */
const ANY = -1;

/** The numbers by either of their names. An absent one is 0, as Go's encoder leaves 0 out. */
function numbers(device: LegacyDevice): { major: number; minor: number } {
  return {
    major: device.major || device.major_number || 0,
    minor: device.minor || device.minor_number || 0,
  };
}

/** The letter that a number stands for, if it is among those given. */
function letterOf<T extends string>(
  { problems }: LegacyContext,
  { type }: LegacyDevice,
  letters: readonly T[],
  pointer: string,
): T | undefined {
  const letter = letters.find((letter) => letter.charCodeAt(0) === type);
  if (letter === undefined) {
    const known = letters.map((letter) =>
      `${letter.charCodeAt(0)} (${letter})`
    );
    problems.refuse(
      `${pointer}/type`,
      `unknown type ${type}, expected one of ${known.join(", ")}`,
    );
  }
  return letter;
}

function translateNode(
  context: LegacyContext,
  device: LegacyDevice,
  pointer: string,
): Device[] {
  const { path = "", file_mode = 0, uid, gid } = device;
  const type = letterOf<DeviceType>(
    context,
    device,
    ["c", "b", "u", "p"],
    pointer,
  );
  if (!path.startsWith("/")) {
    context.problems.refuse(
      `${pointer}/path`,
      `expected an absolute path, got ${quote(path)}`,
    );
  }
  if (type === undefined) return [];
  return [{
    type,
    path,
    ...(type === "p" ? {} : numbers(device)),
    fileMode: file_mode & PERMISSIONS,
    ...(uid ? { uid } : {}),
    ...(gid ? { gid } : {}),
  }];
}

/**
 * The device nodes of the container.
 *
 * @param context gets refusals
 */
export function translateDevices(context: LegacyContext): Device[] {
  const { devices = [], mount_config } = context.config;
  const lists = [
    ["/devices", devices],
    ["/mount_config/device_nodes", mount_config?.device_nodes ?? []],
  ] as const;
  return lists.flatMap(([pointer, list]) =>
    list.flatMap((device, index) =>
      translateNode(context, device, `${pointer}/${index}`)
    )
  );
}

function translateRule(
  context: LegacyContext,
  device: LegacyDevice,
  allow: boolean,
  pointer: string,
): DeviceCgroupRule[] {
  const access = device.permissions || device.cgroup_permissions || "";
  const type = letterOf(context, device, ["a", "b", "c"], pointer);
  if (!/^[rwm]{1,3}$/.test(access)) {
    const name = device.permissions === undefined
      ? "cgroup_permissions"
      : "permissions";
    context.problems.refuse(
      `${pointer}/${name}`,
      `expected letters out of r, w, m, got ${quote(access)}`,
    );
  }
  if (type === undefined) return [];
  const { major, minor } = numbers(device);
  return [{
    allow,
    type,
    ...(major === ANY ? {} : { major }),
    ...(minor === ANY ? {} : { minor }),
    access,
  }];
}

/**
 * Who may use which device: nobody, but for those that are listed, or everybody all but those. Without a cgroup in the
 * document, only what every container may use.
 *
 * @param context gets refusals
 */
export function translateDeviceRules(
  context: LegacyContext,
): DeviceCgroupRule[] {
  const { allow_all_devices = false, allowed_devices, denied_devices } =
    context.config.cgroups ?? {};
  if (!allow_all_devices && (denied_devices ?? []).length > 0) {
    context.problems.refuse(
      "/cgroups/denied_devices",
      "needs allow_all_devices: without it, all that is not allowed is denied",
    );
  }
  const name = allow_all_devices ? "denied_devices" : "allowed_devices";
  const list = (allow_all_devices ? denied_devices : allowed_devices) ?? [];
  const exceptions = list.flatMap((device, index) =>
    translateRule(
      context,
      device,
      !allow_all_devices,
      `/cgroups/${name}/${index}`,
    )
  );
  return [{ allow: allow_all_devices, access: "rwm" }, ...exceptions];
}
