/**
 * All waits that take long, on one other thread.
 *
 * Deno makes calls that wait on a pool of 32 threads, and its own file operations as well. With a thread each, a program
 * that waited for 32 processes could do nothing else.
 *
 * @module
 */
import { Epoll, type Events } from "./epoll.ts";
import type { Fd } from "./fd.ts";
import type { Interest } from "./ppoll.ts";

/** Somebody who waits, for whichever of these comes first. */
export interface Wait {
  /** Descriptors; none at all: only for the deadline. */
  readonly interests: readonly Interest[];
  /** Until when, by `performance.now()`; may be infinite. */
  readonly deadline: number;
}

/** A descriptor that is watched, and those who wait for it. */
interface Watch<W> {
  /** What events name it by. Unlike a descriptor's number it is not used again, so an event that is late hits nobody. */
  readonly token: number;
  readonly fd: Fd;
  events: number;
  readonly waits: Set<W>;
}

/**
 * Waits on one other thread for all who are parked here. Deno's event loop goes on while somebody is. When nobody is,
 * nothing is left: no thread that waits, no pending operation, no descriptor.
 */
export class Reactor<W extends Wait> {
  readonly #onReturn: (waits: readonly W[], error?: unknown) => void;
  readonly #parked = new Set<W>();
  readonly #watches = new Map<Fd, Watch<W>>();
  readonly #byToken = new Map<number, Watch<W>>();
  /** Parked ones that need not wait: a descriptor was closed, or is always ready. */
  readonly #freed = new Set<W>();
  #lastToken = 0;
  #epoll: Epoll | undefined;
  /** When the other thread comes back at the latest. */
  #alarm = Infinity;

  /**
   * @param onReturn called each time the other thread comes back, with those who may go on, and are no longer parked:
   * something is ready (or was), a descriptor was closed, the deadline has come. With an error, nobody can wait here
   */
  constructor(onReturn: (waits: readonly W[], error?: unknown) => void) {
    this.#onReturn = onReturn;
  }

  /** Readable when the other thread comes back; undefined when nobody is parked. */
  get descriptor(): Fd | undefined {
    return this.#epoll?.fd;
  }

  /**
   * Takes a wait over. Files of a kind that can't be watched, such as regular ones, are always ready.
   *
   * @throws {SyscallError} ENOSPC, EMFILE: see {@linkcode Epoll}
   */
  park(wait: W): void {
    const isFirst = this.#epoll === undefined;
    const epoll = this.#epoll ??= new Epoll();
    this.#parked.add(wait);
    try {
      for (const interest of wait.interests) {
        this.#watch(epoll, interest, wait);
      }
      if (wait.deadline < this.#alarm) this.#setAlarm(epoll, wait.deadline);
    } catch (error) {
      this.#unpark(epoll, wait);
      if (isFirst) this.#close(epoll);
      throw error;
    }
    if (isFirst) void this.#run(epoll);
  }

  /** Has the other thread come back, whatever happens. */
  interrupt(): void {
    if (this.#epoll !== undefined) this.#setAlarm(this.#epoll, -Infinity);
  }

  async #run(epoll: Epoll): Promise<void> {
    while (this.#parked.size > 0) {
      try {
        this.#onReturn(this.#whoMayGo(epoll, await epoll.wait()));
      } catch (error) {
        const all = [...this.#parked];
        for (const wait of all) this.#unpark(epoll, wait);
        this.#onReturn(all, error);
      }
    }
    this.#close(epoll);
  }

  #close(epoll: Epoll): void {
    epoll[Symbol.dispose]();
    this.#epoll = undefined;
    this.#alarm = Infinity;
  }

  #whoMayGo(epoll: Epoll, { tokens, alarm }: Events): W[] {
    const found = new Set(this.#freed);
    for (const token of tokens) {
      const watch = this.#byToken.get(token);
      for (const wait of watch?.waits ?? []) {
        found.add(wait);
        for (const interest of wait.interests) {
          if (interest.once && interest.fd === watch?.fd) interest.seen = true;
        }
      }
    }
    if (alarm) {
      const now = performance.now();
      for (const wait of this.#parked) {
        if (wait.deadline <= now) found.add(wait);
      }
    }
    for (const wait of found) this.#unpark(epoll, wait);
    if (alarm) this.#setAlarm(epoll, this.#nextDeadline());
    return [...found];
  }

  #nextDeadline(): number {
    let next = Infinity;
    for (const { deadline } of this.#parked) next = Math.min(next, deadline);
    return next;
  }

  #setAlarm(epoll: Epoll, time: number): void {
    this.#alarm = time;
    epoll.setAlarm(time - performance.now());
  }

  #watch(epoll: Epoll, { fd, events }: Interest, wait: W): void {
    if (fd.isClosed) return this.#letGo(wait);
    let watch = this.#watches.get(fd);
    if (watch === undefined) {
      watch = { token: ++this.#lastToken, fd, events, waits: new Set() };
      if (!epoll.add(fd, events, watch.token)) return this.#letGo(wait);
      this.#watches.set(fd, watch);
      this.#byToken.set(watch.token, watch);
      fd.onClose = () => this.#onClose(epoll, fd);
    } else if ((watch.events | events) !== watch.events) {
      watch.events |= events;
      epoll.modify(fd, watch.events, watch.token);
    }
    watch.waits.add(wait);
  }

  #unpark(epoll: Epoll, wait: W): void {
    this.#parked.delete(wait);
    this.#freed.delete(wait);
    for (const { fd } of wait.interests) {
      const watch = this.#watches.get(fd);
      watch?.waits.delete(wait);
      if (watch?.waits.size === 0) this.#unwatch(epoll, watch);
    }
  }

  #unwatch(epoll: Epoll, { fd, token }: Watch<W>): void {
    fd.onClose = undefined;
    this.#watches.delete(fd);
    this.#byToken.delete(token);
    epoll.remove(fd);
  }

  /** Called before a descriptor is closed. */
  #onClose(epoll: Epoll, fd: Fd): void {
    const watch = this.#watches.get(fd);
    if (watch === undefined) return;
    this.#unwatch(epoll, watch);
    for (const wait of watch.waits) this.#letGo(wait);
  }

  /** When the other thread is back. */
  #letGo(wait: W): void {
    this.#freed.add(wait);
    this.interrupt();
  }
}
