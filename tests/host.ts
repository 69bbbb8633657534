/**
 * What the tests know of the machine they run on: the executable under test,
 * cgroup layout, mount table, processes.
 *
 * @module
 */

/** The executable under test. Another OCI runtime can be named to check the tests themselves. */
export const NSINIT: string = Deno.env.get("NSINIT") ??
  new URL("../dist/nsinit", import.meta.url).pathname;

/** Time limits are multiplied by this; software emulation is some 20 times slower. */
export const SLOWNESS: number = Number(Deno.env.get("NSINIT_SLOW") ?? "1");

/** One mounted cgroup hierarchy. */
export interface Hierarchy {
  /** Where it is mounted, such as `/sys/fs/cgroup/memory`. */
  mountPoint: string;
  /** Its v1 controllers (a named one as `name=x`), empty for v2. */
  controllers: string[];
}

/** Text of a file, or undefined where it can't be read (a process that is gone). */
export function readIfPresent(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/** Target of a link, or undefined where there is none. */
export function linkIfPresent(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether something exists at the path; a dangling link counts. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Where a program is on this machine's PATH, if it is. */
export function which(program: string): string | undefined {
  const path = Deno.env.get("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin";
  return path.split(":").map((dir) => `${dir}/${program}`).find(exists);
}

/** A reason to skip when a program is missing, for the `skip` option of a claim. */
export function missing(program: string): string | undefined {
  return which(program) === undefined ? `${program} is missing` : undefined;
}

/** Why a test that needs a newer kernel is skipped; undefined if it is new enough. */
export function kernelBefore(major: number, minor: number): string | undefined {
  const [x = 0, y = 0] = Deno.osRelease().split(".").map((n) => parseInt(n));
  const isOld = x < major || (x === major && y < minor);
  return isOld ? `needs Linux ${major}.${minor}` : undefined;
}

/** The cgroup hierarchies of this machine, v2 included, in mount order. */
export function hierarchies(): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (
    const line of Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
  ) {
    const [before, after] = line.split(" - ");
    const mountPoint = before?.split(" ")[4];
    const [type, , options] = after?.split(" ") ?? [];
    if (mountPoint === undefined || !mountPoint.startsWith("/sys/fs/cgroup")) {
      continue;
    }
    if (type === "cgroup2") found.push({ mountPoint, controllers: [] });
    if (type === "cgroup") {
      const controllers = (options ?? "").split(",").filter((option) =>
        option !== "rw" && option !== "ro" && option !== "xattr"
      );
      found.push({ mountPoint, controllers });
    }
  }
  return found;
}

/** Whether this machine has the unified cgroup hierarchy alone. */
export function isPureV2(): boolean {
  return hierarchies().some((one) =>
    one.mountPoint === "/sys/fs/cgroup" && one.controllers.length === 0
  );
}

/** The directory of a cgroup for one v1 controller, or of the one v2 cgroup. Undefined: no such controller here. */
export function cgroupDir(
  controller: string,
  path: string,
): string | undefined {
  const wanted = hierarchies().find((one) =>
    isPureV2()
      ? one.controllers.length === 0
      : one.controllers.includes(controller)
  );
  return wanted === undefined ? undefined : `${wanted.mountPoint}${path}`;
}

/** The test process's own cgroup for one v1 controller or in v2; `/` at the root. */
export function ownCgroup(controller: string): string {
  const lines = Deno.readTextFileSync("/proc/self/cgroup").trim().split("\n");
  for (const line of lines) {
    const [, names, path] = line.match(/^\d+:([^:]*):(.*)$/) ?? [];
    const wanted = isPureV2()
      ? names === ""
      : names?.split(",").includes(controller);
    if (wanted) return path ?? "/";
  }
  return "/";
}

/** Ids of all processes of this machine. */
export function processes(): number[] {
  return [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name))
    .filter((pid) => Number.isInteger(pid));
}

/** The inode name of a process's namespace, such as `uts:[4026531838]`. */
export function namespaceOf(pid: number | "self", type: string): string {
  return Deno.readLinkSync(`/proc/${pid}/ns/${type}`);
}

/** One field of /proc/PID/status, trimmed. Throws where the process or the field is missing. */
export function statusField(pid: number | "self", field: string): string {
  return fieldOf(Deno.readTextFileSync(`/proc/${pid}/status`), field);
}

/** One `Field: value` of a text such as /proc/PID/status, trimmed. */
export function fieldOf(text: string, field: string): string {
  for (const line of text.split("\n")) {
    if (line.startsWith(`${field}:`)) {
      return line.slice(field.length + 1).trim();
    }
  }
  throw new Error(`Cannot find ${field} in: ${text}`);
}
