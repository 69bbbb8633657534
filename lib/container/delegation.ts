/**
 * To whom a container's cgroup belongs: config-linux.md#cgroup-ownership.
 *
 * @module
 */
import { toHostId } from "../namespaces/id_maps.ts";
import { createsNamespace } from "../spec/namespaces.ts";
import type { Mount, Spec } from "../spec/types.ts";
import type { Host } from "./host.ts";

/** Whether a mount shows the container its cgroups to write to. */
function isWritable({ type, destination, options = [] }: Mount): boolean {
  return (type === "cgroup" || type === "cgroup2") &&
    /^\/sys\/fs\/cgroup\/*$/.test(destination) &&
    !options.includes("ro");
}

/**
 * The host's user who is to own the container's cgroup: the one that its first process runs as. So the container can make
 * cgroups of its own, and limit them. That is safe only on v2; and only in a cgroup namespace, with the file system
 * mounted to be written to, is it of any use.
 *
 * @returns undefined if it stays ours
 */
export function cgroupOwner(spec: Spec, host: Host): number | undefined {
  if (host.cgroup.mode !== "v2" || !createsNamespace(spec, "cgroup")) {
    return undefined;
  }
  // The last one mounted there is what the container sees.
  const mount = (spec.mounts ?? []).findLast(({ destination }) =>
    /^\/sys\/fs\/cgroup\/*$/.test(destination)
  );
  if (mount === undefined || !isWritable(mount)) return undefined;
  const uid = toHostId(spec.linux?.uidMappings, spec.process?.user.uid ?? 0);
  return uid === host.euid ? undefined : uid;
}
