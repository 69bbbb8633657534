/**
 * A program that starts many containers through the library, and measures what that does to it: `bench.ts` starts it.
 *
 * @module
 */
import { parseArgs } from "../lib/deps/parse_args.ts";
import { type Container, Factory, loadSpec } from "../mod.ts";
import { type LifeOptions, liveMany, populate } from "./bench_life.ts";
import { median } from "./bench_rounds.ts";
import { EventLoopWatch, type LongestTurn } from "./event_loop.ts";

/** Starts with a number of containers alive. */
export interface Crowd {
  readonly alive: number;
  /** Median of one start, all of it, in ms. */
  readonly medianMs: number;
  /** Of this program. */
  readonly threads: number;
  /** Of this program, in kB. */
  readonly rssKb: number;
  /** Median of reading the statistics of all that live, in ms. */
  readonly statsMs: number;
}

/** What the program prints. */
export interface CrowdResult {
  /** How many containers a row had. */
  readonly count: number;
  /** Time of the row by the number of containers in it, in ms. */
  readonly oneByOneMs: number;
  readonly sixteenMs: number;
  /** The event loop while one, and 16 at a time are started. */
  readonly oneByOneTurn: LongestTurn;
  readonly sixteenTurn: LongestTurn;
  /** In the order in which it was measured. */
  readonly crowds: readonly Crowd[];
}

function statusNumber(name: string): number {
  const text = Deno.readTextFileSync("/proc/self/status");
  return Number(text.match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))?.[1]);
}

async function perContainer(
  options: LifeOptions,
  count: number,
  width: number,
): Promise<number> {
  const began = performance.now();
  await liveMany(options, count, width);
  return (performance.now() - began) / count;
}

async function longestTurn(
  options: LifeOptions,
  count: number,
  width: number,
): Promise<LongestTurn> {
  const watch = new EventLoopWatch();
  try {
    await liveMany(options, count, width);
  } finally {
    watch.stop();
  }
  return watch.longest;
}

/** How often the statistics are read, after as many rounds to warm up. */
const STATS_ROUNDS = 20;

/** Reads the statistics of all, one after the other; the median, in ms. */
async function measureStats(alive: readonly Container[]): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 2 * STATS_ROUNDS; round++) {
    const began = performance.now();
    for (const container of alive) await container.stats();
    times.push(performance.now() - began);
  }
  return median(times.slice(STATS_ROUNDS));
}

async function measureCrowds(
  options: LifeOptions,
  sizes: readonly number[],
  count: number,
): Promise<Crowd[]> {
  const alive: Container[] = [];
  const crowds: Crowd[] = [];
  async function measure(): Promise<void> {
    await liveMany(options, Math.ceil(count / 5));
    crowds.push({
      alive: alive.length,
      medianMs: median(await liveMany(options, count)),
      threads: statusNumber("Threads"),
      rssKb: statusNumber("VmRSS"),
      statsMs: await measureStats(alive),
    });
  }
  try {
    for (const size of sizes) {
      alive.push(...await populate(options, alive.length, size));
      await measure();
    }
  } finally {
    for (const container of alive.splice(0)) {
      await container.destroy({ force: true });
    }
  }
  await measure();
  return crowds;
}

async function main(): Promise<void> {
  const { root = "", bundle = "", ...numbers } = parseArgs(Deno.args, {
    string: ["root", "bundle", "count", "crowds"],
  });
  const count = Number(numbers.count);
  const factory = await Factory.open(root);
  const options = { factory, bundle, spec: loadSpec(bundle).spec };
  for (const width of [1, 16]) await liveMany(options, 150, width); // warm
  const result: CrowdResult = {
    count,
    oneByOneMs: await perContainer(options, count, 1),
    sixteenMs: await perContainer(options, count, 16),
    oneByOneTurn: await longestTurn(options, count, 1),
    sixteenTurn: await longestTurn(options, count, 16),
    crowds: await measureCrowds(
      options,
      (numbers.crowds ?? "").split(",").map(Number),
      Math.ceil(count / 4),
    ),
  };
  console.log(JSON.stringify(result));
}

if (import.meta.main) {
  await main();
  Deno.exit(0);
}
