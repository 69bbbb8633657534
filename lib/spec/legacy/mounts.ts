/**
 * Mounts of a container.json, in the forms of 2014 and 2015: mount(2).
 *
 * @module
 */
// deno-lint-ignore-file camelcase -- the document's names keep their spelling
import {
  FLAG_WORDS,
  KNOWN_MOUNT_OPTIONS,
  PROPAGATION_WORDS,
} from "../../mounts/options_table.ts";
import { jsonPointer, quote } from "../pointer.ts";
import type { Mount, RootfsPropagation } from "../types.ts";
import type { LegacyContext } from "./context.ts";
import type { LegacyBind, LegacyMount } from "./types.ts";

/** What every file system of the first form was mounted with. */
const SAFE = ["nosuid", "noexec", "nodev"];

/** The group of terminals, as distributions have it. */
const TTY_GROUP = 5;

/** Whether the container has a group: a user namespace may map only some. */
function hasGroup(
  { config: { gid_mappings = [] } }: LegacyContext,
  gid: number,
): boolean {
  return gid_mappings.length === 0 ||
    gid_mappings.some(({ container_id = 0, size = 0 }) =>
      gid >= container_id && gid < container_id + size
    );
}

/** The mounts that every container of the first form has; `restrict_sys` makes /sys read-only. */
function usualMounts(context: LegacyContext): Mount[] {
  return [
    { destination: "/proc", type: "proc", source: "proc", options: SAFE },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755"],
    },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: [...SAFE, "mode=1777", "size=65536k"],
    },
    {
      destination: "/dev/mqueue",
      type: "mqueue",
      source: "mqueue",
      options: SAFE,
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: [
        "nosuid",
        "noexec",
        "newinstance",
        "ptmxmode=0666",
        "mode=620",
        ...(hasGroup(context, TTY_GROUP) ? [`gid=${TTY_GROUP}`] : []),
      ],
    },
    {
      destination: "/sys",
      type: "sysfs",
      source: "sysfs",
      options: context.config.restrict_sys ? [...SAFE, "ro"] : SAFE,
    },
  ].map((mount) => ({ ...mount, options: [...mount.options] }));
}

function requirePlace(
  { problems }: LegacyContext,
  { destination, relabel }: LegacyBind | LegacyMount,
  pointer: string,
): void {
  if (!destination.startsWith("/")) {
    problems.refuse(
      `${pointer}/destination`,
      `expected an absolute path, got ${quote(destination)}`,
    );
  }
  if (relabel) {
    problems.refuse(
      `${pointer}/relabel`,
      "not supported by this version of nsinit: label the files yourself, by chcon(1)",
    );
  }
}

/** A mount in the form of 2014. */
function translateBind(
  context: LegacyContext,
  mount: LegacyBind,
  pointer: string,
): Mount[] {
  requirePlace(context, mount, pointer);
  const { type, source, destination, writable, slave } = mount;
  if (type === "tmpfs") {
    return [{ destination, type, source: "tmpfs", options: [...SAFE] }];
  }
  if (type !== "bind") {
    context.problems.refuse(
      `${pointer}/type`,
      `unknown type ${quote(type)}, expected "bind" or "tmpfs"`,
    );
    return [];
  }
  if (!source) {
    context.problems.refuse(`${pointer}/source`, "missing, expected a path");
    return [];
  }
  const options = [
    "rbind",
    writable ? "rw" : "ro",
    ...(slave ? ["rslave"] : []),
    ...(mount.private ? ["private"] : []),
  ];
  return [{ destination, type: "bind", source, options }];
}

const { bind: BIND, rbind: RBIND, remount: REMOUNT } = FLAG_WORDS;
const BIND_FLAG = BIND!.flag;
const RECURSIVE_FLAG = RBIND!.flag & ~BIND_FLAG;

/** Flags of one word each: those that neither bind nor change what is there. */
const PLAIN_WORDS: readonly (readonly [string, number])[] = Object.entries(
  FLAG_WORDS,
).filter(([, { flag, clear }]) =>
  !clear && flag !== 0 && (flag & BIND_FLAG) === 0 && flag !== REMOUNT!.flag
).map(([word, { flag }]) => [word, flag]);

/** The word for a change of propagation. */
function propagationWord(flags: number): string | undefined {
  return Object.keys(PROPAGATION_WORDS).find((word) =>
    PROPAGATION_WORDS[word] === flags
  );
}

