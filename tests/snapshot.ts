/**
 * A container's process as the kernel tells of it: what the interpreters must
 * have made equal. See proc_pid(5).
 *
 * @module
 */
import { hierarchies, linkIfPresent, readIfPresent } from "./host.ts";

/** Files of /proc/PID that say how a process was set up. */
const FILES = [
  "cgroup",
  "coredump_filter",
  "gid_map",
  "limits",
  "loginuid",
  "mountinfo",
  "oom_score_adj",
  "personality",
  "setgroups",
  "timens_offsets",
  "timerslack_ns",
  "uid_map",
];

/** Lines of /proc/PID/status that are figures of the moment. */
const MOMENTARY =
  /^(Vm|Rss|Hugetlb|FDSize|SigQ|State|Tgid|Pid|PPid|NS[a-z]*id|TracerPid|.*ctxt_switches)/;

/** Files of a cgroup that count, or can't be read. */
const COUNTERS =
  /stat|usage|events|pressure|peak|failcnt|procs|tasks|threads|slabinfo|servi|event_control|reset|force_empty|(?<!pids)\.current$/;

/**
 * What /proc and the cgroups tell of a process. With `program` also what the
 * program itself brings along: its arguments and its environment.
 *
 * @returns fields by name; none where the process is gone
 */
export function snapshot(
  pid: number,
  options: { program: boolean },
): Record<string, string> {
  const fields: Record<string, string> = {};
  const files = options.program ? [...FILES, "cmdline", "environ"] : FILES;
  for (const file of files) {
    fields[file] = readIfPresent(`/proc/${pid}/${file}`)
      ?.replaceAll("\0", "\n") ?? "unreadable";
  }
  for (const link of ["cwd", "root"]) {
    fields[link] = linkIfPresent(`/proc/${pid}/${link}`) ?? "unreadable";
  }
  addStatus(fields, pid);
  addScheduling(fields, pid);
  addLinks(fields, pid, "ns");
  addLinks(fields, pid, "fd");
  addCgroups(fields, fields["cgroup"] ?? "");
  return readIfPresent(`/proc/${pid}/cmdline`) ? fields : {};
}

function addStatus(fields: Record<string, string>, pid: number): void {
  for (
    const line of (readIfPresent(`/proc/${pid}/status`) ?? "").split("\n")
  ) {
    const [, name, value] = line.match(/^(\w+):\s*(.*?)\s*$/) ?? [];
    if (name !== undefined && !MOMENTARY.test(name)) {
      fields[`status ${name}`] = value ?? "";
    }
  }
}

/** proc_pid_stat(5): priority, nice, real-time priority and policy. */
function addScheduling(fields: Record<string, string>, pid: number): void {
  const stat = readIfPresent(`/proc/${pid}/stat`)?.replace(/^.*\) /s, "")
    .split(" ");
  const names = { 18: "priority", 19: "nice", 40: "rt_priority", 41: "policy" };
  for (const [number, name] of Object.entries(names)) {
    fields[`stat ${name}`] = stat?.[Number(number) - 3] ?? "unreadable";
  }
}

function addLinks(
  fields: Record<string, string>,
  pid: number,
  folder: "ns" | "fd",
): void {
  const dir = `/proc/${pid}/${folder}`;
  try {
    for (const { name } of Deno.readDirSync(dir)) {
      fields[`${folder} ${name}`] = linkIfPresent(`${dir}/${name}`) ?? "gone";
    }
  } catch {
    fields[folder] = "unreadable"; // the process is gone
  }
}

/** Files of the cgroups that a process is in; `lines` is its /proc/PID/cgroup. */
function addCgroups(fields: Record<string, string>, lines: string): void {
  const mounted = hierarchies();
  for (const line of lines.split("\n")) {
    const [, names, path] = line.match(/^\d+:([^:]*):(.*)$/) ?? [];
    const first = names?.split(",")[0];
    const hierarchy = mounted.find(({ controllers }) =>
      first === "" ? controllers.length === 0 : controllers.includes(first!)
    );
    // The top cgroup is no container's.
    if (hierarchy === undefined || path === "/") continue;
    addFiles(fields, `${hierarchy.mountPoint}${path}`, first);
  }
}

/** A file is named after its hierarchy, which is one controller's in v1; in v2 its name has the controller. */
function addFiles(
  fields: Record<string, string>,
  dir: string,
  hierarchy: string | undefined,
): void {
  try {
    for (const { name, isFile } of Deno.readDirSync(dir)) {
      if (!isFile || COUNTERS.test(name)) continue;
      const value = readIfPresent(`${dir}/${name}`);
      const controller = hierarchy || name.split(".")[0];
      if (value !== undefined) fields[`cgroup ${controller} ${name}`] = value;
    }
  } catch {
    fields[`cgroup ${hierarchy}`] = "unreadable"; // removed meanwhile
  }
}
