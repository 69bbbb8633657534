/**
 * A reader of /proc/PID/mountinfo, see proc_pid_mountinfo(5).
 *
 * @module
 */

/** One line of mountinfo. */
export interface MountInfo {
  /** Path within the file system that is this mount's root. */
  root: string;
  /** Mount point, as seen from the process's root. */
  point: string;
  /** Per-mount options: ro, nosuid, … */
  options: string[];
  /** Propagation: `shared:N`, `master:N`, `unbindable`; empty for private. */
  propagation: string[];
  type: string;
  source: string;
  /** Options of the file system itself. */
  superOptions: string[];
}

/** Undoes the octal escapes of space, tab, newline and backslash. */
function unescape(text: string): string {
  return text.replace(
    /\\([0-7]{3})/g,
    (_, octal) => String.fromCharCode(parseInt(octal, 8)),
  );
}

/** Parses the whole file. */
export function parseMountInfo(text: string): MountInfo[] {
  return text.trim().split("\n").map((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const fields = before.split(" ");
    const [type = "", source = "", superOptions = ""] = after.split(" ");
    return {
      root: unescape(fields[3] ?? ""),
      point: unescape(fields[4] ?? ""),
      options: (fields[5] ?? "").split(","),
      propagation: fields.slice(6),
      type,
      source: unescape(source),
      superOptions: superOptions.split(","),
    };
  });
}

/** The topmost mount at a mount point. Fails with the whole table where there is none. */
export function mountAt(text: string, point: string): MountInfo {
  const found = parseMountInfo(text).filter((mount) => mount.point === point);
  const last = found.at(-1);
  if (last === undefined) {
    throw new Error(`Nothing mounted on ${point}: ${text}`);
  }
  return last;
}
