// deno-lint-ignore-file camelcase -- kernel names keep their spelling
/**
 * The rights that Landlock knows: their bits, and since when the kernel has them.
 *
 * @module
 */
import * as LANDLOCK from "../../ffi/abi/landlock.ts";
import type {
  Landlock,
  LandlockFileRight,
  LandlockFileRights,
  LandlockPortRight,
  LandlockScope,
} from "../spec/types_landlock.ts";

/** A right, or a scope. */
export interface Right {
  /** Its bit. */
  readonly bit: number;
  /** The first version of the kernel's interface that has it: landlock(7). */
  readonly abi: number;
  /** Whether it can be given to a file that is no directory. */
  readonly ofFiles?: true;
}

/** Rights to files. */
export const FILE_RIGHTS: Readonly<Record<LandlockFileRight, Right>> = {
  execute: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_EXECUTE, abi: 1, ofFiles: true },
  write_file: {
    bit: LANDLOCK.LANDLOCK_ACCESS_FS_WRITE_FILE,
    abi: 1,
    ofFiles: true,
  },
  read_file: {
    bit: LANDLOCK.LANDLOCK_ACCESS_FS_READ_FILE,
    abi: 1,
    ofFiles: true,
  },
  read_dir: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_READ_DIR, abi: 1 },
  remove_dir: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_REMOVE_DIR, abi: 1 },
  remove_file: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_REMOVE_FILE, abi: 1 },
  make_char: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_MAKE_CHAR, abi: 1 },
  make_dir: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_MAKE_DIR, abi: 1 },
  make_reg: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_MAKE_REG, abi: 1 },
  make_sock: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_MAKE_SOCK, abi: 1 },
  make_fifo: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_MAKE_FIFO, abi: 1 },
  make_block: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_MAKE_BLOCK, abi: 1 },
  make_sym: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_MAKE_SYM, abi: 1 },
  refer: { bit: LANDLOCK.LANDLOCK_ACCESS_FS_REFER, abi: 2 },
  truncate: {
    bit: LANDLOCK.LANDLOCK_ACCESS_FS_TRUNCATE,
    abi: 3,
    ofFiles: true,
  },
  ioctl_dev: {
    bit: LANDLOCK.LANDLOCK_ACCESS_FS_IOCTL_DEV,
    abi: 5,
    ofFiles: true,
  },
};

/** Rights to ports. */
export const PORT_RIGHTS: Readonly<Record<LandlockPortRight, Right>> = {
  bind_tcp: { bit: LANDLOCK.LANDLOCK_ACCESS_NET_BIND_TCP, abi: 4 },
  connect_tcp: { bit: LANDLOCK.LANDLOCK_ACCESS_NET_CONNECT_TCP, abi: 4 },
};

/** Scopes. */
export const SCOPES: Readonly<Record<LandlockScope, Right>> = {
  abstract_unix_socket: {
    bit: LANDLOCK.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET,
    abi: 6,
  },
  signal: { bit: LANDLOCK.LANDLOCK_SCOPE_SIGNAL, abi: 6 },
};

/** The kernel that came with each version of the interface. */
export const KERNEL_OF_ABI: Readonly<Record<number, string>> = {
  1: "5.13",
  2: "5.19",
  3: "6.2",
  4: "6.7",
  5: "6.10",
  6: "6.12",
};

/** The newest version of the interface of which something is used here. */
export const NEWEST_ABI = 6;

const ALL = Object.keys(FILE_RIGHTS) as LandlockFileRight[];

const GROUPS: Readonly<
  Record<LandlockFileRights, readonly LandlockFileRight[]>
> = {
  read: ["read_file", "read_dir"],
  // Device files are written to by ioctl(2), too.
  write: ALL.filter((right) =>
    !["execute", "read_file", "read_dir"].includes(right)
  ),
  all: ALL,
};

/** Whether a word stands for several rights. */
export function isGroup(
  word: LandlockFileRight | LandlockFileRights,
): word is LandlockFileRights {
  return Object.hasOwn(GROUPS, word);
}

/** The rights that words stand for, each once. */
export function fileRights(
  words: readonly (LandlockFileRight | LandlockFileRights)[],
): LandlockFileRight[] {
  return [
    ...new Set(words.flatMap((word) => isGroup(word) ? GROUPS[word] : [word])),
  ];
}

/** What is denied unless a rule allows it. */
export interface Handled {
  readonly files: readonly LandlockFileRight[];
  readonly ports: readonly LandlockPortRight[];
  readonly scopes: readonly LandlockScope[];
}

/** What a configuration handles, whatever the kernel has of it. */
export function handledBy(landlock: Landlock): Handled {
  const { paths = [], ports = [], handledFiles, handledPorts } = landlock;
  return {
    files: fileRights(handledFiles ?? (paths.length > 0 ? ["all"] : [])),
    ports: handledPorts ??
      (ports.length > 0 ? ["bind_tcp", "connect_tcp"] : []),
    scopes: landlock.scoped ?? [],
  };
}

/** The bits of those names that the kernel has. */
export function bitsOf<Name extends string>(
  table: Readonly<Record<Name, Right>>,
  names: readonly Name[],
  abi: number,
): number {
  return names.reduce(
    (bits, name) => table[name].abi > abi ? bits : bits | table[name].bit,
    0,
  );
}
