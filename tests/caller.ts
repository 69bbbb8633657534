/**
 * Tests of callers: what a program such as Docker does with Debian's runc and with nsinit must be the same.
 *
 * Each case runs with both, and answers what it observed. One that fails with runc doesn't count; how many do is asserted,
 * so cases can't vanish. The lane `callers` prints the rows as a table: scripts/test_callers.ts.
 *
 * @module
 */
import { assertEquals } from "../lib/deps/assert.ts";
import {
  brief,
  briefError,
  type CallerNote,
  type CallerRow,
  callerTable,
  type Observation,
  parseReports,
} from "../scripts/caller_table.ts";
import { Box } from "./box.ts";
import { missing, NSINIT, which } from "./host.ts";

export type { Observation } from "../scripts/caller_table.ts";

/** An OCI runtime that a caller is told to use. */
export interface CallerRuntime {
  readonly name: "runc" | "nsinit";
  readonly path: string;
}

/** A caller that is ready: its daemon runs, its image is there. */
export interface CallerHost<Driver> {
  /** What a case works with; its containers are its own, for both runtimes are tried at the same time. */
  driver(runtime: CallerRuntime): Driver;
  /** Stops everything. What is left then, the box finds. */
  close(): Promise<void>;
}

/** One thing to do with a caller. */
export interface CallerCase<Driver> {
  /** A sentence or its beginning: `run gives back output and exit code`. */
  readonly name: string;
  /** Why it may fail with runc on some machines: then it counts on none. */
  readonly optional?: string;
  /** Does it, and answers what was to be seen. What must not differ is compared as a whole. */
  readonly run: (driver: Driver) => Promise<Observation>;
}

/** A caller and its cases. */
export interface Caller<Driver> {
  /** Such as `docker`. */
  readonly name: string;
  /** Programs without which its tests are skipped. */
  readonly programs: readonly string[];
  /** How many cases count, for runc succeeds in them; the optional ones apart. */
  readonly counting: number;
  /** Starts it on folders and sockets in the box alone, and with the box's mark on its cgroups and processes. */
  readonly open: (box: Box) => Promise<CallerHost<Driver>>;
  readonly cases: readonly CallerCase<Driver>[];
  /** What is timed: the medians are told, and nothing is asserted of them. */
  readonly timed: readonly CallerCase<Driver>[];
}

/** How often each runtime does what is timed. */
const ROUNDS = 7;

/** Registers the tests of a caller: one for each case, one for the times, one for the number of cases and what is left. */
export function callerTests<Driver>(caller: Caller<Driver>): void {
  const skip = ["runc", "busybox", ...caller.programs].map(missing)
    .find((reason) => reason !== undefined);
  const session = new Session(caller);
  const register = (name: string, fn: () => Promise<void>): void => {
    const full = `${caller.name}: ${name}, as with runc`;
    if (skip !== undefined) say(`SKIP ${full}: ${skip}`);
    Deno.test({ name: full, ignore: skip !== undefined, fn });
  };
  for (const one of caller.cases) {
    register(one.name, () => session.compare(one));
  }
  if (caller.timed.length > 0) register("takes time", () => session.time());
  register(
    `${caller.counting} cases count, and nothing is left`,
    () => session.end(),
  );
  // Also where a filter left the last test out.
  Deno.test.afterAll(async () => {
    await session.close();
  });
}

/** One life of the caller: it is started for the first case, and stopped behind the last. */
class Session<Driver> {
  readonly #caller: Caller<Driver>;
  readonly #runc: CallerRuntime;
  readonly #ours: CallerRuntime;
  #host: Promise<CallerHost<Driver>> | undefined;
  #box: Box | undefined;
  #ran = 0;
  #counting = 0;

  constructor(caller: Caller<Driver>) {
    this.#caller = caller;
    this.#runc = { name: "runc", path: which("runc") ?? "runc" };
    this.#ours = { name: "nsinit", path: NSINIT };
  }

  #open(): Promise<CallerHost<Driver>> {
    this.#box ??= new Box();
    return this.#host ??= this.#caller.open(this.#box);
  }

  /** Runs a case with both. */
  async compare(
    { name, run, optional }: CallerCase<Driver>,
  ): Promise<void> {
    const host = await this.#open();
    const [runc, ours] = await Promise.allSettled([
      run(host.driver(this.#runc)),
      run(host.driver(this.#ours)),
    ]);
    this.#ran++;
    const row = {
      caller: this.#caller.name,
      name,
      runc: briefOutcome(runc),
      ours: briefOutcome(ours),
    };
    if (runc.status === "rejected") {
      report({ ...row, verdict: "not counted" });
      say(`not counted, for it fails with runc: ${runc.reason}`);
      if (optional !== undefined) say(`this may be: ${optional}`);
      return;
    }
    if (optional === undefined) this.#counting++;
    let isSame = false;
    try {
      if (ours.status === "rejected") throw ours.reason;
      assertEquals(ours.value, runc.value, "with nsinit (-) and runc (+)");
      isSame = true;
    } finally {
      report({ ...row, verdict: isSame ? "same" : "DIFFERENT" });
    }
  }

  /** Times what is to be timed, in turns, for a machine's speed changes by the minute. */
  async time(): Promise<void> {
    const host = await this.#open();
    for (const { name, run } of this.#caller.timed) {
      const drivers = [this.#runc, this.#ours].map((one) => host.driver(one));
      const times: number[][] = drivers.map(() => []);
      // The first round finds files that no page cache has yet.
      for (let round = 0; round <= ROUNDS; round++) {
        for (const [index, driver] of drivers.entries()) {
          const start = performance.now();
          await run(driver);
          if (round > 0) times[index]?.push(performance.now() - start);
        }
      }
      const [runc = NaN, ours = NaN] = times.map(median);
      const ratio = (ours / runc).toFixed(2);
      const note = `${name}: ${runc.toFixed(0)} ms with runc, ${
        ours.toFixed(0)
      } ms with nsinit (${ratio}; medians of ${ROUNDS}, in turns)`;
      report({ note });
    }
  }

  /** Asserts the number of cases, and that nothing is left. */
  async end(): Promise<void> {
    const remains = await this.close();
    if (Deno.env.get("NSINIT_CALLER_ROWS") === undefined) {
      say(callerTable(own.rows, own.notes));
    }
    assertEquals(remains, []);
    // A filter leaves cases out.
    if (this.#ran < this.#caller.cases.length) return;
    assertEquals(this.#counting, this.#caller.counting, "cases that count");
  }

  /** Stops the caller, if it runs; answers what it left. */
  async close(): Promise<string[]> {
    const box = this.#box;
    const host = this.#host;
    this.#box = undefined;
    this.#host = undefined;
    if (box === undefined) return [];
    const remains: string[] = [];
    try {
      await (await host)?.close();
    } catch (error) {
      remains.push(`an unfinished end: ${error}`);
    }
    return [...remains, ...await box.close()];
  }
}

function briefOutcome(outcome: PromiseSettledResult<Observation>): string {
  return outcome.status === "fulfilled"
    ? brief(outcome.value)
    : briefError(outcome.reason);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** What this process reported, for a file that is run by itself. */
const own = parseReports("");

function report(line: CallerRow | CallerNote): void {
  const file = Deno.env.get("NSINIT_CALLER_ROWS");
  if (file === undefined) {
    if ("note" in line) own.notes.push(line);
    else own.rows.push(line);
    return;
  }
  Deno.writeTextFileSync(file, `${JSON.stringify(line)}\n`, { append: true });
}

/** Writes past the runner, which would indent it. */
function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
