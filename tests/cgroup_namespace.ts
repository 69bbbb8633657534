/**
 * The cgroup namespace that several tests give their containers.
 *
 * @module
 */
import type { Spec } from "./spec.ts";

/** Gives the container a cgroup namespace; on a host of pure v2 the template has one already. */
export function addCgroupNamespace(spec: Spec): void {
  const { linux } = spec;
  linux.namespaces = [
    ...linux.namespaces.filter(({ type }) => type !== "cgroup"),
    { type: "cgroup" },
  ];
}
