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

/** When the last turn began that we know of. */
let since = -Infinity;
let queue: Promise<void> = Promise.resolve();
let queued = 0;

/** Says that a turn has just begun. */
export function beginTurn(): void {
  since = performance.now();
}

/** How long pieces may still begin in this turn, in ms; not more than 0 when it has lasted long enough. */
export function leftOfTurn(): number {
  return since + SLICE_MS - performance.now();
}

/** Lets those who may go on do so. */
export async function letGoOn(): Promise<void> {
  for (let i = 0; i < STEPS; i++) await undefined;
}

/** Lets the event loop go round once, by the cheapest that comes back: a first timer of Deno's own costs 12 ms. */
export async function nextTurn(): Promise<void> {
  await syscallAsync("getppid");
  beginTurn();
}

/** Waits until a piece of work may begin: not at all, if this turn is young and nobody else waits for one. */
export async function takeTurn(): Promise<void> {
  if (queued === 0 && leftOfTurn() > 0) return;
  queued++;
  queue = queue.then(async () => {
    await letGoOn();
    if (leftOfTurn() <= 0) await nextTurn();
  });
  await queue;
  queued--;
}
