/** What the mounts of a container depend on, out of configuration and host. @module */
import type { Address } from "../../init/program.ts";
import { cgroupPaths, ownDirectory } from "../cgroups/paths.ts";
import {
  type MountContext,
  mountContext as makeContext,
} from "../mounts/mod.ts";
import { hasNamespace } from "../spec/namespaces.ts";
import type { Spec } from "../spec/types.ts";
import { type Host, isRootless } from "./host.ts";
import type { ProgramOptions } from "./program_options.ts";

/** What else they depend on. */
export interface MountOptions extends ProgramOptions {
  /** Number of the sync socket. */
  readonly sync: number;
  /** Where init finds the container's id. */
  readonly givenId: Address;
}

/** Makes the context. */
export function mountContext(
  spec: Spec,
  host: Host,
  options: MountOptions,
): MountContext {
  const { mode, mounts } = host.cgroup;
  const cgroupsPath = options.cgroupPath ?? spec.linux?.cgroupsPath;
  const paths = mode === "none"
    ? {}
    : cgroupPaths(host.cgroup, { id: options.id, cgroupsPath });
  const placedById = (cgroupsPath ?? "") === "";
  const hierarchies = mounts.flatMap((mount) => {
    const { controllers, mountPoint } = mount;
    const containerPath = controllers.map((controller) => paths[controller])
      .find((path) => path !== undefined);
    if (containerPath === undefined) return [];
    const ownPath = !isRootless("auto", host)
      ? undefined
      : ownDirectory(mount, controllers[0]!, host.cgroup.own);
    return [{
      controllers,
      mountPoint,
      containerPath: placedById
        ? { directory: parentOf(containerPath), name: options.givenId }
        : containerPath,
      ...(ownPath === undefined ? {} : { ownPath }),
    }];
  });
  return makeContext({
    spec,
    host: {
      userNamespace: hasNamespace(spec, "user"),
      mountNamespace: hasNamespace(spec, "mount"),
      cgroupNamespace: hasNamespace(spec, "cgroup"),
      cgroup: { mode, hierarchies },
      bareMounts: host.bareMounts,
    },
    bundle: options.bundle,
    sync: options.sync,
    noPivot: options.noPivot ?? false,
  });
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
