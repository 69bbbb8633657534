/**
 * From a container.json, the configuration of the first nsinit, to a configuration of the OCI specification.
 *
 * @module
 */
import type { AccountFiles } from "../../user/accounts.ts";
import { SPEC_VERSION } from "../../version.ts";
import {
  DEATH_SIGNAL_ANNOTATION,
  SIGNAL_MAX,
} from "../../process/death_signal.ts";
import { parseDocument, parseSpec } from "../parse.ts";
import { Problems } from "../problems.ts";
import type { IdMapping, Linux, Spec } from "../types.ts";
import { translateCgroupsPath, translateResources } from "./cgroups.ts";
import { type LegacyContext, listOrNone, said } from "./context.ts";
import { translateDevices } from "./devices.ts";
import { translateMounts, translatePropagation } from "./mounts.ts";
import { translateNamespaces } from "./namespaces.ts";
import { translateProcess } from "./process.ts";
import { legacySchema } from "./schema.ts";
import { translateSeccomp } from "./seccomp.ts";
import type { LegacyConfig, LegacyIdMapping } from "./types.ts";

/** Name of the configuration of the first nsinit. */
export const LEGACY_FILE = "container.json";

/** What `restrict_sys` makes read-only, /sys apart, and hides. */
const RESTRICTED = {
  readonly: ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"],
  masked: ["/proc/kcore"],
};

/** How a container.json is translated. */
export interface LegacyOptions {
  /**
   * The container's /etc/passwd and /etc/group, by which users and groups are found.
   *
   * @default both empty: users and groups can only be numbers
   */
  readonly accounts?: AccountFiles;
}

/** A translated container.json. */
export interface LegacyResult {
  /** The configuration. */
  readonly spec: Spec;
  /** Whether the root is to be moved instead of pivoted, for which a configuration has no place: `CreateOptions`. */
  readonly noPivot: boolean;
}

/** Properties that Go's encoders wrote for fields that nobody set. */
function saysNothing(value: unknown): boolean {
  if (typeof value === "object" && value !== null) {
    return Object.values(value).every(saysNothing);
  }
  return !value;
}

/** Follows a pointer that `clean` gave. */
function valueAt(document: unknown, pointer: string): unknown {
  return pointer.split("/").slice(1).reduce(
    (value: unknown, word) =>
      (value as Record<string, unknown>)[
        word.replaceAll("~1", "/").replaceAll("~0", "~")
      ],
    document,
  );
}

/** The form of the document. What is unknown is refused: it may be a limit with a letter too many. */
function parseLegacy(document: unknown): LegacyConfig {
  const { value, unknown } = parseDocument(legacySchema, document);
  const problems = new Problems();
  for (const pointer of unknown) {
    if (saysNothing(valueAt(document, pointer))) continue;
    problems.refuse(
      pointer,
      "unknown property, or one that this version of nsinit has no use for",
    );
  }
  problems.throwFirst();
  return value;
}

function mappings(
  list: readonly LegacyIdMapping[] | undefined,
): IdMapping[] | undefined {
  return listOrNone(
    list?.map(({ container_id, host_id, size }) => ({
      containerID: container_id ?? 0,
      hostID: host_id ?? 0,
      size: size ?? 0,
    })),
  );
}

/** The root's path. The first form had none: the directory of the file was the root. */
function rootOf({ config, problems }: LegacyContext): string {
  const { rootfs = "", mounts } = config;
  if (rootfs !== "") return rootfs;
  if (mounts !== undefined) {
    problems.refuse("/rootfs", "missing, expected the root file system");
  }
  return ".";
}

/** The signal for when the runtime dies: the specification has no member for it, an annotation says it. */
function annotationsOf(
  { config, problems }: LegacyContext,
): Record<string, string> | undefined {
  const signal = config.parent_death_signal ?? 0;
  if (signal === 0) return undefined;
  if (signal < 0 || signal > SIGNAL_MAX) {
    problems.refuse(
      "/parent_death_signal",
      `expected the number of a signal, got ${signal}`,
    );
  }
  return { [DEATH_SIGNAL_ANNOTATION]: `${signal}` };
}

function translateLinux(context: LegacyContext): Linux {
  const { config } = context;
  const restricted = config.restrict_sys === true;
  return {
    ...said<Linux>({
      uidMappings: mappings(config.uid_mappings),
      gidMappings: mappings(config.gid_mappings),
      sysctl: config.sysctl ?? config.system_properties,
    } as Linux),
    resources: translateResources(context),
    ...said<Linux>({
      cgroupsPath: translateCgroupsPath(context),
      namespaces: translateNamespaces(context),
      devices: listOrNone(translateDevices(context)),
      seccomp: translateSeccomp(context),
      rootfsPropagation: translatePropagation(context),
      maskedPaths: listOrNone([
        ...restricted ? RESTRICTED.masked : [],
        ...config.mask_paths ?? [],
      ]),
      readonlyPaths: listOrNone([
        ...restricted ? RESTRICTED.readonly : [],
        ...config.readonly_paths ?? [],
      ]),
      mountLabel: config.mount_label || config.mount_config?.mount_label,
    } as Linux),
  };
}

/**
 * Translates a container.json: docs/directory.md tells what becomes of each member.
 *
 * @param document the parsed JSON document
 * @returns a configuration whose form and meaning are still to be checked against a host, as any other
 * @throws {ConfigError} with the pointer of a member that is wrong, unknown, or asks for something that can't be had
 */
export function legacySpec(
  document: unknown,
  { accounts = { passwd: "", group: "" } }: LegacyOptions = {},
): LegacyResult {
  const config = parseLegacy(document);
  const problems = new Problems();
  const context: LegacyContext = { config, accounts, problems };
  const { mount_config, hostname } = config;
  const readonly = config.readonlyfs || mount_config?.readonly_fs ||
    mount_config?.readonlyfs;
  const translated: Spec = {
    ociVersion: SPEC_VERSION,
    process: translateProcess(context),
    root: {
      path: rootOf(context),
      ...(readonly ? { readonly: true } : {}),
    },
    ...(hostname ? { hostname } : {}),
    mounts: translateMounts(context),
    ...said<Pick<Spec, "annotations">>({ annotations: annotationsOf(context) }),
    linux: translateLinux(context),
  };
  problems.throwFirst();
  return {
    spec: parseSpec(translated).spec,
    noPivot: config.no_pivot_root || mount_config?.no_pivot_root || false,
  };
}
