/**
 * A mount of the configuration, read and checked.
 *
 * @module
 */
import { MS_I_VERSION, MS_RDONLY } from "../../ffi/abi/mount.ts";
import { ConfigError } from "../errors.ts";
import { rootedPath } from "../paths.ts";
import type { Mount } from "../spec/types.ts";
import type { MountContext } from "./context.ts";
import { FSCONFIG_STRING_MAX, type Parameter } from "./new_mount.ts";
import {
  fileSystemFlags,
  type MountOptions,
  parseMountOptions,
} from "./options.ts";

/** What a mount is, in the ways they are made. */
export type MountKind = "bind" | "remount" | "cgroup" | "file system";

/** A mount, read. */
export interface MountPlan {
  readonly kind: MountKind;
  readonly index: number;
  /** JSON pointer of the mount. */
  readonly pointer: string;
  /** Clean path inside the container. */
  readonly destination: string;
  /** File system type; empty for bind mounts without one. */
  readonly type: string;
  readonly source: string;
  readonly options: MountOptions;
  /** Whether it is made writable first, and read-only at the end. */
  readonly delayReadOnly: boolean;
  /** SELinux label of the file system's files. */
  readonly label?: string;
  readonly mount: Mount;
}

/** Files below /proc that may be covered: lxcfs brings its own, so that `free` and `top` show the container's. */
const PROC_FILES: readonly string[] = [
  "cpuinfo",
  "diskstats",
  "loadavg",
  "meminfo",
  "slabinfo",
  "stat",
  "swaps",
  "sys/crypto/fips_enabled",
  "sys/kernel/ns_last_pid",
  "uptime",
].map((name) => `/proc/${name}`);

const MOUNT_DATA_MAX = 4095;

/**
 * Reads one mount of the configuration.
 *
 * @throws {ConfigError} for a destination that is not allowed, and options that contradict the kind of mount
 */
export function planMount(mount: Mount, index: number): MountPlan {
  const pointer = `/mounts/${index}`;
  const parsed = parseMountOptions(mount.options ?? []);
  const isMapped = (mount.uidMappings ?? []).length > 0;
  const options = parsed.idmap === "none" && isMapped
    ? { ...parsed, idmap: "one" as const }
    : parsed;
  const destination = rootedPath(mount.destination);
  const type = mount.type ?? "";
  const kind = kindOf(type, options);
  const plan = {
    kind,
    index,
    pointer,
    destination,
    type,
    source: mount.source ?? "",
    options,
    delayReadOnly: kind === "file system" &&
      (options.flags & MS_RDONLY) !== 0 &&
      (type === "tmpfs" || destination === "/dev"),
    mount,
  };
  checkDestination(plan);
  checkOptions(plan);
  return plan;
}

/** All mounts of the configuration. */
export function planMounts({ spec }: MountContext): MountPlan[] {
  return (spec.mounts ?? []).map(planMount);
}

function kindOf(type: string, options: MountOptions): MountKind {
  if (options.remount) return "remount";
  if (options.bind !== "none" || type === "bind") return "bind";
  return type === "cgroup" || type === "cgroup2" ? "cgroup" : "file system";
}

/** Whether a destination is one of the files below /proc that may be covered. */
export function isCoverableProcFile(destination: string): boolean {
  return PROC_FILES.includes(destination);
}

function checkDestination(
  { destination, kind, type, pointer }: MountPlan,
): void {
  const at = `${pointer}/destination`;
  const quoted = JSON.stringify(destination);
  if (destination === "/") {
    throw new ConfigError(at, `mountpoint ${quoted} is on the top of rootfs`);
  }
  if (kind === "remount" || isCoverableProcFile(destination)) return;
  if (destination.startsWith("/proc/")) {
    throw new ConfigError(
      at,
      `${quoted} cannot be mounted because it is inside /proc`,
    );
  }
  // The source of a bind mount is looked at when the program runs.
  if (destination === "/proc" && kind !== "bind" && type !== "proc") {
    throw new ConfigError(
      at,
      `${quoted} cannot be mounted because it is not of type proc`,
    );
  }
}

function checkOptions(plan: MountPlan): void {
  const { kind, type, options, pointer, mount, source } = plan;
  const refuse = (detail: string): never => {
    throw new ConfigError(`${pointer}/options`, detail);
  };
  if (kind === "bind") {
    if (source === "") {
      throw new ConfigError(`${pointer}/source`, "a bind mount needs one");
    }
    if (options.data.length > 0) {
      refuse(
        `a bind mount takes no options of a file system: ${
          options.data.join(",")
        }`,
      );
    }
  } else if (kind !== "remount" && type === "") {
    throw new ConfigError(
      `${pointer}/type`,
      "a mount needs one, unless it is a bind mount",
    );
  }
  if (options.idmap !== "none") {
    if (kind !== "bind") refuse("ids can be mapped on bind mounts only");
    const [uids, gids] = [mount.uidMappings ?? [], mount.gidMappings ?? []];
    if ((uids.length === 0) !== (gids.length === 0)) {
      refuse("uidMappings and gidMappings must be given together");
    }
  }
  if (options.copyUp && type !== "tmpfs") {
    refuse("tmpcopyup is an option of tmpfs only");
  }
  if (dataOf(plan).length > MOUNT_DATA_MAX) {
    refuse(`options longer than ${MOUNT_DATA_MAX} bytes`);
  }
}

const encoder = new TextEncoder();

/** The options for the file system as mount(2) takes them. */
export function dataOf({ options, label }: MountPlan): string {
  // The label may have commas, and the kernel takes it in quotes here.
  const context = label === undefined ? [] : [`context="${label}"`];
  return [...options.data, ...context].join(",");
}

/** The options for the file system as fsconfig(2) takes them, its flags and its source included. */
export function parametersOf(
  { source, options, label }: MountPlan,
): Parameter[] {
  return [
    ...(source === "" ? [] : [{ key: "source", value: source }]),
    ...fileSystemFlags(options).map((key) => ({ key })),
    ...options.data.map(parameter),
    ...(label === undefined ? [] : [{ key: "context", value: label }]),
  ];
}

function parameter(option: string): Parameter {
  const equals = option.indexOf("=");
  if (equals <= 0) return { key: option };
  return { key: option.slice(0, equals), value: option.slice(equals + 1) };
}

/**
 * Whether fsconfig(2) can't express a mount, so that it takes mount(2): strings that are too long (overlay's
 * lowerdir), several options in one word, and `iversion`, which has no word.
 */
export function needsMountCall(plan: MountPlan): boolean {
  const tooLong = (text: string | undefined): boolean =>
    text !== undefined && encoder.encode(text).length > FSCONFIG_STRING_MAX;
  return (plan.options.flags & MS_I_VERSION) !== 0 ||
    plan.options.data.some((option) => option.includes(",")) ||
    parametersOf(plan).some(({ key, value }) => tooLong(key) || tooLong(value));
}
