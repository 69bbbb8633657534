/**
 * What a test left on the machine: mounts, cgroups, processes, state. Other
 * programs may run beside the tests, so a thing counts only if it carries the
 * test's mark, or if it is a mount where only a runtime would put one.
 *
 * @module
 */
import {
  exists,
  hierarchies,
  linkIfPresent,
  processes,
  readIfPresent,
} from "./host.ts";
import { parseMountInfo } from "./mountinfo.ts";

/** Where to look for a test's remains. */
export interface Traces {
  /** Text found in each of the test's ids, and in the environment of its processes. */
  mark: string;
  /** Directory of the test's bundles. */
  dir: string;
  /** The runtime's --root. */
  root: string;
  /** Mount points that existed before the test, and those it made on purpose. */
  mountsBefore: Set<string>;
}

/** One thing that a test left, with how to be rid of it. */
export interface Leak {
  what: string;
  remove: () => void;
}

/** Mount points of the test process that a leaking runtime would add to. */
export function mountPoints(): Set<string> {
  return new Set(
    parseMountInfo(Deno.readTextFileSync("/proc/self/mountinfo"))
      .map((mount) => mount.point),
  );
}

/** Everything found now, in an order fit for removal. */
export function findLeaks(traces: Traces): Leak[] {
  return [
    ...leakedDescriptors(traces.dir),
    ...leakedProcesses(traces),
    ...leakedMounts(traces),
    ...leakedCgroups(traces.mark),
    ...leakedState(traces),
  ];
}

/** Files of the test that this process still has open. Other test files may run in other threads of it. */
function leakedDescriptors(dir: string): Leak[] {
  return [...Deno.readDirSync("/proc/self/fd")]
    .map(({ name }) => linkIfPresent(`/proc/self/fd/${name}`) ?? "")
    .filter((target) => target.startsWith(dir))
    .map((target) => ({
      what: `open file ${target}`,
      // Whoever opened it holds its number.
      remove: () => {},
    }));
}

function leakedProcesses(traces: Traces): Leak[] {
  return processes().filter((pid) => pid > 1 && isTraced(pid, traces)).map(
    (pid) => {
      const command = readIfPresent(`/proc/${pid}/cmdline`)
        ?.replaceAll("\0", " ");
      return {
        what: `process ${pid} (${command})`,
        remove: () => Deno.kill(pid, "SIGKILL"),
      };
    },
  );
}

/**
 * Whether a process is the test's, by its environment, its cgroup, or what its
 * root is. Being able to see the test's mounts is no sign: other mount
 * namespaces may receive them.
 */
function isTraced(pid: number, traces: Traces): boolean {
  // Whoever is a zombie's parent will reap it.
  const stat = readIfPresent(`/proc/${pid}/stat`);
  if (stat === undefined || /\) [ZX] /.test(stat)) return false;
  const environment = readIfPresent(`/proc/${pid}/environ`) ?? "";
  if (environment.includes(`NSINIT_TEST=${traces.mark}.`)) return true;
  const cgroup = readIfPresent(`/proc/${pid}/cgroup`) ?? "";
  if (cgroup.includes(traces.mark)) return true;
  const name = traces.dir.replace(/^.*\//, "");
  return parseMountInfo(readIfPresent(`/proc/${pid}/mountinfo`) ?? "")
    .some((mount) => mount.point === "/" && mount.root.includes(name));
}

function leakedMounts(traces: Traces): Leak[] {
  return [...mountPoints()].filter((point) =>
    !traces.mountsBefore.has(point) &&
    (point.startsWith(traces.dir) || /^\/(proc|sys|dev)\b/.test(point))
  ).reverse().map((point) => ({
    what: `mount on ${point}`,
    remove: () => {
      new Deno.Command("umount", { args: ["-l", point], stderr: "null" })
        .outputSync();
    },
  }));
}

function leakedCgroups(mark: string): Leak[] {
  const found: string[] = [];
  for (const { mountPoint } of hierarchies()) {
    collectCgroups(mountPoint, mark, found, 0);
  }
  // Children first, so that each can be removed.
  return found.reverse().map((dir) => ({
    what: `cgroup ${dir}`,
    remove: () => Deno.removeSync(dir),
  }));
}

function collectCgroups(
  dir: string,
  mark: string,
  found: string[],
  depth: number,
): void {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(dir)];
  } catch {
    return; // removed meanwhile by its owner
  }
  for (const entry of entries) {
    if (!entry.isDirectory) continue;
    const path = `${dir}/${entry.name}`;
    if (path.includes(mark)) found.push(path);
    if (depth < 5) collectCgroups(path, mark, found, depth + 1);
  }
}

function leakedState(traces: Traces): Leak[] {
  if (!exists(traces.root)) return [];
  return [...Deno.readDirSync(traces.root)]
    .filter((entry) => entry.name.includes(traces.mark))
    .map((entry) => ({
      what: `state ${traces.root}/${entry.name}`,
      remove: () =>
        Deno.removeSync(`${traces.root}/${entry.name}`, { recursive: true }),
    }));
}
