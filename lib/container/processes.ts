/** Processes, by /proc. @module */

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
 * The processes of a container that has no cgroup to ask: those in its PID namespace if it has one of its own, else its
 * first process and what descends from it. A process that has been handed to another parent is then not found.
 *
 * @param init the first process, which lives
 */
export function processesOf(init: number): number[] {
  const own = namespaceOf("self");
  const wanted = namespaceOf(`${init}`);
  if (wanted === undefined || wanted === own) return descendants(init);
  return [...Deno.readDirSync("/proc")].map(({ name }) => name)
    .filter((name) => /^\d+$/.test(name) && namespaceOf(name) === wanted)
    .map(Number);
}

function descendants(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(descendants)];
}

/** Undefined for a process that is gone, or not ours to look at. */
function namespaceOf(process: string): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${process}/ns/pid`);
  } catch {
    return undefined;
  }
}
