/**
 * Reads what `perf trace` prints, and sums up system calls by phase.
 *
 * @module
 */
import { PHASES } from "./bench_life.ts";
import { MARK } from "./bench_library.ts";

/** A finished system call. */
export interface Call {
  readonly startMs: number;
  readonly durationMs: number;
  readonly comm: string;
  readonly thread: number;
  readonly name: string;
  /** Its arguments, as printed. */
  readonly args: string;
}

/** `perf trace` sometimes subtracts the wrong way round, and prints nearly 2⁶⁴ ns. */
const GLITCH_MS = 1e9;

const LINE = /^\s*([\d.]+) \(\s*(?:([\d.]+) ms)?\s*\): (.*?)\/(\d+)\s+(.*)$/;

/** The calls, in the order of their beginning. One that never ended has no place in a sum. */
export function parseTrace(text: string): Call[] {
  const open = new Map<string, string>();
  const calls: Call[] = [];
  for (const line of text.split("\n")) {
    const [, start, duration, comm = "", thread = "", rest = ""] =
      line.match(LINE) ?? [];
    if (start === undefined) continue;
    const again = rest.match(/^\.\.\. \[continued\]: (\w+)\(\)/);
    const [, name = "", args = ""] = again ?? rest.match(/^(\w+)\((.*)/) ?? [];
    const key = `${thread} ${name}`;
    if (duration === undefined) {
      open.set(key, args);
      continue;
    }
    if (Number(duration) > GLITCH_MS) continue;
    calls.push({
      startMs: Number(start),
      durationMs: Number(duration),
      comm,
      thread: Number(thread),
      name,
      args: (again ? open.get(key) ?? "" : args)
        .replace(/\)\s+(=.*|\.\.\.)?$/, ""),
    });
  }
  return calls.sort((a, b) => a.startMs - b.startMs);
}

/** The phase that begins with this call, if it is one of our marks. */
function markedPhase({ name, args }: Call): number | undefined {
  const offset = Number(args.match(/offset: (\d+)/)?.[1]);
  if (name !== "lseek" || !(offset >= MARK)) return undefined;
  return offset - MARK;
}

/** Calls in which a program does nothing but wait. */
const WAITS: readonly string[] = [
  "ppoll",
  "poll",
  "epoll_wait",
  "epoll_pwait",
  "epoll_pwait2",
  "futex",
];

/** A phase of the average container, as the main thread sees it. */
export interface PhaseTime {
  readonly phase: string;
  readonly wallMs: number;
  /** Waiting in poll, epoll and futex. */
  readonly waitMs: number;
  /** In other system calls. */
  readonly kernelMs: number;
  readonly calls: number;
  /** The calls that took longest, by name. */
  readonly top: readonly (readonly [string, number])[];
}

/** Sums the main thread's calls up: it is the one that makes the marks. */
export function phaseTimes(calls: readonly Call[]): PhaseTime[] {
  const main = calls.find((call) => markedPhase(call) !== undefined)?.thread;
  const sums = PHASES.map(() => ({ wall: 0, calls: [] as Call[] }));
  let phase: number = PHASES.length;
  let began = 0;
  let containers = 0;
  for (const call of calls) {
    if (call.thread !== main) continue;
    const marked = markedPhase(call);
    if (marked !== undefined) {
      const ended = sums[phase];
      if (ended) ended.wall += call.startMs - began;
      if (marked === 0) containers++;
      [phase, began] = [marked, call.startMs + call.durationMs];
    } else sums[phase]?.calls.push(call);
  }
  return sums.map(({ wall, calls }, i) => {
    const total = (some: readonly Call[]) =>
      some.reduce((sum, { durationMs }) => sum + durationMs, 0) / containers;
    const wait = calls.filter(({ name }) => WAITS.includes(name));
    const top = groupByName(calls, ({ name }) => name, containers);
    return {
      phase: PHASES[i]!,
      wallMs: wall / containers,
      waitMs: total(wait),
      kernelMs: total(calls) - total(wait),
      calls: calls.length / containers,
      top: top.slice(0, 5),
    };
  });
}

/** A step of init, averaged. */
export interface InitTimes {
  /** From its first call to its `exit_group`. */
  readonly lifeMs: number;
  readonly calls: number;
  /** The calls that took longest, with their arguments but for pointers. */
  readonly top: readonly (readonly [string, number])[];
}

/** Sums up the calls of init, from its start to the end of the container's program, over the measured containers. */
export function initTimes(calls: readonly Call[]): InitTimes {
  const first = calls.find((call) => markedPhase(call) === 0);
  const ours = calls.filter(({ comm, startMs }) =>
    startMs > (first?.startMs ?? 0) && (comm === "nsinit" || comm === "true")
  );
  const lives = Map.groupBy(ours, ({ thread }) => thread);
  for (const [thread, some] of lives) {
    // perf has lost the beginning
    if (!some.some(({ comm }) => comm === "nsinit")) lives.delete(thread);
  }
  let life = 0;
  for (const some of lives.values()) {
    const last = some.at(-1)!;
    life += last.startMs + last.durationMs - some[0]!.startMs;
  }
  const whole = [...lives.values()].flat();
  const label = ({ name, args }: Call): string => {
    const words = args.split(", ").filter((word) =>
      !/0x|^(fd|dfd|pid|arg2|from_dfd|to_dfd):/.test(word)
    );
    return `${name}(${words.join(", ")})`;
  };
  return {
    lifeMs: life / lives.size,
    calls: whole.length / lives.size,
    top: groupByName(whole, label, lives.size).slice(0, 25),
  };
}

function groupByName(
  calls: readonly Call[],
  label: (call: Call) => string,
  divisor: number,
): [string, number][] {
  return [...Map.groupBy(calls, label)].map((
    [name, some],
  ): [string, number] => [
    `${name} ×${Number((some.length / divisor).toFixed(1))}`,
    some.reduce((sum, { durationMs }) => sum + durationMs, 0) / divisor,
  ]).sort((a, b) => b[1] - a[1]);
}
