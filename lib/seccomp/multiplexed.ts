/**
 * i386 calls that can also be made through socketcall(2) and ipc(2), whose first argument says which one is meant.
 * A rule for the call must hold on that way too.
 *
 * @module
 */
import type { FilterArch } from "./architectures.ts";

/** From <linux/net.h>. */
const SOCKET_CALLS: Readonly<Record<string, number>> = {
  socket: 1,
  bind: 2,
  connect: 3,
  listen: 4,
  accept: 5,
  getsockname: 6,
  getpeername: 7,
  socketpair: 8,
  send: 9,
  recv: 10,
  sendto: 11,
  recvfrom: 12,
  shutdown: 13,
  setsockopt: 14,
  getsockopt: 15,
  sendmsg: 16,
  recvmsg: 17,
  accept4: 18,
  recvmmsg: 19,
  sendmmsg: 20,
};

/** From <linux/ipc.h>. */
const IPC_CALLS: Readonly<Record<string, number>> = {
  semop: 1,
  semget: 2,
  semctl: 3,
  semtimedop: 4,
  msgsnd: 11,
  msgrcv: 12,
  msgget: 13,
  msgctl: 14,
  shmat: 21,
  shmdt: 22,
  shmget: 23,
  shmctl: 24,
};

/** The other way to make a call. */
export interface Multiplexed {
  /** Number of the call that is made. */
  readonly number: number;
  /** Value of its first argument. */
  readonly selector: number;
}

/** The other way to make a call, if the architecture has one. */
export function multiplexed(
  arch: FilterArch,
  name: string,
): Multiplexed | undefined {
  if (arch.name !== "SCMP_ARCH_X86") return undefined;
  const { socketcall, ipc } = arch.numbers;
  const socketSelector: unknown = SOCKET_CALLS[name];
  if (typeof socketSelector === "number") {
    return { number: socketcall!, selector: socketSelector };
  }
  const ipcSelector: unknown = IPC_CALLS[name];
  return typeof ipcSelector === "number"
    ? { number: ipc!, selector: ipcSelector }
    : undefined;
}
