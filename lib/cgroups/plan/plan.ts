/**
 * What would be done to the cgroups of a container: the managers' own work, on hierarchies that only note it.
 *
 * @module
 */
import type { Resources } from "../../spec/types.ts";
import { jsonPointer } from "../../spec/pointer.ts";
import { reasonsOf } from "../conversions.ts";
import { containerDeviceFilter, type DeviceFilter } from "../devices.ts";
import { levelsOf } from "../directories.ts";
import { type CgroupFiles, openHierarchy } from "../files.ts";
import type { CgroupLayout } from "../layout.ts";
import type { CgroupLocation } from "../paths.ts";
import {
  type CgroupPart,
  newRecord,
  type OpenHierarchy,
  partsOf,
} from "../record.ts";
import { devicesWrites, parseDevicesList } from "../v1/devices.ts";
import { V1Manager } from "../v1/manager.ts";
import { deviceProgram } from "../v2/device_program.ts";
import { V2Manager } from "../v2/manager.ts";
import { PlanFiles, type PlannedCall } from "./plan_files.ts";

/** A step, as text and JSON show it. */
export interface CgroupStep {
  /** What is called; `bpf` loads a device program and attaches it, `systemd` sets a property of a unit. */
  readonly call: "mkdir" | "write" | "chown" | "bpf" | "systemd";
  /** The directory or file, or the unit. */
  readonly path: string;
  /** What is written, to whom it is given, what the program does, or `NAME=VALUE`. */
  readonly value?: string;
  /** JSON pointers of the fields that ask for it; left out where the kernel needs it. */
  readonly pointers?: readonly string[];
  /** How the fields' values become this one, if not as they are. */
  readonly conversion?: string;
}

/** What a plan depends on. */
export interface CgroupPlanOptions extends CgroupLocation {
  readonly resources: Resources;
  /** See `CgroupManager.delegate()`. */
  readonly owner?: number | undefined;
  /** Gives the hierarchies, which are only read; the real ones by default. */
  readonly open?: OpenHierarchy;
}

/**
 * Plans a container's cgroups. Reads the host's, changes nothing, and needs no privileges.
 *
 * @throws {CgroupError} or {@linkcode ConfigError}, as the creation of the container would for what can be known before
 */
export function planCgroups(
  layout: CgroupLayout,
  options: CgroupPlanOptions,
): CgroupStep[] {
  const { resources, owner } = options;
  const record = newRecord(layout, options);
  const version = record.mode === "v2" ? 2 : 1;
  const calls: PlannedCall[] = [];
  const real = options.open ?? openHierarchy;
  const parts = partsOf(record, real);
  const leaves = new Map(
    parts.map(({ files, directory }) => [files.mountPoint, directory]),
  );
  const open = (mountPoint: string): CgroupFiles =>
    new PlanFiles(
      real(mountPoint),
      leaves.get(mountPoint) ?? "",
      (call) => calls.push(call),
    );
  const Manager = version === 2 ? V2Manager : V1Manager;
  using manager = new Manager(record, { required: true, open });
  manager.create(resources);
  if (owner !== undefined) manager.delegate(owner);
  const made = calls.splice(0).map((call) => stepOf(call, resources, version));
  manager.apply(resources, { devices: false });
  const limits = calls.map((call) => stepOf(call, resources, version));
  const filter = containerDeviceFilter(resources.devices);
  const devices = parts.flatMap((part): CgroupStep[] => {
    if (version === 2) return [programStep(part, filter)];
    return part.controllers.includes("devices")
      ? deviceSteps(part, filter, resources)
      : [];
  });
  for (const { files } of parts) files.close();
  return version === 1
    ? [...made, ...devices, ...limits]
    : [...made, ...limits, ...devices];
}

/** A new cgroup starts with its parent's rules. */
function deviceSteps(
  { files, directory, path }: CgroupPart,
  filter: DeviceFilter,
  resources: Resources,
): CgroupStep[] {
  const above = levelsOf(directory).slice(0, -1)
    .findLast((level) => files.exists(level));
  const list = above === undefined ? "devices.list" : `${above}/devices.list`;
  const current = parseDevicesList(files.read(list));
  const writes = devicesWrites(filter, current);
  return writes.map(({ file, value }) =>
    stepOf({ call: "write", path: `${path}/${file}`, value }, resources, 1)
  );
}

function programStep({ path }: CgroupPart, filter: DeviceFilter): CgroupStep {
  const { defaultAllow, exceptions } = filter;
  const number = (value: number): string => value === -1 ? "*" : `${value}`;
  const list = exceptions.map(({ type, major, minor, access }) =>
    `${type} ${number(major)}:${number(minor)} ${access}`
  );
  const rest = list.length === 0 ? "nothing" : list.join(", ");
  const size = deviceProgram(filter).length;
  return {
    call: "bpf",
    path,
    value: `${size} instructions: ${
      defaultAllow ? "allow" : "deny"
    } all devices but ${rest}`,
    pointers: ["/linux/resources/devices"],
  };
}

function stepOf(
  call: PlannedCall,
  resources: Resources,
  version: 1 | 2,
): CgroupStep {
  if (call.call === "mkdir") return call;
  if (call.call === "chown") return { ...call, value: `${call.uid}` };
  const file = call.path.slice(call.path.lastIndexOf("/") + 1);
  const lines = (resources.unified?.[file] ?? "").split("\n");
  if (lines.includes(call.value)) {
    const pointers = [jsonPointer("linux", "resources", "unified", file)];
    return { ...call, pointers };
  }
  const asked = reasonsOf(file, version).filter(({ field }) =>
    isSet(resources, field)
  );
  if (asked.length === 0) return call;
  const how = [...new Set(asked.map(({ how }) => how))].filter(Boolean);
  return {
    ...call,
    pointers: asked.map(({ field }) => `/linux/resources/${field}`),
    ...(how.length === 0 ? {} : { conversion: how.join("; ") }),
  };
}

/** Whether a configuration has a field, with something in it. */
function isSet(resources: Resources, field: string): boolean {
  // The defaults are rules for devices, too.
  if (field === "devices") return true;
  let value: unknown = resources;
  for (const name of field.split("/")) {
    value = (value as Record<string, unknown> | undefined)?.[name];
  }
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}
