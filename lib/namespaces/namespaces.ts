/**
 * Which namespaces a container gets, and how its first process comes into them.
 *
 * Most containers get their new namespaces at clone, and join others with setns in the init itself. Some can't:
 * a joined user namespace must be entered before the new ones are made in it; a new user namespace takes away the
 * right to join any other; a joined PID namespace and a new time namespace are only entered by a child. These are
 * *staged*: a first process joins and unshares, and a second clone (CLONE_PARENT) makes the init.
 *
 * @module
 */
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
} from "../../ffi/abi/sched.ts";
import { createsNamespace } from "../spec/namespaces.ts";
import type { NamespaceType, Spec } from "../spec/types.ts";

/** Flag of each type (namespaces(7)), in the order in which they are joined and made: the user namespace first. */
export const NAMESPACE_FLAGS: Readonly<Record<NamespaceType, number>> = {
  user: CLONE_NEWUSER,
  ipc: CLONE_NEWIPC,
  uts: CLONE_NEWUTS,
  network: CLONE_NEWNET,
  pid: CLONE_NEWPID,
  mount: CLONE_NEWNS,
  cgroup: CLONE_NEWCGROUP,
  time: CLONE_NEWTIME,
};

/** Name of each type's file in /proc/PID/ns. */
export const NAMESPACE_FILES: Readonly<Record<NamespaceType, string>> = {
  user: "user",
  ipc: "ipc",
  uts: "uts",
  network: "net",
  pid: "pid",
  mount: "mnt",
  cgroup: "cgroup",
  time: "time",
};

/** A namespace to join. */
export interface JoinedNamespace {
  readonly type: NamespaceType;
  readonly path: string;
  /** JSON pointer of the entry. */
  readonly pointer: string;
  /** Number of a descriptor that stands for it, in place of the path: a pidfd of a process that is in it. */
  readonly fd?: number;
}

/** How the namespaces of a container come about. */
export interface NamespacePlan {
  /** The types that are made new. */
  readonly created: readonly NamespaceType[];
  /** The ones to join, in order. */
  readonly joined: readonly JoinedNamespace[];
  /** Whether a first process prepares them and a second clone makes the init. */
  readonly staged: boolean;
  /** CLONE_NEW* for the first clone. */
  readonly cloneFlags: number;
}

/** Plans the namespaces of a validated configuration. */
export function planNamespaces(spec: Spec): NamespacePlan {
  const entries = spec.linux?.namespaces ?? [];
  const types = Object.keys(NAMESPACE_FLAGS) as NamespaceType[];
  const created = types.filter((type) => createsNamespace(spec, type));
  const joined = types.flatMap((type): JoinedNamespace[] => {
    const index = entries.findIndex((entry) =>
      entry.type === type && entry.path
    );
    return index < 0 ? [] : [{
      type,
      path: entries[index]!.path!,
      pointer: `/linux/namespaces/${index}/path`,
    }];
  });
  const joins = (type: NamespaceType): boolean =>
    joined.some((entry) => entry.type === type);
  const staged = joins("user") || joins("pid") || created.includes("time") ||
    (created.includes("user") && joined.length > 0);
  const atClone = staged ? [] : created.filter((type) => type !== "cgroup");
  return { created, joined, staged, cloneFlags: flagsOf(atClone) };
}

/** The CLONE_NEW* flags of some types, or'ed. */
export function flagsOf(types: readonly NamespaceType[]): number {
  return types.reduce((flags, type) => flags | NAMESPACE_FLAGS[type], 0);
}
