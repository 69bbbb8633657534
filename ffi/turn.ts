/**
 * Turns of Deno's event loop.
 *
 * What this library does comes in pieces of some 0.1 to 2 ms, each of which makes the next one possible; with many at
 * work, a program's timers and streams would wait until the last is done. So nobody begins a piece when this turn of the
 * event loop has lasted long enough.
 *
 * @module
 */
import { syscallAsync } from "./syscall.ts";

/** How long a turn may have lasted when a piece begins; with the piece itself it stays below 5 ms. */
const SLICE_MS = 3;
/** How many microtasks somebody gets who may go on, to begin his piece. */
const STEPS = 16;

/** Who may begin when. */
export class Turns {
  readonly #now: () => number;
  readonly #goRound: () => Promise<unknown>;
  /** When the last turn began that we know of. */
  #since = -Infinity;
  #queue: Promise<void> = Promise.resolve();
  #queued = 0;

  /**
   * @param now the time in ms
   * @param goRound lets the event loop go round once
   */
  constructor(now: () => number, goRound: () => Promise<unknown>) {
    this.#now = now;
    this.#goRound = goRound;
  }

  /** Says that a turn has just begun. */
  begin(): void {
    this.#since = this.#now();
  }

  /** How long pieces may still begin in this turn, in ms; not more than 0 when it has lasted long enough. */
  get left(): number {
    return this.#since + SLICE_MS - this.#now();
  }

  /** Lets those who may go on do so. */
  async letGoOn(): Promise<void> {
    for (let i = 0; i < STEPS; i++) await undefined;
  }

  /** Waits for the next turn. */
  async next(): Promise<void> {
    await this.#goRound();
    this.begin();
  }

  /** Waits until a piece of work may begin: not for long, if this turn is young and nobody else waits for one. */
  async take(): Promise<void> {
    const isAlone = this.#queued++ === 0;
    this.#queue = this.#queue.then(async () => {
      if (!isAlone) await this.letGoOn();
      if (this.left <= 0) await this.next();
    });
    await this.#queue;
    this.#queued--;
  }
}

/** Those of this program. A call on another thread is the cheapest that comes back: a first timer of Deno's costs 12 ms. */
export const turns: Turns = new Turns(
  () => performance.now(),
  () => syscallAsync("getppid"),
);
