import { assertEquals, assertGreaterOrEqual } from "../deps/assert.ts";
import { takeTurn } from "./turns.ts";

function loop(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Works without a pause, as far as the event loop can see. */
async function work(done: () => void): Promise<void> {
  using _turn = await takeTurn();
  for (let i = 0; i < 50; i++) await Promise.resolve();
  done();
}

Deno.test("takeTurn() does not wait when nobody else works", async () => {
  let ticks = 0;
  const timer = setTimeout(() => ticks++, 0);
  await work(() => {});
  await work(() => {});
  assertEquals(ticks, 0);
  clearTimeout(timer);
});

Deno.test("takeTurn() lets timers run between those who work at once", async () => {
  const seen: string[] = [];
  const timer = setInterval(() => seen.push("tick"), 0);
  await Promise.all([1, 2, 3, 4].map((n) => work(() => seen.push(`${n}`))));
  await loop(2);
  clearInterval(timer);
  const [one, two, three, four] = ["1", "2", "3", "4"].map((n) =>
    seen.indexOf(n)
  );
  assertEquals(seen.filter((what) => what !== "tick"), ["1", "2", "3", "4"]);
  assertGreaterOrEqual(three! - two!, 2);
  assertGreaterOrEqual(four! - three!, 2);
  assertEquals(one, 0);
});

Deno.test("takeTurn() ends a turn also when the work fails", async () => {
  async function fail(): Promise<void> {
    using _turn = await takeTurn();
    throw new Error("failed");
  }
  await Promise.allSettled([fail(), fail()]);
  let ticks = 0;
  const timer = setTimeout(() => ticks++, 0);
  await work(() => {});
  assertEquals(ticks, 0);
  clearTimeout(timer);
});
