/**
 * What the kernel's log says of processes that were killed for want of memory (mm/oom_kill.c).
 *
 * @module
 */
import type { KernelLogLine } from "../../../ffi/kernel_log.ts";
import type { OomVictim } from "./types.ts";

/** One time that memory ran out. */
export interface OomLogEntry {
  /** When, by the log's clock. */
  readonly timeUs: number;
  /** Name of the cgroup whose limit was reached; undefined: the host's memory. */
  readonly limitCgroup: string | undefined;
  /** Name of the cgroup that the killed process was in. */
  readonly taskCgroup: string;
  /** Who was killed: one, or with memory.oom.group all of a cgroup. */
  readonly victims: readonly OomVictim[];
}

/**
 * A name in it may hold commas, so what follows has to be looked for from the end. Since Linux 5.0.
 *
 * `oom-kill:constraint=…,nodemask=…,cpuset=…,mems_allowed=…,oom_memcg=/a,task_memcg=/a/b,task=dd,pid=7,uid=0`;
 * `global_oom` stands in the place of `oom_memcg=/a` where the host ran out.
 */
const KILL_REGEXP =
  /^oom-kill:.*,(?:global_oom|oom_memcg=(\/.*)),task_memcg=(\/.*),task=(.*),pid=(\d+),uid=\d+$/;
const KILLED_REGEXP =
  /Killed process (\d+) \((.*)\) total-vm:\d+kB, anon-rss:(\d+)kB, file-rss:(\d+)kB(?:, shmem-rss:(\d+)kB)?/;
const GROUP_REGEXP =
  /^Tasks in .* are going to be killed due to memory\.oom\.group set$/;

/** Finds in the log when memory ran out. */
export function parseOomLog(lines: readonly KernelLogLine[]): OomLogEntry[] {
  const entries: (OomLogEntry & { victims: OomVictim[] })[] = [];
  let isGroup = false;
  for (const { timeUs, text } of lines) {
    const [, limitCgroup, taskCgroup, name, pid] = KILL_REGEXP.exec(text) ?? [];
    const last = entries.at(-1);
    if (pid !== undefined) {
      const victims = [{ pid: Number(pid), name: name! }];
      entries.push({ timeUs, limitCgroup, taskCgroup: taskCgroup!, victims });
      isGroup = false;
    } else if (last === undefined) continue;
    else if (GROUP_REGEXP.test(text)) isGroup = true;
    else addVictim(last.victims, text, isGroup);
  }
  return entries;
}

/** Takes in that a process was killed: the one that was named before, or, in a group, a further one. */
function addVictim(victims: OomVictim[], text: string, isGroup: boolean): void {
  const [, pid, name, ...sizes] = KILLED_REGEXP.exec(text) ?? [];
  if (pid === undefined) return;
  const kilobytes = sizes.reduce((sum, size) => sum + Number(size ?? 0), 0);
  const victim = {
    pid: Number(pid),
    name: name!,
    memoryBytes: kilobytes * 1024,
  };
  const at = victims.findIndex((known) => known.pid === victim.pid);
  if (at >= 0) victims[at] = victim;
  else if (isGroup) victims.push(victim);
}

/**
 * What of a cgroup's name stands behind the name of another.
 *
 * @returns `""` if it is that one; undefined if it is not at or below it
 */
export function nameBehind(name: string, cgroup: string): string | undefined {
  return name === cgroup || name.startsWith(`${cgroup}/`)
    ? name.slice(cgroup.length)
    : undefined;
}
