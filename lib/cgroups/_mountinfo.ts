/**
 * The lines of mountinfo, as far as finding cgroup mounts needs them.
 *
 * @module
 */

/** One line of `/proc/self/mountinfo`. */
export interface MountLine {
  readonly id: number;
  readonly parent: number;
  readonly root: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly superOptions: readonly string[];
}

/** Undoes the octal escapes of space, tab, newline and backslash. */
function unescapeOctal(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(
    /\\([0-7]{3})/g,
    (_, digits: string) => String.fromCharCode(parseInt(digits, 8)),
  );
}

/**
 * Parses mountinfo; a line that does not have the form of proc_pid_mountinfo(5) is passed over.
 *
 * ```text
 * 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 * id parent dev root mountPoint options [optional…] - type source superOptions
 * ```
 */
export function parseMounts(text: string): MountLine[] {
  const mounts: MountLine[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(" ");
    const separator = fields.indexOf("-", 6);
    const [id, parent, , root, mountPoint] = fields;
    const [type, , superOptions] = separator < 0
      ? []
      : fields.slice(separator + 1);
    if (root === undefined || mountPoint === undefined || type === undefined) {
      continue;
    }
    mounts.push({
      id: Number(id),
      parent: Number(parent),
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
      type,
      superOptions: (superOptions ?? "").split(","),
    });
  }
  return mounts;
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith("/") ? directory : directory + "/");
}

/**
 * Those of `wanted` that a path can reach. A mount hides what is below its mount point in the same parent mount, and,
 * when mounted on the root of its parent, everything else in that parent. Parents decide, not the order of lines: the
 * kernel sorts by mount id, and ids are used again.
 */
export function visibleMounts(
  all: readonly MountLine[],
  wanted: readonly MountLine[],
): MountLine[] {
  const byId = new Map(all.map((mount) => [mount.id, mount]));
  const byParent = Map.groupBy(all, (mount) => mount.parent);
  function isReached(mount: MountLine): boolean {
    const seen = new Set<number>();
    let at: MountLine | undefined = mount;
    let below: MountLine | undefined;
    while (at !== undefined && !seen.has(at.id)) { // the root mount may be its own parent
      const { id, parent, mountPoint }: MountLine = at;
      seen.add(id);
      const onTop = byParent.get(id) ?? [];
      if (
        onTop.some((other) =>
          other !== below && other.id !== id && other.mountPoint === mountPoint
        )
      ) return false;
      const siblings = byParent.get(parent) ?? [];
      if (
        siblings.some((other) =>
          other.id !== id && isBelow(mountPoint, other.mountPoint)
        )
      ) return false;
      below = at;
      at = byId.get(parent);
    }
    return true;
  }
  return wanted.filter(isReached);
}
