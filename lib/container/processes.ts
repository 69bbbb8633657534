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
