/**
 * The words of mount options that are no data of a file system: runtime-spec config.md#linux-mount-options, mount(8).
 *
 * @module
 */
import {
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
  MS_I_VERSION,
  MS_LAZYTIME,
  MS_MANDLOCK,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_POSIXACL,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_REMOUNT,
  MS_SHARED,
  MS_SILENT,
  MS_SLAVE,
  MS_STRICTATIME,
  MS_SYNCHRONOUS,
  MS_UNBINDABLE,
} from "../../ffi/abi/mount.ts";

/** A word that sets flags, or clears them. */
export interface FlagWord {
  readonly flag: number;
  readonly clear?: true;
}

/** Words for MS_ flags of mount(2). */
export const FLAG_WORDS: Readonly<Record<string, FlagWord>> = {
  acl: { flag: MS_POSIXACL },
  async: { flag: MS_SYNCHRONOUS, clear: true },
  atime: { flag: MS_NOATIME, clear: true },
  bind: { flag: MS_BIND },
  defaults: { flag: 0 },
  dev: { flag: MS_NODEV, clear: true },
  diratime: { flag: MS_NODIRATIME, clear: true },
  dirsync: { flag: MS_DIRSYNC },
  exec: { flag: MS_NOEXEC, clear: true },
  iversion: { flag: MS_I_VERSION },
  lazytime: { flag: MS_LAZYTIME },
  loud: { flag: MS_SILENT, clear: true },
  mand: { flag: MS_MANDLOCK },
  noacl: { flag: MS_POSIXACL, clear: true },
  noatime: { flag: MS_NOATIME },
  nodev: { flag: MS_NODEV },
  nodiratime: { flag: MS_NODIRATIME },
  noexec: { flag: MS_NOEXEC },
  noiversion: { flag: MS_I_VERSION, clear: true },
  nolazytime: { flag: MS_LAZYTIME, clear: true },
  nomand: { flag: MS_MANDLOCK, clear: true },
  norelatime: { flag: MS_RELATIME, clear: true },
  nostrictatime: { flag: MS_STRICTATIME, clear: true },
  nosuid: { flag: MS_NOSUID },
  nosymfollow: { flag: MS_NOSYMFOLLOW },
  rbind: { flag: MS_BIND | MS_REC },
  relatime: { flag: MS_RELATIME },
  remount: { flag: MS_REMOUNT },
  ro: { flag: MS_RDONLY },
  rw: { flag: MS_RDONLY, clear: true },
  silent: { flag: MS_SILENT },
  strictatime: { flag: MS_STRICTATIME },
  suid: { flag: MS_NOSUID, clear: true },
  symfollow: { flag: MS_NOSYMFOLLOW, clear: true },
  sync: { flag: MS_SYNCHRONOUS },
};

/** Words for propagation, mount_namespaces(7). */
export const PROPAGATION_WORDS: Readonly<Record<string, number>> = {
  private: MS_PRIVATE,
  rprivate: MS_PRIVATE | MS_REC,
  rshared: MS_SHARED | MS_REC,
  rslave: MS_SLAVE | MS_REC,
  runbindable: MS_UNBINDABLE | MS_REC,
  shared: MS_SHARED,
  slave: MS_SLAVE,
  unbindable: MS_UNBINDABLE,
};

/** Words for attributes of a mount and of all mounts below it: MOUNT_ATTR_ flags of mount_setattr(2). */
export const RECURSIVE_WORDS: Readonly<Record<string, FlagWord>> = {
  ratime: { flag: MOUNT_ATTR_NOATIME, clear: true },
  rdev: { flag: MOUNT_ATTR_NODEV, clear: true },
  rdiratime: { flag: MOUNT_ATTR_NODIRATIME, clear: true },
  rexec: { flag: MOUNT_ATTR_NOEXEC, clear: true },
  rnoatime: { flag: MOUNT_ATTR_NOATIME },
  rnodev: { flag: MOUNT_ATTR_NODEV },
  rnodiratime: { flag: MOUNT_ATTR_NODIRATIME },
  rnoexec: { flag: MOUNT_ATTR_NOEXEC },
  rnorelatime: { flag: MOUNT_ATTR_RELATIME, clear: true },
  rnostrictatime: { flag: MOUNT_ATTR_STRICTATIME, clear: true },
  rnosuid: { flag: MOUNT_ATTR_NOSUID },
  rnosymfollow: { flag: MOUNT_ATTR_NOSYMFOLLOW },
  rrelatime: { flag: MOUNT_ATTR_RELATIME },
  rro: { flag: MOUNT_ATTR_RDONLY },
  rrw: { flag: MOUNT_ATTR_RDONLY, clear: true },
  rstrictatime: { flag: MOUNT_ATTR_STRICTATIME },
  rsuid: { flag: MOUNT_ATTR_NOSUID, clear: true },
  rsymfollow: { flag: MOUNT_ATTR_NOSYMFOLLOW, clear: true },
};

/** Words for what a runtime does by itself. */
export const EXTENSION_WORDS: readonly string[] = [
  "idmap",
  "ridmap",
  "tmpcopyup",
];

/** Every mount option that is understood here, sorted: what `features` lists. */
export const KNOWN_MOUNT_OPTIONS: readonly string[] = [
  ...Object.keys(FLAG_WORDS),
  ...Object.keys(PROPAGATION_WORDS),
  ...Object.keys(RECURSIVE_WORDS),
  ...EXTENSION_WORDS,
].sort();
