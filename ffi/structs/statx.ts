/**
 * `struct statx` of statx(2), <linux/stat.h>, Linux 4.11; the mount's id since 5.8.
 *
 * @module
 */

/** Its size in bytes. */
export const STATX_SIZE = 256;

/** Offsets of its fields. Mode has 16 bits, with 16 unused bits behind it. */
export const STATX_OFFSET = {
  attributes: 8,
  nlink: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  ino: 32,
  size: 40,
  atimeSec: 64,
  atimeNsec: 72,
  mtimeSec: 112,
  mtimeNsec: 120,
  rdevMajor: 128,
  rdevMinor: 132,
  devMajor: 136,
  devMinor: 140,
  mountId: 144,
} as const;

/** A point of time of a file. */
export interface FileTime {
  /** Seconds since 1970. */
  readonly sec: bigint;
  /** Nanoseconds. */
  readonly nsec: number;
}

/** What is known of a file. */
export interface Stat {
  /** Type (S_IFMT) and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  /** Bytes. */
  readonly size: number;
  readonly ino: bigint;
  /** The file system's device. */
  readonly dev: { readonly major: number; readonly minor: number };
  /** The device that a device node stands for. */
  readonly rdev: { readonly major: number; readonly minor: number };
  /** Id of the mount, as in mountinfo. */
  readonly mountId: number;
  /** STATX_ATTR_ flags. */
  readonly attributes: number;
  readonly atime: FileTime;
  readonly mtime: FileTime;
}

/** Decodes it. */
export function decodeStatx(bytes: Uint8Array<ArrayBuffer>): Stat {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const u32 = (offset: number): number => view.getUint32(offset, true);
  const u64 = (offset: number): bigint => view.getBigUint64(offset, true);
  const o = STATX_OFFSET;
  return {
    mode: view.getUint16(o.mode, true),
    uid: u32(o.uid),
    gid: u32(o.gid),
    nlink: u32(o.nlink),
    size: Number(u64(o.size)),
    ino: u64(o.ino),
    dev: { major: u32(o.devMajor), minor: u32(o.devMinor) },
    rdev: { major: u32(o.rdevMajor), minor: u32(o.rdevMinor) },
    mountId: Number(u64(o.mountId)),
    attributes: u32(o.attributes),
    atime: {
      sec: view.getBigInt64(o.atimeSec, true),
      nsec: u32(o.atimeNsec),
    },
    mtime: {
      sec: view.getBigInt64(o.mtimeSec, true),
      nsec: u32(o.mtimeNsec),
    },
  };
}
