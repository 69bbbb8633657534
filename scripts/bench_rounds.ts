/**
 * Measures several subjects in turns, a few runs of each a round: the speed of a machine that others use as well changes
 * from minute to minute, and so it changes for all alike.
 *
 * @module
 */

/** What is measured. */
export interface Subject {
  readonly name: string;
  /** Runs it; answers how long each run took, in ms. */
  readonly run: (count: number) => Promise<readonly number[]>;
}

/** The result for one subject. */
export interface Measure {
  readonly name: string;
  /** How many runs. */
  readonly runs: number;
  readonly medianMs: number;
  readonly meanMs: number;
  readonly sigmaMs: number;
  readonly minMs: number;
  /** Why there is no result. */
  readonly error?: string;
}

/** How many runs of a subject follow each other. */
const TURN = 5;

/** Runs each subject `runs` times. One that fails is left out from then on. */
export async function measureInTurns(
  subjects: readonly Subject[],
  runs: number,
): Promise<Measure[]> {
  const times = subjects.map((): number[] => []);
  const errors = new Map<number, string>();
  for (let done = 0; done < runs; done += TURN) {
    for (const [i, { run }] of subjects.entries()) {
      if (errors.has(i)) continue;
      try {
        times[i]!.push(...await run(Math.min(TURN, runs - done)));
      } catch (error) {
        const { message } = error as Error;
        errors.set(i, message.trim().split("\n").at(-1) ?? "");
      }
    }
  }
  return subjects.map(({ name }, i) => {
    const error = errors.get(i);
    const result = { name, ...summary(times[i]!) };
    return error === undefined ? result : { ...result, error };
  });
}

/** The middle of some numbers; NaN if there are none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [Math.ceil(half) - 1, Math.floor(half)];
  return ((sorted[low] ?? NaN) + (sorted[high] ?? NaN)) / 2;
}

function summary(times: readonly number[]): Omit<Measure, "name"> {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const square = times.reduce((sum, time) => sum + (time - mean) ** 2, 0);
  return {
    runs: times.length,
    medianMs: median(times),
    meanMs: mean,
    sigmaMs: Math.sqrt(square / Math.max(1, times.length - 1)),
    minMs: Math.min(...times),
  };
}
