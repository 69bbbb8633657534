/**
 * Programs that are built once for all containers of one configuration.
 *
 * @module
 */
import { textOf } from "../spec/snapshot.ts";
import type { Spec } from "../spec/types.ts";
import type { Host } from "./host.ts";
import {
  type ContainerProgram,
  containerProgram,
  type ProgramOptions,
} from "./program.ts";

interface Prepared {
  readonly host: Host;
  readonly built: ContainerProgram;
}

/** By configuration, then by the options that a program depends on; as long as the configuration is in use. */
const prepared = new WeakMap<Spec, Map<string, Prepared>>();

/** {@linkcode containerProgram}, or what it gave for the same operands if the configuration is one that can't change. */
export function preparedProgram(
  spec: Spec,
  host: Host,
  options: ProgramOptions,
): ContainerProgram {
  if (textOf(spec) === undefined) return containerProgram(spec, host, options);
  const known = prepared.get(spec) ?? new Map<string, Prepared>();
  prepared.set(spec, known);
  const key = keyOf(options);
  const found = known.get(key);
  if (found?.host === host) return found.built;
  const built = containerProgram(spec, host, options);
  known.set(key, { host, built });
  return built;
}

/** What differs if the program does; the container's id is not in it. */
function keyOf(options: ProgramOptions): string {
  return JSON.stringify([
    options.bundle,
    options.noPivot ?? false,
    options.noNewKeyring ?? false,
    options.ownStreams ?? "all",
    options.preserveFds ?? 0,
    options.reexec ?? false,
    options.cgroupPath ?? "",
  ]);
}
