/**
 * Watching descriptors: epoll(7), timerfd_create(2).
 *
 * @module
 */
import {
  CLOCK_MONOTONIC,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  TFD_CLOEXEC,
} from "./abi/poll.ts";
import { Fd } from "./fd.ts";
import { SyscallError } from "./syscall_error.ts";
import { ARCH, check, syscall, syscallAsync } from "./syscall.ts";

/** struct epoll_event of <linux/eventpoll.h>, which is packed on x86-64 only. */
const EVENT = ARCH === "x86_64" ? { size: 12, data: 4 } : { size: 16, data: 8 };
/** How many events one call gets at most. */
const BATCH = 64;
const SIGSET_SIZE = 8;
const TIMER_TOKEN = 0;

/** What an {@linkcode Epoll} waited for: descriptors by their tokens, and whether the alarm went off. */
export interface Events {
  readonly tokens: readonly number[];
  readonly alarm: boolean;
}

/** A set of watched descriptors with an alarm clock. A token names a descriptor; it is a number from 1 on. */
export class Epoll implements Disposable {
  /** Readable when there are events. */
  readonly fd: Fd;
  readonly #timer: Fd;

  /** Opens both. Throws {SyscallError} EMFILE. */
  constructor() {
    this.fd = new Fd(
      check("epoll_create1", "", EPOLL_CLOEXEC),
      "epoll",
    );
    try {
      this.#timer = new Fd(
        check("timerfd_create", "", CLOCK_MONOTONIC, TFD_CLOEXEC),
        "timer",
      );
    } catch (error) {
      this.fd.close();
      throw error;
    }
    this.add(this.#timer, EPOLLIN, TIMER_TOKEN);
  }

  /**
   * Watches a descriptor.
   *
   * @returns false if it is of a kind that can't be watched, as regular files are
   * @throws {SyscallError} EEXIST if it is watched; ENOSPC when the user watches too many
   * (/proc/sys/fs/epoll/max_user_watches)
   */
  add(fd: Fd, events: number, token: number): boolean {
    try {
      this.#control(EPOLL_CTL_ADD, fd, events, token);
      return true;
    } catch (error) {
      if (error instanceof SyscallError && error.errnoName === "EPERM") {
        return false;
      }
      throw error;
    }
  }

  /** Changes what a descriptor is watched for. Throws {SyscallError} ENOENT if it isn't watched. */
  modify(fd: Fd, events: number, token: number): void {
    this.#control(EPOLL_CTL_MOD, fd, events, token);
  }

  /**
   * Watches a descriptor no longer. To be called before it is closed: a copy of it may live on elsewhere, and the kernel
   * would go on telling of a number that is nobody's, or somebody else's.
   */
  remove(fd: Fd): void {
    syscall("epoll_ctl", this.fd.number, EPOLL_CTL_DEL, fd.number, null);
  }

  /**
   * Sets the alarm, which has gone off or not.
   *
   * @param ms from now, or in the past; infinite: never
   */
  setAlarm(ms: number): void {
    const time = new BigInt64Array(4); // struct itimerspec: interval, then value
    if (ms !== Infinity) {
      const ns = Math.max(1, Math.ceil(ms * 1e6)); // 0 would be never
      time[2] = BigInt(Math.floor(ns / 1e9));
      time[3] = BigInt(ns % 1e9);
    }
    const bytes = new Uint8Array(time.buffer);
    check("timerfd_settime", "", this.#timer.number, 0, bytes, null);
  }

  /** Waits on another thread until something happens; nothing, if only a signal came. Throws {SyscallError}. */
  async wait(): Promise<Events> {
    const bytes = new Uint8Array(BATCH * EVENT.size);
    const result = await syscallAsync(
      "epoll_pwait",
      this.fd.number,
      bytes,
      BATCH,
      -1,
      null,
      SIGSET_SIZE,
    );
    if (result < 0) {
      const error = new SyscallError("epoll_pwait", -result);
      if (error.errnoName !== "EINTR") throw error;
    }
    const view = new DataView(bytes.buffer);
    const tokens = Array.from(
      { length: Math.max(0, result) },
      (_, i) => Number(view.getBigUint64(i * EVENT.size + EVENT.data, true)),
    );
    const others = tokens.filter((token) => token !== TIMER_TOKEN);
    return { tokens: others, alarm: others.length < tokens.length };
  }

  /** Closes both. Nobody may be waiting. */
  [Symbol.dispose](): void {
    this.#timer.close();
    this.fd.close();
  }

  #control(operation: number, fd: Fd, events: number, token: number): void {
    const event = new Uint8Array(EVENT.size);
    const view = new DataView(event.buffer);
    view.setUint32(0, events, true);
    view.setBigUint64(EVENT.data, BigInt(token), true);
    const { number } = fd;
    check("epoll_ctl", fd.path, this.fd.number, operation, number, event);
  }
}
