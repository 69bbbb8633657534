/**
 * Waiting for descriptors, and for a time.
 *
 * A wait begins on this thread, which is held for a moment: most are short, and to hand one over to another thread
 * costs some 0.1 ms. All that have begun are looked at together. What takes longer goes to the {@linkcode Reactor}.
 *
 * @module
 */
import { POLLIN, POLLOUT, POLLPRI } from "./abi/poll.ts";
import type { Fd } from "./fd.ts";
import { type Interest, ppoll } from "./ppoll.ts";
import { Reactor, type Wait } from "./reactor.ts";
import { turns } from "./turn.ts";

/** How long this thread may be held for a wait, if nobody else waits: init's longest piece of work takes 1 to 1.5 ms. */
const HOLD_MS = 2;
/** With company, that has work for this thread sooner or later, only as long as a hand-over costs. */
const HOLD_IN_COMPANY_MS = 0.1;

/** A wait of one of the functions below. */
interface Pending extends Wait {
  /** Whether this thread is not to be held for it. */
  readonly patient: boolean;
  /** Whether it is no company for others once it is parked. */
  readonly lasting: boolean;
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
  /**
   * For what may take days: nobody who waits meanwhile expects this thread to be wanted for it.
   *
   * @default {false}
   */
  readonly lasting?: boolean;
}

/** Who waits on this thread. */
const pending = new Set<Pending>();
const reactor = new Reactor<Pending>(onReturn);
/** Waits that are parked and whose end will be a piece of work. */
let parkedCount = 0;
let isServing = false;

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

/** What {@linkcode waitForNews} waits for. */
export interface News {
  readonly fd: Fd;
  /** `input`: as {@linkcode waitReadable}; `change`: a file of the kernel's has changed (POLLPRI), or is gone. */
  readonly kind: "input" | "change";
}

/**
 * Waits patiently for what may never come: the next event of a cgroup. A file that has changed since it was last read
 * is news; a pressure trigger that has fired is news once.
 *
 * @param timeoutMs how long at most; negative: for ever
 * @returns for each whether there is news; all false when the time is up
 * @throws {SyscallError}
 */
export async function waitForNews(
  news: readonly News[],
  timeoutMs = -1,
): Promise<boolean[]> {
  const interests = news.map(({ fd, kind }): Interest =>
    kind === "input"
      ? { fd, events: POLLIN }
      : { fd, events: POLLPRI, once: true }
  );
  // epoll_ctl(2) asks as well, and would keep the answer for itself.
  const now = ppoll(interests, 0);
  if (timeoutMs === 0 || now.includes(true)) return now;
  return await begin(interests, timeoutMs, { patient: true });
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
  options: WaitOptions,
): Promise<boolean[]> {
  for (const fd of fds) void fd.number; // throws if it is closed
  const interests = fds.map((fd) => ({ fd, events }));
  if (timeoutMs === 0) return ppoll(interests, 0);
  return await begin(interests, timeoutMs, options);
}

async function begin(
  interests: readonly Interest[],
  timeoutMs: number,
  { patient = false, lasting = false }: WaitOptions,
): Promise<boolean[]> {
  const deadline = timeoutMs < 0 ? Infinity : performance.now() + timeoutMs;
  return await new Promise((resolve, reject) => {
    const wait = { interests, deadline, patient, lasting, resolve, reject };
    if (patient) park([wait]);
    else {
      pending.add(wait);
      if (!isServing) void serve();
    }
  });
}

/** Serves all who wait on this thread, as long as this turn of the event loop may last. */
async function serve(): Promise<void> {
  isServing = true;
  while (pending.size > 0) {
    await turns.letGoOn();
    const left = turns.left;
    if (left <= 0) {
      // A turn of its own would be an operation that outlives who waits.
      parkIf(() => true);
      break;
    }
    const isAlone = pending.size === 1 && parkedCount === 0;
    const hold = isAlone ? HOLD_MS : HOLD_IN_COMPANY_MS;
    const { ready, isReturning } = look(Math.min(hold, left));
    for (const [wait, own] of ready) {
      if (turns.left <= 0) break;
      pending.delete(wait);
      wait.resolve(own);
      await turns.letGoOn();
    }
    // It may have been back by now, with nobody left to wait for.
    if (isReturning && reactor.descriptor !== undefined) {
      reactor.interrupt(); // what made it readable may be gone again
      parkIf(() => true);
      break;
    }
    parkIf(({ patient }) => patient || ready.length === 0);
  }
  isServing = false;
}

/** Looks who need not wait any more, and whether the reactor's thread comes back. */
function look(
  hold: number,
): { ready: [wait: Pending, own: boolean[]][]; isReturning: boolean } {
  const waits = [...pending];
  const interests = waits.flatMap((wait) => wait.interests);
  const nearest = Math.min(...waits.map((wait) => wait.deadline));
  const { descriptor } = reactor;
  if (descriptor !== undefined) {
    interests.push({ fd: descriptor, events: POLLIN });
  }
  let found: boolean[];
  try {
    const left = Math.max(0, nearest - performance.now());
    found = ppoll(interests, Math.min(hold, left));
  } catch (error) {
    pending.clear();
    for (const { reject } of waits) reject(error);
    return { ready: [], isReturning: false };
  }
  const now = performance.now();
  const ready: [Pending, boolean[]][] = [];
  let next = 0;
  for (const wait of waits) {
    const own = found.slice(next, next += wait.interests.length);
    if (own.includes(true) || wait.deadline <= now) ready.push([wait, own]);
  }
  return { ready, isReturning: found[next] === true };
}

/** Hands waits over that nobody has been told of. */
function parkIf(condition: (wait: Pending) => boolean): void {
  const waits = [...pending].filter(condition);
  for (const wait of waits) pending.delete(wait);
  park(waits);
}

/** Whether this thread is going to be wanted for it soon. */
function isCompany({ patient, lasting }: Pending): boolean {
  return !patient && !lasting;
}

/** Hands waits over. */
function park(waits: Iterable<Pending>): void {
  for (const wait of waits) {
    try {
      reactor.park(wait);
      if (isCompany(wait)) parkedCount++;
    } catch (error) {
      wait.reject(error);
    }
  }
}

/** Those that come back from the reactor are looked at; who came for nothing waits again. */
function onReturn(waits: readonly Pending[], error?: unknown): void {
  turns.begin();
  for (const wait of waits) if (isCompany(wait)) parkedCount--;
  if (error === undefined) { for (const wait of waits) pending.add(wait); }
  else for (const { reject } of waits) reject(error);
  if (pending.size > 0 && !isServing) void serve();
}
