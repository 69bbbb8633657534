/**
 * A container's cgroup as its host sees it.
 *
 * @module
 */
import { cgroupDir, exists, isPureV2, readIfPresent } from "../host.ts";

/** Files that hold limits, by controller: cgroups(7). */
const FILES_V1: Readonly<Record<string, readonly string[]>> = {
  cpu: ["cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us"],
  cpuset: ["cpuset.cpus"],
  memory: [
    "memory.limit_in_bytes",
    "memory.soft_limit_in_bytes",
    "memory.memsw.limit_in_bytes",
  ],
  pids: ["pids.max"],
};

const FILES_V2: readonly string[] = [
  ...["cpu.max", "cpu.weight", "cpuset.cpus"],
  ...["memory.max", "memory.low", "memory.swap.max", "pids.max"],
];

/** The directory of a process's cgroup for a v1 controller, or of the one in v2. */
export function cgroupOf(pid: number, controller: string): string | undefined {
  const lines = readIfPresent(`/proc/${pid}/cgroup`)?.split("\n") ?? [];
  for (const line of lines) {
    const [, names, path] = line.match(/^\d+:([^:]*):(.*)$/) ?? [];
    const isIt = isPureV2()
      ? names === ""
      : names?.split(",").includes(controller);
    if (isIt && path !== undefined) return cgroupDir(controller, path);
  }
  return undefined;
}

/** The limits of a process's cgroup, by file. */
export function limitsOf(pid: number): Record<string, string> {
  const found: Record<string, string> = {};
  const groups = isPureV2() ? { memory: FILES_V2 } : FILES_V1;
  for (const [controller, files] of Object.entries(groups)) {
    const dir = cgroupOf(pid, controller);
    for (const file of files) {
      const text = readIfPresent(`${dir}/${file}`);
      if (text !== undefined) found[file] = text.trim();
    }
  }
  return found;
}

/** Whether a process's cgroup is frozen. */
export function isFrozen(pid: number): boolean {
  const dir = cgroupOf(pid, "freezer");
  return isPureV2()
    ? readIfPresent(`${dir}/cgroup.freeze`)?.trim() === "1"
    : readIfPresent(`${dir}/freezer.state`)?.trim() === "FROZEN";
}

/** Removes the cgroups that Podman leaves: those of pods, and the one of this store, where they are empty. */
export function removePodCgroups(dir: string): void {
  for (const name of exists(dir) ? [...Deno.readDirSync(dir)] : []) {
    if (/^[0-9a-f]{64}$/.test(name.name)) removeEmpty(`${dir}/${name.name}`);
  }
  removeEmpty(dir);
}

/** Removes a folder if it is there and empty. What is not, the box tells of. */
export function removeEmpty(dir: string): void {
  try {
    Deno.removeSync(dir);
  } catch {
    // A mount point, a cgroup that somebody is in, or nothing.
  }
}
