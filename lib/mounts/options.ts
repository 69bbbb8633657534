/**
 * Mount options of a configuration, as what the kernel is asked for. Of two options that contradict each other the
 * later one counts.
 *
 * @module
 */
import {
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_RELATIME,
  MOUNT_ATTR_STRICTATIME,
  MS_BIND,
  MS_DIRSYNC,
  MS_LAZYTIME,
  MS_MANDLOCK,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_REMOUNT,
  MS_STRICTATIME,
  MS_SYNCHRONOUS,
} from "../../ffi/abi/mount.ts";
import type { MountAttr } from "../../ffi/structs/mount_attr.ts";
import { isIdMapOption } from "../spec/id_map_option.ts";
import {
  FLAG_WORDS,
  PROPAGATION_WORDS,
  RECURSIVE_WORDS,
} from "./options_table.ts";

/** A change of propagation. */
export interface Propagation {
  /** MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE. */
  readonly type: number;
  /** Whether the mounts below change too. */
  readonly recursive: boolean;
}

/** The options of one mount. */
export interface MountOptions {
  /** MS_ flags of mount(2) that are asked for; those of binding and propagation are not among them. */
  readonly flags: number;
  /** MS_ flags that are asked not to be. */
  readonly cleared: number;
  /** Whether it is a bind mount, and whether the mounts below the source come along. */
  readonly bind: "none" | "one" | "recursive";
  /** Whether an existing mount is changed. */
  readonly remount: boolean;
  /** Changes of propagation, in order. */
  readonly propagation: readonly Propagation[];
  /** Attributes for the mount and all below it, if some are asked for. */
  readonly recursive: MountAttr | undefined;
  /** Whether ids are mapped, and whether on the mounts below too. */
  readonly idmap: "none" | "one" | "recursive";
  /** Whether a tmpfs starts with a copy of what it covers. */
  readonly copyUp: boolean;
  /** All other options, for the file system, in order. */
  readonly data: readonly string[];
}

const ATIME_FLAGS = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;

/** MS_ flags that belong to a mount, and the attributes they are for mount_setattr(2). */
const PLAIN_ATTRIBUTES: readonly (readonly [number, number])[] = [
  [MS_RDONLY, MOUNT_ATTR_RDONLY],
  [MS_NOSUID, MOUNT_ATTR_NOSUID],
  [MS_NODEV, MOUNT_ATTR_NODEV],
  [MS_NOEXEC, MOUNT_ATTR_NOEXEC],
  [MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW],
];

/** MS_ flags that belong to a file system, and their words for fsconfig(2). MS_SILENT has none: it only mutes the log. */
const FILE_SYSTEM_FLAGS: readonly (readonly [number, string])[] = [
  [MS_RDONLY, "ro"],
  [MS_SYNCHRONOUS, "sync"],
  [MS_DIRSYNC, "dirsync"],
  [MS_LAZYTIME, "lazytime"],
  [MS_MANDLOCK, "mand"],
];

/**
 * Reads the options of a mount.
 *
 * @example
 * ```ts
 * import { parseMountOptions } from "./options.ts";
 *
 * const { bind, data } = parseMountOptions(["rbind", "ro", "size=1m"]);
 * console.assert(bind === "recursive" && data[0] === "size=1m");
 * ```
 */
export function parseMountOptions(options: readonly string[]): MountOptions {
  let [flags, cleared] = [0, 0];
  const recursive = { set: 0, clear: 0, used: false };
  const propagation: Propagation[] = [];
  let idmap: MountOptions["idmap"] = "none";
  let copyUp = false;
  const data: string[] = [];
  for (const option of options) {
    const word = own(FLAG_WORDS, option);
    const propagates = own(PROPAGATION_WORDS, option);
    const deep = own(RECURSIVE_WORDS, option);
    if (word?.clear) {
      flags &= ~word.flag;
      cleared |= word.flag;
    } else if (word !== undefined) {
      flags |= word.flag;
      cleared &= ~word.flag;
    } else if (propagates !== undefined) {
      const isDeep = (propagates & MS_REC) !== 0;
      propagation.push({ type: propagates & ~MS_REC, recursive: isDeep });
    } else if (deep !== undefined) {
      applyRecursive(recursive, deep.flag, deep.clear === true);
    } else if (option === "idmap") idmap = "one";
    else if (option === "ridmap") idmap = "recursive";
    else if (isIdMapOption(option)) {
      idmap = option.startsWith("r") ? "recursive" : "one";
    } else if (option === "tmpcopyup") copyUp = true;
    else data.push(option);
  }
  const isBind = (flags & MS_BIND) !== 0;
  return {
    flags: flags & ~(MS_BIND | MS_REC | MS_REMOUNT),
    cleared,
    bind: !isBind ? "none" : (flags & MS_REC) !== 0 ? "recursive" : "one",
    remount: (flags & MS_REMOUNT) !== 0,
    propagation,
    recursive: recursive.used
      ? { set: recursive.set, clear: recursive.clear }
      : undefined,
    idmap,
    copyUp,
    data,
  };
}

