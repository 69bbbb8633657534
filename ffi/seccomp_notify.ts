/**
 * The listener of a system call filter, from the side of who answers: seccomp_unotify(2).
 *
 * @module
 */
import { ERRNO } from "./abi/errno.ts";
import { POLLIN } from "./abi/poll.ts";
import {
  SECCOMP_ADDFD_FLAG_SEND,
  SECCOMP_ADDFD_FLAG_SETFD,
  SECCOMP_GET_NOTIF_SIZES,
  SECCOMP_IOCTL_NOTIF_ADDFD,
  SECCOMP_IOCTL_NOTIF_ID_VALID,
  SECCOMP_IOCTL_NOTIF_RECV,
  SECCOMP_IOCTL_NOTIF_SEND,
  SECCOMP_USER_NOTIF_FLAG_CONTINUE,
} from "./abi/seccomp.ts";
import { O_CLOEXEC } from "./abi/fcntl.ts";
import type { Fd } from "./fd.ts";
import { waitReadable } from "./poll.ts";
import {
  type CallNotification,
  decodeNotification,
  encodeAddFd,
  encodeResponse,
  NOTIFICATION_SIZE,
} from "./structs/seccomp_notif.ts";
import { check, syscall } from "./syscall.ts";
import { SyscallError } from "./syscall_error.ts";

export type { CallNotification } from "./structs/seccomp_notif.ts";

/** What is said to a call: that the kernel is to carry it out, or its result. */
export type CallResponse =
  | { readonly do: "continue" }
  | { readonly do: "fail"; readonly errno: number }
  | { readonly do: "return"; readonly value: number | bigint };

/** Where a descriptor is to be in the other process. */
export interface AddFdOptions {
  /** Its number there, which is closed before; undefined: the lowest that is free. */
  readonly target?: number | undefined;
  readonly closeOnExec: boolean;
  /** Whether the number is the call's result as well; else the call goes on waiting. */
  readonly answer: boolean;
}

/** A kernel may have longer structures than we know, and fills all of them. */
function notificationSize(): number {
  const sizes = new Uint16Array(3);
  check(
    "seccomp",
    "SECCOMP_GET_NOTIF_SIZES",
    SECCOMP_GET_NOTIF_SIZES,
    0,
    new Uint8Array(sizes.buffer),
  );
  return Math.max(NOTIFICATION_SIZE, sizes[0]!);
}

/** Whether a descriptor is a listener. */
export function isListener(fd: Fd): boolean {
  const id = new Uint8Array(8);
  const result = syscall(
    "ioctl",
    fd.number,
    SECCOMP_IOCTL_NOTIF_ID_VALID,
    id,
  );
  // No call has this id; what is no listener knows nothing of the request.
  return -result === ERRNO.ENOENT;
}

/**
 * Waits for the next call. The event loop goes round meanwhile.
 *
 * @returns undefined when no process has the filter any more, or the listener is closed here
 * @throws {SyscallError}
 */
export async function nextNotification(
  listener: Fd,
): Promise<CallNotification | undefined> {
  for (;;) {
    await waitReadable([listener], -1, { patient: true, lasting: true });
    if (listener.isClosed) return undefined;
    // RECV would wait where there is nothing but the end.
    if (!hasNotification(listener)) return undefined;
    const bytes = new Uint8Array(notificationSize());
    const result = syscall(
      "ioctl",
      listener.number,
      SECCOMP_IOCTL_NOTIF_RECV,
      bytes,
    );
    if (result >= 0) return decodeNotification(bytes);
    const error = new SyscallError("ioctl", -result, "NOTIF_RECV");
    // The caller has died meanwhile, or a signal has come.
    if (!["ENOENT", "EINTR"].includes(error.errnoName)) throw error;
  }
}

/** Whether a call waits to be received: poll(2) tells of the end as well, in another bit. */
function hasNotification(listener: Fd): boolean {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, listener.number, true);
  view.setInt16(4, POLLIN, true);
  check("ppoll", `on ${listener.path}`, bytes, 1, new Uint8Array(16), null, 0);
  return (view.getInt16(6, true) & POLLIN) !== 0;
}

/** Whether the call still waits, so that its process and memory are those of the caller. */
export function isNotificationValid(listener: Fd, id: bigint): boolean {
  const bytes = new Uint8Array(new BigUint64Array([id]).buffer);
  return request(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, bytes) !== undefined;
}

/**
 * Answers a call.
 *
 * @returns false if nobody waits for the answer any more
 * @throws {SyscallError} EINPROGRESS if it was answered already
 */
export function respond(
  listener: Fd,
  id: bigint,
  response: CallResponse,
): boolean {
  const bytes = encodeResponse({
    id,
    value: response.do === "return" ? BigInt(response.value) : 0n,
    error: response.do === "fail" ? -response.errno : 0,
    flags: response.do === "continue" ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0,
  });
  return request(listener, SECCOMP_IOCTL_NOTIF_SEND, bytes) !== undefined;
}

/**
 * Gives the caller a descriptor.
 *
 * @returns its number there; undefined if nobody waits any more
 * @throws {SyscallError} EMFILE for a process that has as many as it may, EBADF for a target above its limit
 */
export function addDescriptor(
  listener: Fd,
  id: bigint,
  fd: number,
  { target, closeOnExec, answer }: AddFdOptions,
): number | undefined {
  const place = target === undefined ? 0 : SECCOMP_ADDFD_FLAG_SETFD;
  const add = (flags: number): number | undefined =>
    request(
      listener,
      SECCOMP_IOCTL_NOTIF_ADDFD,
      encodeAddFd({
        id,
        flags,
        source: fd,
        target: target ?? 0,
        targetFlags: closeOnExec ? O_CLOEXEC : 0,
      }),
    );
  if (!answer) return add(place);
  try {
    return add(place | SECCOMP_ADDFD_FLAG_SEND);
  } catch (error) {
    // Linux before 5.14 knows no answer by a descriptor.
    const isOld = error instanceof SyscallError && error.errnoName === "EINVAL";
    if (!isOld) throw error;
  }
  const value = add(place);
  if (value === undefined) return undefined;
  return respond(listener, id, { do: "return", value }) ? value : undefined;
}

/** Makes a request about one call; undefined if that call does not wait any more. */
function request(
  listener: Fd,
  code: number,
  bytes: Uint8Array<ArrayBuffer>,
): number | undefined {
  for (;;) {
    const result = syscall("ioctl", listener.number, code, bytes);
    if (result >= 0) return result;
    const error = new SyscallError("ioctl", -result, `on ${listener.path}`);
    if (error.errnoName === "ENOENT") return undefined;
    if (error.errnoName !== "EINTR") throw error;
  }
}