/** The words for MS_ flags; undefined if some bit has none. */
function flagWords(flags: number, isBind: boolean): string[] | undefined {
  const words: string[] = [];
  let left = flags;
  const isRecursive = (left & RECURSIVE_FLAG) !== 0;
  for (const [word, flag] of PLAIN_WORDS) {
    if ((left & flag) !== 0) words.push(word);
    left &= ~flag;
  }
  left &= ~(RECURSIVE_FLAG | BIND_FLAG);
  const propagation = left === 0
    ? undefined
    : propagationWord(left | (isRecursive ? RECURSIVE_FLAG : 0));
  if (left !== 0 && propagation === undefined) return undefined;
  return [
    ...(isBind ? [isRecursive ? "rbind" : "bind"] : []),
    ...words,
    ...(propagation === undefined ? [] : [propagation]),
  ];
}

function translateFlags(
  { problems }: LegacyContext,
  { device, flags = 0, propagation_flags = [] }: LegacyMount,
  pointer: string,
): string[] {
  const isBind = device === "bind" || (flags & BIND_FLAG) !== 0;
  const words = flagWords(flags, isBind);
  if (words === undefined) {
    problems.refuse(
      `${pointer}/flags`,
      `${flags} has flags that no new mount can have`,
    );
  }
  const changes = propagation_flags.map((change, index) => {
    const word = propagationWord(change);
    if (word === undefined) {
      problems.refuse(
        `${pointer}/propagation_flags/${index}`,
        `${change} is no propagation`,
      );
    }
    return word ?? "";
  });
  return [...words ?? [], ...changes];
}

/** Whether a text means something to us, where the file system was to have it. */
function isOurs(word: string): boolean {
  return KNOWN_MOUNT_OPTIONS.includes(word) || /^r?idmap=/.test(word);
}

/** A mount in the form of 2015. */
function translateMount(
  context: LegacyContext,
  mount: LegacyMount,
  pointer: string,
): Mount[] {
  const { problems } = context;
  requirePlace(context, mount, pointer);
  const { destination, device, source = "", data = "" } = mount;
  if (device === "") {
    problems.refuse(`${pointer}/device`, "empty, expected a file system type");
  }
  for (const name of ["premount_cmds", "postmount_cmds"] as const) {
    if ((mount[name] ?? []).length === 0) continue;
    problems.refuse(
      `${pointer}/${name}`,
      "not supported by this version of nsinit: the programs would not be called",
    );
  }
  const words = data.split(",").filter((word) => word !== "");
  const ours = words.find(isOurs);
  if (ours !== undefined) {
    problems.refuse(
      `${pointer}/data`,
      `${quote(ours)} is no option of a file system: expected it in flags`,
    );
  }
  const options = [...translateFlags(context, mount, pointer), ...words];
  return [{
    destination,
    type: device,
    ...(source === "" ? {} : { source }),
    ...(options.length === 0 ? {} : { options }),
  }];
}

/**
 * The mounts of the container.
 *
 * @param context gets refusals
 */
export function translateMounts(context: LegacyContext): Mount[] {
  const { config, problems } = context;
  const { mounts, mount_config } = config;
  if (mounts === undefined) {
    const own = (mount_config?.mounts ?? []).flatMap((mount, index) =>
      translateBind(
        context,
        mount,
        jsonPointer("mount_config", "mounts", index),
      )
    );
    return [...usualMounts(context), ...own];
  }
  for (const name of ["mount_config", "restrict_sys"] as const) {
    if (!config[name]) continue;
    problems.refuse(
      `/${name}`,
      "is of another form than /mounts: expected one of the two",
    );
  }
  return mounts.flatMap((mount, index) =>
    translateMount(context, mount, jsonPointer("mounts", index))
  );
}

/**
 * The propagation of the root. In the first form mounts of the host do not come in, but with `no_pivot_root`.
 *
 * @param context gets refusals
 */
export function translatePropagation(
  { config, problems }: LegacyContext,
): RootfsPropagation {
  const { rootPropagation = 0, privatefs, mounts, mount_config } = config;
  if (rootPropagation !== 0) {
    const word = propagationWord(rootPropagation);
    if (word !== undefined) return word as RootfsPropagation;
    problems.refuse("/rootPropagation", `${rootPropagation} is no propagation`);
  }
  if (privatefs) return "rprivate";
  return mounts !== undefined || mount_config?.no_pivot_root
    ? "rslave"
    : "rprivate";
}
