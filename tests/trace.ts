/**
 * Follows a strace of a container's init through the program that `plan`
 * printed: each call must be the one that the program makes next, given how
 * the calls before it ended.
 *
 * @module
 */

/** One step of `plan --format json`. */
export interface PlanStep {
  step: number;
  name: string;
  pointer?: string;
  syscall: string;
  args: string[];
  onError?: {
    do: "continue" | "jump" | "retry";
    errnos: string[];
    to?: number;
    times?: number;
  };
}

/** One system call that strace saw. */
export interface Call {
  name: string;
  /** Its operands and result, as strace writes them. */
  text: string;
  /** Whether the text shows strings and structures, not only numbers. */
  decoded: boolean;
  /** The errno's name if it failed. */
  errno: string | undefined;
  /** What it returned, if that was a number. */
  result: number;
}

/** System calls that an older strace knows by number alone; these numbers are the same everywhere. */
const NUMBERED: ReadonlyMap<number, string> = new Map([
  [452, "fchmodat2"],
  [457, "statmount"],
  [467, "open_tree_attr"],
]);

/** Operations of a program that are no system call. */
const PSEUDO = ["STORE", "TEST", "RETURN"];

/** Parses one process's file of `strace -ff`. Signals and calls that a signal cut short are left out. */
export function parseTrace(text: string): Call[] {
  const calls: Call[] = [];
  for (const line of text.split("\n")) {
    const [, name, rest] = line.match(/^(\w+)(\(.*)$/) ?? [];
    if (name === undefined || rest === undefined) continue;
    const [, number] = name.match(/^syscall_(0x[0-9a-f]+)$/) ?? [];
    const [, result = ""] = rest.match(/\) += (.*)$/) ?? [];
    if (/^\? ERESTART/.test(result)) continue;
    calls.push({
      name: NUMBERED.get(Number(number)) ?? name,
      text: rest,
      decoded: number === undefined,
      errno: result.match(/^-1 (\w+)/)?.[1],
      result: Number(result.split(" ")[0]),
    });
  }
  return calls;
}

/** A set of places that the program may be at: a TEST's outcome can't be seen from outside. */
export type Places = Set<number>;

/** Goes on from each place over what is no system call. */
export function settle(plan: PlanStep[], from: Iterable<number>): Places {
  const places: Places = new Set();
  const open = [...from];
  const seen = new Set<number>();
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const step = plan[at];
    if (step === undefined || !PSEUDO.includes(step.syscall)) {
      places.add(at);
      continue;
    }
    open.push(at + 1);
    const { onError } = step;
    if (step.syscall === "TEST" && onError?.to !== undefined) {
      open.push(onError.to);
    }
  }
  return places;
}

/** Places after one call, made at one of the places before it; empty if the program does not make it there. */
export function advance(plan: PlanStep[], before: Places, call: Call): Places {
  const after: number[] = [];
  for (const at of before) {
    const step = plan[at];
    if (step === undefined || !isCallOf(step, call)) continue;
    after.push(...following(step, at, call.errno));
  }
  return settle(plan, after);
}

function isCallOf(step: PlanStep, call: Call): boolean {
  if (step.syscall !== call.name) return false;
  if (!call.decoded) return true;
  const strings = step.args.filter((arg) => arg.startsWith('"'));
  return strings.every((string) => call.text.includes(string));
}

function following(
  { onError }: PlanStep,
  at: number,
  errno: string | undefined,
): number[] {
  if (errno === undefined) return [at + 1];
  const applies = onError !== undefined &&
    (onError.errnos.length === 0 || onError.errnos.includes(errno));
  if (!applies) return [];
  if (onError.do === "jump") return [onError.to ?? at];
  return [onError.do === "retry" ? at : at + 1];
}

/** Calls that a JavaScript engine makes at any time. */
const ENGINE: ReadonlySet<string> = new Set(
  "brk futex getpid gettid madvise mmap mprotect munmap".split(" "),
);

/**
 * Takes out of a re-executed init's trace what happens between the two halves
 * of its program: it writes the program into a file, executes another program
 * with it, and that one gets ready, which it says to its parent.
 *
 * @returns the calls, and the number of those that machine code made before
 */
export function withoutReexecution(
  calls: Call[],
): { calls: Call[]; machine: number } {
  const executed = calls.findIndex(({ name, errno }) =>
    name === "execveat" && errno === undefined
  );
  const mapped = calls.findIndex(({ name, text }, n) =>
    n > executed && name === "mmap" && text.includes("MAP_FIXED_NOREPLACE, 7,")
  );
  const said = calls.findIndex(({ name }, n) => n > mapped && name === "write");
  if (executed < 1 || mapped < 0 || said < 0) {
    return { calls, machine: calls.length };
  }
  const before = calls.slice(0, executed - 1);
  return {
    calls: [...before, ...calls.slice(said + 1)],
    machine: before.length,
  };
}

/**
 * Follows one process from the places given until the plan's `execve`
 * succeeds, or to the end of its calls. Behind the first `machine` calls an
 * engine may make its own in between.
 *
 * @returns places at the end, and for each process it made the places there
 */
export function follow(
  plan: PlanStep[],
  calls: Call[],
  start: Places,
  machine: number = calls.length,
): { executed: boolean; children: Map<number, Places> } {
  const children = new Map<number, Places>();
  let places = start;
  for (const [n, call] of calls.entries()) {
    if (/^exit(_group)?$/.test(call.name)) break;
    const next = advance(plan, places, call);
    if (next.size === 0 && n >= machine && ENGINE.has(call.name)) continue;
    if (next.size === 0) {
      const expected = [...places].map((at) => {
        const step = plan[at];
        return `${at} ${step?.syscall}(${
          step?.args.join(", ")
        }) "${step?.name}"`;
      });
      throw new Error(
        `Call ${n}, ${call.name}${call.text}, is not in the plan, which has: ${
          expected.join(" or ")
        }`,
      );
    }
    places = next;
    if (/^(clone3?|vfork|fork)$/.test(call.name) && call.result > 0) {
      children.set(call.result, next);
    }
    if (/^execve(at)?$/.test(call.name) && call.errno === undefined) {
      return { executed: true, children };
    }
  }
  return { executed: false, children };
}