function own<T>(
  table: Readonly<Record<string, T>>,
  key: string,
): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function applyRecursive(
  attr: { set: number; clear: number; used: boolean },
  flag: number,
  clear: boolean,
): void {
  attr.used = true;
  const isAtime = flag === MOUNT_ATTR_RELATIME ||
    (flag & MOUNT_ATTR__ATIME) !== 0;
  if (isAtime) {
    // A field of three values, not three bits: the kernel wants all of it cleared, and relatime is its zero.
    if (clear && flag === MOUNT_ATTR_RELATIME) return;
    attr.set = (attr.set & ~MOUNT_ATTR__ATIME) | (clear ? 0 : flag);
    attr.clear |= MOUNT_ATTR__ATIME;
  } else if (clear) {
    attr.set &= ~flag;
    attr.clear |= flag;
  } else {
    attr.set |= flag;
    attr.clear &= ~flag;
  }
}

function atimeAttribute(flags: number): number {
  if ((flags & MS_STRICTATIME) !== 0) return MOUNT_ATTR_STRICTATIME;
  return (flags & MS_NOATIME) !== 0 ? MOUNT_ATTR_NOATIME : MOUNT_ATTR_RELATIME;
}

function plainAttributes(flags: number): number {
  return PLAIN_ATTRIBUTES.reduce(
    (sum, [ms, attr]) => (flags & ms) === 0 ? sum : sum | attr,
    0,
  );
}

/** The attributes of a new mount, as fsmount(2) takes them. */
export function newMountAttributes({ flags }: MountOptions): number {
  const nodiratime = (flags & MS_NODIRATIME) === 0 ? 0 : MOUNT_ATTR_NODIRATIME;
  return plainAttributes(flags) | atimeAttribute(flags) | nodiratime;
}

/** The words for fsconfig(2) of a new file system's flags. */
export function fileSystemFlags({ flags }: MountOptions): string[] {
  return FILE_SYSTEM_FLAGS.filter(([ms]) => (flags & ms) !== 0)
    .map(([, word]) => word);
}

/**
 * What becomes of a bind mount's attributes; undefined if no option asks for anything. As MS_BIND|MS_REMOUNT does it:
 * attributes that are not asked for are cleared, but the access time's are kept unless one of them is asked for.
 */
export function bindAttributes(options: MountOptions): MountAttr | undefined {
  if (options.flags === 0 && options.cleared === 0) return undefined;
  const all = PLAIN_ATTRIBUTES.reduce((sum, [, attr]) => sum | attr, 0);
  const plain = plainAttributes(options.flags);
  return withAtime(options, { set: plain, clear: all & ~plain });
}

/**
 * As {@linkcode bindAttributes}, but keeps attributes that nobody asked to be cleared: for a user namespace, in which
 * those of the source are locked, mount_namespaces(7).
 */
export function lockedBindAttributes(options: MountOptions): MountAttr {
  return withAtime(options, {
    set: plainAttributes(options.flags),
    clear: plainAttributes(options.cleared),
  });
}

function withAtime(
  { flags, cleared }: MountOptions,
  attr: { set: number; clear: number },
): MountAttr {
  const diratime = (cleared & MS_NODIRATIME) === 0 ? 0 : MOUNT_ATTR_NODIRATIME;
  if ((flags & (ATIME_FLAGS | MS_NODIRATIME)) === 0) {
    return { set: attr.set, clear: attr.clear | diratime };
  }
  const nodiratime = (flags & MS_NODIRATIME) === 0 ? 0 : MOUNT_ATTR_NODIRATIME;
  return {
    set: attr.set | atimeAttribute(flags) | nodiratime,
    clear: attr.clear | MOUNT_ATTR__ATIME |
      (MOUNT_ATTR_NODIRATIME & ~nodiratime),
  };
}
