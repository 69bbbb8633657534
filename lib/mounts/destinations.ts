/** Mount points that are given as paths of the host. @module */
import type { Mount, Spec } from "../spec/types.ts";

/**
 * Takes the container's root off destinations that begin with it: some callers give paths of the host, and runc has
 * always taken them so.
 *
 * @param rootfs the container's root on the host, absolute
 * @returns the same configuration if there are none
 */
export function withDestinationsInside(spec: Spec, rootfs: string): Spec {
  const prefix = `${rootfs.replace(/\/+$/, "")}/`;
  const { mounts = [] } = spec;
  const isOutside = ({ destination }: Mount): boolean =>
    prefix !== "/" && destination.startsWith(prefix);
  if (!mounts.some(isOutside)) return spec;
  const inside = mounts.map((mount) =>
    isOutside(mount)
      ? { ...mount, destination: mount.destination.slice(prefix.length - 1) }
      : mount
  );
  return { ...spec, mounts: inside };
}
