/**
 * What goes through a filter's listener: seccomp_unotify(2), <linux/seccomp.h>.
 *
 * @module
 */

/** Size of struct seccomp_notif, as far as it is known here. */
export const NOTIFICATION_SIZE = 80;
/** Size of struct seccomp_notif_resp. */
export const RESPONSE_SIZE = 24;
/** Size of struct seccomp_notif_addfd. */
export const ADDFD_SIZE = 24;

/** A call that waits for an answer: struct seccomp_notif, with its struct seccomp_data. */
export interface CallNotification {
  /** Names the call for as long as it waits. */
  readonly id: bigint;
  /** The caller's thread id as this process sees it; 0 if it does not. */
  readonly pid: number;
  /** The number of the call. */
  readonly nr: number;
  /** AUDIT_ARCH_* of the call. */
  readonly arch: number;
  /** Where the call was made. */
  readonly instructionPointer: bigint;
  /** Its six arguments, 64 bits each, without sign. */
  readonly args: readonly bigint[];
}

const DATA = 16;
const ARGS = DATA + 16;

/** Decodes struct seccomp_notif. */
export function decodeNotification(
  bytes: Uint8Array<ArrayBuffer>,
): CallNotification {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    id: view.getBigUint64(0, true),
    pid: view.getUint32(8, true),
    nr: view.getUint32(DATA, true),
    arch: view.getUint32(DATA + 4, true),
    instructionPointer: view.getBigUint64(DATA + 8, true),
    args: Array.from(
      { length: 6 },
      (_, i) => view.getBigUint64(ARGS + 8 * i, true),
    ),
  };
}

/** Encodes struct seccomp_notif_resp. */
export function encodeResponse(
  { id, value, error, flags }: {
    readonly id: bigint;
    readonly value: bigint;
    /** Negative, as the kernel returns it. */
    readonly error: number;
    readonly flags: number;
  },
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(RESPONSE_SIZE));
  view.setBigUint64(0, id, true);
  view.setBigInt64(8, value, true);
  view.setInt32(16, error, true);
  view.setUint32(20, flags, true);
  return new Uint8Array(view.buffer);
}

/** Encodes struct seccomp_notif_addfd. */
export function encodeAddFd(
  { id, flags, source, target, targetFlags }: {
    readonly id: bigint;
    readonly flags: number;
    /** The descriptor here. */
    readonly source: number;
    /** Its number there, if the flags say that it counts. */
    readonly target: number;
    readonly targetFlags: number;
  },
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(ADDFD_SIZE));
  view.setBigUint64(0, id, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, source, true);
  view.setUint32(16, target, true);
  view.setUint32(20, targetFlags, true);
  return new Uint8Array(view.buffer);
}
