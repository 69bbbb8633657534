/**
 * `struct mount_attr` of mount_setattr(2), <linux/mount.h>, Linux 5.12.
 *
 * @module
 */

/** Its size in bytes, the last operand of mount_setattr(2): MOUNT_ATTR_SIZE_VER0. */
export const MOUNT_ATTR_SIZE = 32;

/** What mount_setattr(2) changes. */
export interface MountAttr {
  /** MOUNT_ATTR_ flags to set. */
  readonly set?: number;
  /** MOUNT_ATTR_ flags to clear; MOUNT_ATTR__ATIME goes along with any change of the atime mode. */
  readonly clear?: number;
  /** MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE; 0 leaves the propagation alone. */
  readonly propagation?: number;
  /** Descriptor of the user namespace of MOUNT_ATTR_IDMAP. */
  readonly usernsFd?: number;
}

/** Encodes it: four 64-bit words. */
export function encodeMountAttr(attr: MountAttr): Uint8Array<ArrayBuffer> {
  const words = new BigUint64Array([
    BigInt(attr.set ?? 0),
    BigInt(attr.clear ?? 0),
    BigInt(attr.propagation ?? 0),
    BigInt(attr.usernsFd ?? 0),
  ]);
  return new Uint8Array(words.buffer);
}
