import { assertEquals } from "../lib/deps/assert.ts";
import { smallest } from "./bench_floor.ts";

Deno.test("smallest() finds the limit, whatever it is, and asks for few", async () => {
  for (let limit = 1; limit <= 1000; limit += 37) {
    const asked: number[] = [];
    const found = await smallest(
      (size) => {
        asked.push(size);
        return Promise.resolve(size >= limit * 16);
      },
      16,
      1000 * 16,
    );
    assertEquals(found, limit * 16);
    assertEquals(asked.length < 25, true, `${asked}`);
  }
});

Deno.test("smallest() gives nothing where the largest does not work", async () => {
  assertEquals(
    await smallest(() => Promise.resolve(false), 16, 160),
    undefined,
  );
});
