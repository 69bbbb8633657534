/**
 * The checks that a configuration passes before a container is made from it.
 *
 * @module
 */
import { namespaceFlag } from "../../ffi/namespace.ts";
import { parseMap } from "../namespaces/id_maps.ts";
import { NAMESPACE_FLAGS } from "../namespaces/namespaces.ts";
import { textOf } from "../spec/snapshot.ts";
import type { IdMapping, NamespaceType, Spec } from "../spec/types.ts";
import type { SpecHost } from "../spec/validate/context.ts";
import {
  checkHost,
  denoFiles,
  type HostFiles,
} from "../spec/validate/host_checks.ts";
import { validateSpec } from "../spec/validate/validate.ts";
import type { Host } from "./host.ts";

/** How the configuration is going to be used. */
export interface CheckOptions {
  readonly bundle: string;
  readonly noPivot: boolean;
  /** False while the program to run is not known yet. */
  readonly needProcess: boolean;
  readonly log: (level: "warning", message: string) => void;
}

/**
 * Checks form and meaning, and what the host has to say.
 *
 * @returns the absolute path of the root file system
 * @throws {ConfigError} for the first mistake
 */
export function checkSpec(
  spec: Spec,
  host: Host,
  options: CheckOptions,
): string {
  const warnings = checkedOnce(spec, host, options);
  const checked = checkHost(spec, options.bundle, hostFiles);
  for (const warning of [...warnings, ...checked.warnings]) {
    options.log("warning", warning);
  }
  return checked.rootfs;
}

/** What the checks of a configuration that can't change said, by the host and what it is used for. */
const said = new WeakMap<Spec, WeakMap<Host, Map<string, readonly string[]>>>();

/** Checks form and meaning, unless that was done before. Returns the warnings. */
function checkedOnce(
  spec: Spec,
  host: Host,
  { needProcess, noPivot }: CheckOptions,
): readonly string[] {
  const rules = { needProcess, noPivot };
  const check = (): readonly string[] =>
    validateSpec(spec, specHost(host), rules).warnings;
  if (textOf(spec) === undefined) return check();
  const byHost = entry(said, spec, () => new WeakMap());
  const byRules = entry(byHost, host, () => new Map());
  return entry(byRules, JSON.stringify(rules), check);
}

function entry<K, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}

/** What the rules want to know of a host. */
export function specHost(host: Host): SpecHost {
  return {
    lsm: host.lsm,
    landlock: host.landlock,
    cgroup: host.cgroup.mode === "none" ? "v1" : host.cgroup.mode,
    rootless: host.euid !== 0,
    namespaces: host.namespaces,
  };
}

const hostFiles: HostFiles = {
  ...denoFiles,
  namespaceType(path: string): NamespaceType | undefined {
    const flag = namespaceFlag(path);
    const types = Object.keys(NAMESPACE_FLAGS) as NamespaceType[];
    return types.find((type) => NAMESPACE_FLAGS[type] === flag);
  },
  /** A process in the namespace knows them: only paths below /proc name one. */
  idMappings(path: string): { uid: IdMapping[]; gid: IdMapping[] } | undefined {
    const directory = /^(\/proc\/[^/]+)\/ns\/user$/.exec(path)?.[1];
    if (directory === undefined) return undefined;
    return {
      uid: readMap(`${directory}/uid_map`),
      gid: readMap(`${directory}/gid_map`),
    };
  },
};

function readMap(path: string): IdMapping[] {
  return parseMap(Deno.readTextFileSync(path));
}
