/**
 * Waiting for descriptors, and for a time.
 *
 * A wait begins on this thread, which is held for a moment: most are short, and to hand one over to another thread
 * costs some 0.1 ms. All that have begun are looked at together. What takes longer goes to the {@linkcode Reactor}.
 *
 * @module
 */
import { POLLIN, POLLOUT } from "./abi/poll.ts";
import type { Fd } from "./fd.ts";
import { ppoll } from "./ppoll.ts";
import { Reactor, type Wait } from "./reactor.ts";

/** How long this thread may be held for a wait, if nobody else waits. */
const HOLD_MS = 1;
/** With company, that has work for this thread sooner or later, only as long as a hand-over costs. */
const HOLD_IN_COMPANY_MS = 0.1;
/** How long this thread may be held and go on in turns, before Deno's timers and streams have theirs. */
const SERVE_MS = 5;
/** After a pause as long as this, Deno's event loop is taken to have gone round. */
const GAP_MS = 1;
/** Steps that others, who may have something to wait for as well, get before this thread is held. */
const STEPS = 16;

/** A wait of one of the functions below. */
interface Pending extends Wait {
  /** Whether this thread is not to be held for it. */
  readonly patient: boolean;
  readonly resolve: (ready: boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

/** How to wait. */
export interface WaitOptions {
  /**
   * For what may take its time, and for what may be ready again and again: Deno's event loop goes round in between.
   *
   * @default {false} this thread may be held for a moment
   */
  readonly patient?: boolean;
}

/** Who waits on this thread. */
const pending = new Set<Pending>();
const reactor = new Reactor<Pending>(onReturn);
/** Waits that are parked and not patient. */
let parkedCount = 0;
let isServing = false;
/** When this thread began to serve, and when it did so last. */
let [servedSince, servedAt] = [-Infinity, -Infinity];

/**
 * Waits until one of the descriptors can be read, its other side is gone, or it is closed here.
 *
 * @param timeoutMs how long at most; negative: for ever
 * @returns for each descriptor whether it is ready; all false when the time is up
 * @throws {SyscallError}
 */
export function waitReadable(
  fds: readonly Fd[],
  timeoutMs = -1,
  options: WaitOptions = {},
): Promise<boolean[]> {
  return waitFor(fds, POLLIN, timeoutMs, options);
}

/** As {@linkcode waitReadable}, until one can be written, or nobody will read it. */
export function waitWritable(
  fds: readonly Fd[],
  timeoutMs = -1,
  options: WaitOptions = {},
): Promise<boolean[]> {
  return waitFor(fds, POLLOUT, timeoutMs, options);
}

/**
 * Waits for a while. A program's first timer of Deno's own costs 12 ms: it loads what Node's compatibility is made of.
 *
 * @param ms how long
 */
export async function pause(ms: number): Promise<void> {
  await waitReadable([], ms);
}

async function waitFor(
  fds: readonly Fd[],
  events: number,
  timeoutMs: number,
  { patient = false }: WaitOptions,
): Promise<boolean[]> {
  for (const fd of fds) void fd.number; // throws if it is closed
  const interests = fds.map((fd) => ({ fd, events }));
  if (timeoutMs === 0) return ppoll(interests, 0);
  const deadline = timeoutMs < 0 ? Infinity : performance.now() + timeoutMs;
  return await new Promise((resolve, reject) => {
    const wait = { interests, deadline, patient, resolve, reject };
    if (patient) park([wait]);
    else {
      pending.add(wait);
      if (!isServing) void serve();
    }
  });
}

/** Serves all who wait on this thread, as long as it goes quickly. */
async function serve(): Promise<void> {
  isServing = true;
  const start = performance.now();
  if (start - servedAt > GAP_MS) servedSince = start;
  while (pending.size > 0) {
    for (let i = 0; i < STEPS; i++) await undefined;
    const left = servedSince + SERVE_MS - performance.now();
    const isAlone = pending.size === 1 && parkedCount === 0;
    const hold = isAlone ? HOLD_MS : HOLD_IN_COMPANY_MS;
    const { count, isReturning } = left > 0
      ? settle(Math.min(hold, left))
      : { count: 0, isReturning: false };
    if (isReturning) {
      reactor.interrupt(); // what made it readable may be gone again
      break;
    }
    if (count === 0) {
      park(pending);
      pending.clear();
    }
  }
  servedAt = performance.now();
  isServing = false;
}

/**
 * Looks who need not wait any more, and tells them.
 *
 * @returns how many were told, and whether the reactor's thread comes back
 */
function settle(hold: number): { count: number; isReturning: boolean } {
  const waits = [...pending];
  const interests = waits.flatMap((wait) => wait.interests);
  const nearest = Math.min(...waits.map((wait) => wait.deadline));
  const { descriptor } = reactor;
  if (descriptor !== undefined) {
    interests.push({ fd: descriptor, events: POLLIN });
  }
  let ready: boolean[];
  try {
    const left = Math.max(0, nearest - performance.now());
    ready = ppoll(interests, Math.min(hold, left));
  } catch (error) {
    pending.clear();
    for (const { reject } of waits) reject(error);
    return { count: waits.length, isReturning: false };
  }
  const now = performance.now();
  let [next, count] = [0, 0];
  for (const wait of waits) {
    const own = ready.slice(next, next += wait.interests.length);
    if (!own.includes(true) && wait.deadline > now) continue;
    pending.delete(wait);
    wait.resolve(own);
    count++;
  }
  return { count, isReturning: ready[next] === true };
}

/** Hands waits over. */
function park(waits: Iterable<Pending>): void {
  for (const wait of waits) {
    try {
      reactor.park(wait);
      if (!wait.patient) parkedCount++;
    } catch (error) {
      wait.reject(error);
    }
  }
}

/** Those that come back from the reactor are looked at at once; who came for nothing waits again. */
function onReturn(waits: readonly Pending[], error?: unknown): void {
  servedSince = performance.now();
  for (const { patient } of waits) if (!patient) parkedCount--;
  if (error !== undefined) { for (const { reject } of waits) reject(error); }
  else if (waits.length > 0) {
    for (const wait of waits) pending.add(wait);
    settle(0);
    const patient = [...pending].filter((wait) => wait.patient);
    for (const wait of patient) pending.delete(wait);
    park(patient);
  }
  if (pending.size > 0 && !isServing) void serve();
}
