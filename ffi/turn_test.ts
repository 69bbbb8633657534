import { assertEquals } from "../lib/deps/assert.ts";
import { Turns, turns } from "./turn.ts";

/** Turns by a clock that only {@linkcode work} and rounds move. */
class Bench {
  now = 0;
  rounds = 0;
  readonly turns: Turns = new Turns(() => this.now, () => {
    this.rounds++;
    this.now += 0.1;
    return Promise.resolve();
  });

  /** Somebody's piece of work. */
  async work(ms: number): Promise<number> {
    await this.turns.take();
    this.now += ms;
    return this.rounds;
  }
}

Deno.test("left goes down as a turn lasts, and is whole in the next one", async () => {
  const bench = new Bench();
  bench.turns.begin();
  assertEquals(bench.turns.left, 3);
  bench.now += 4;
  assertEquals(bench.turns.left, -1);
  await bench.turns.next();
  assertEquals([bench.turns.left, bench.rounds], [3, 1]);
});

Deno.test("take() does not wait in a young turn", async () => {
  const bench = new Bench();
  bench.turns.begin();
  for (let i = 0; i < 3; i++) await bench.work(0.9);
  assertEquals(bench.rounds, 0);
});

Deno.test("take() waits for another turn when this one has lasted long enough, and when nobody knows", async () => {
  const bench = new Bench();
  await bench.work(4);
  assertEquals(bench.rounds, 1);
  await bench.work(1);
  assertEquals(bench.rounds, 2);
});

Deno.test("take() lets one begin after the other, in turns of their own if they are slow", async () => {
  const bench = new Bench();
  const began = await Promise.all([4, 4, 4, 1, 1].map((ms) => bench.work(ms)));
  assertEquals(began, [1, 2, 3, 4, 4]);
});

Deno.test("take() looks at the time before each, though all have come at once in a young turn", async () => {
  const bench = new Bench();
  bench.turns.begin();
  const began = await Promise.all([1, 1, 1, 1, 1].map((ms) => bench.work(ms)));
  assertEquals(began, [0, 0, 0, 1, 1]);
});

Deno.test("take() lets others begin when somebody's piece has failed", async () => {
  const bench = new Bench();
  async function fail(): Promise<void> {
    await bench.turns.take();
    bench.now += 4;
    throw new Error("failed");
  }
  const ends = await Promise.allSettled([fail(), fail(), bench.work(1)]);
  assertEquals(ends.map(({ status }) => status), [
    "rejected",
    "rejected",
    "fulfilled",
  ]);
  assertEquals(bench.rounds, 3);
});

Deno.test("the program's own turns let its timers run", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  for (let tries = 0; tries < 10_000 && ticks < 3; tries++) await turns.next();
  clearInterval(timer);
  assertEquals(ticks >= 3, true);
});
