import { assertEquals } from "../lib/deps/assert.ts";
import { measureInTurns, median } from "./bench_rounds.ts";

Deno.test("median() is the middle number, or the mean of the two in the middle", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 3]), 2.5);
  assertEquals(median([]), NaN);
});

Deno.test("measureInTurns() gives each subject a few runs in turn, all of them in the end", async () => {
  const order: string[] = [];
  function subject(name: string, ms: number) {
    return {
      name,
      run(count: number): Promise<number[]> {
        order.push(`${name}${count}`);
        return Promise.resolve(Array(count).fill(ms));
      },
    };
  }
  const [a, b] = await measureInTurns([subject("a", 2), subject("b", 4)], 7);
  assertEquals(order, ["a5", "b5", "a2", "b2"]);
  assertEquals([a!.runs, a!.medianMs, a!.sigmaMs], [7, 2, 0]);
  assertEquals([b!.meanMs, b!.minMs], [4, 4]);
});

Deno.test("measureInTurns() tells why a subject failed, and goes on with the others", async () => {
  let runs = 0;
  const [bad, good] = await measureInTurns([
    {
      name: "bad",
      run: () => Promise.reject(new Error(`first line\nfailed ${++runs}\n`)),
    },
    { name: "good", run: (count) => Promise.resolve(Array(count).fill(1)) },
  ], 10);
  assertEquals([bad!.error, runs], ["failed 1", 1]);
  assertEquals([good!.runs, good!.error], [10, undefined]);
});
