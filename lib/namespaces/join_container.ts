/**
 * Steps that bring a further process into the namespaces of a container that runs.
 *
 * All of them are joined through one pidfd of the container's first process (setns(2), Linux 5.8): no path below /proc
 * could come to mean another process meanwhile.
 *
 * @module
 */
import type { ProgramBuilder } from "../../init/builder.ts";
import type { NamespaceType, Spec } from "../spec/types.ts";
import { flagsOf, NAMESPACE_FLAGS, type NamespacePlan } from "./namespaces.ts";
import {
  type EnteredNamespaces,
  enterNamespaces,
  type EnterOptions,
  flagsNamed,
  go,
  secondClone,
  undumpable,
} from "./steps.ts";

/**
 * Plans to join the namespaces that a container has of its own: those that its configuration lists, new or not.
 *
 * @param pidfd number of a descriptor of its first process
 */
export function planJoin(spec: Spec, pidfd: number): NamespacePlan {
  const entries = spec.linux?.namespaces ?? [];
  const types = Object.keys(NAMESPACE_FLAGS) as NamespaceType[];
  const joined = types.flatMap((type) => {
    const index = entries.findIndex((entry) => entry.type === type);
    return index < 0 ? [] : [{
      type,
      path: "of the container",
      pointer: `/linux/namespaces/${index}`,
      fd: pidfd,
    }];
  });
  const staged = joined.some(({ type }) => type === "user" || type === "pid");
  return { created: [], joined, staged, cloneFlags: 0 };
}

/**
 * Adds the steps from a process's first instruction to the point where it is in all of the namespaces but that of
 * mounts, and the parent has put it into the cgroup.
 *
 * Without a user namespace one call joins all. With one, some may belong to it and others not: they are tried one by
 * one.
 *
 * @param plan of {@linkcode planJoin}
 */
export function joinContainer(
  b: ProgramBuilder,
  plan: NamespacePlan,
  options: EnterOptions,
): EnteredNamespaces {
  const types = plan.joined.map(({ type }) => type);
  const early = types.filter((type) => type !== "mount");
  const [first] = plan.joined;
  if (first === undefined || options.reexec || types.includes("user")) {
    return enterNamespaces(b, plan, options);
  }
  const join = (some: readonly NamespaceType[]): void => {
    if (some.length === 0) return;
    b.section(
      `join the container's namespaces: ${some.join(", ")}`,
      "/linux/namespaces",
      () => b.call("setns", [first.fd!, flagsNamed(flagsOf(some))]),
    );
  };
  // Processes of the container could trace us, and reach the host through our descriptors.
  undumpable(b, 0);
  join(early);
  if (types.includes("pid")) secondClone(b, options.sync);
  go(b, options);
  return { joinMount: () => join(types.filter((type) => type === "mount")) };
}
