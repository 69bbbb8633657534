/** Processes, by /proc. @module */
import { killEach } from "../cgroups/processes.ts";
import { createsNamespace } from "../spec/namespaces.ts";
import type { Spec } from "../spec/types.ts";

/** The children of a process: /proc/PID/task/PID/children (proc_pid_task_children(5)). */
export function childrenOf(pid: number): number[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).split(" ")
      .filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/**
 * The processes of a container that has no cgroup to ask: those in its PID namespace if it was made for it, else those
 * in its mount namespace if that was, and what descends from its first process. In a namespace that was joined there
 * are others as well.
 *
 * @param init the first process, which lives
 */
export function processesOf(init: number, spec: Spec): number[] {
  return finderOf(init, spec)();
}

/**
 * Prepares to kill these processes, so that it can be done when the first one has ended.
 *
 * @param init the first process, which lives
 * @returns kills them, pass by pass, until a pass finds no other: they may fork meanwhile
 */
export function killerOf(init: number, spec: Spec): () => void {
  const find = finderOf(init, spec);
  const known = find();
  return () => killEach(() => [...new Set([...known, ...find()])]);
}

/** Looks again each time, also when the first process has ended. */
function finderOf(init: number, spec: Spec): () => number[] {
  const type = createsNamespace(spec, "pid")
    ? "pid"
    : createsNamespace(spec, "mount")
    ? "mnt"
    : undefined;
  const wanted = type === undefined ? undefined : namespaceOf(init, type);
  if (type === undefined || wanted === undefined) {
    return () => descendants(init);
  }
  const within = (): number[] =>
    [...Deno.readDirSync("/proc")].map(({ name }) => Number(name))
      .filter((pid) => pid > 0 && namespaceOf(pid, type) === wanted);
  if (type === "pid") return within;
  return () => [...new Set([...descendants(init), ...within()])];
}

function descendants(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(descendants)];
}

/** Undefined for a process that is gone, or not ours to look at. */
function namespaceOf(pid: number, type: "pid" | "mnt"): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/ns/${type}`);
  } catch {
    return undefined;
  }
}
