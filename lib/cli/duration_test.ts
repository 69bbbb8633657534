import { assertEquals } from "../deps/assert.ts";
import { parseDuration } from "./duration.ts";

Deno.test("parseDuration() reads what Go reads", () => {
  const cases: [string, number][] = [
    ["5s", 5000],
    ["500ms", 500],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["2h45m10.5s", 9_910_500],
    ["0", 0],
    ["0s", 0],
    [".5s", 500],
    ["1.s", 1000],
    ["-1s", -1000],
    ["+1s", 1000],
    ["250us", 0.25],
    ["250µs", 0.25],
    ["1000000ns", 1],
    ["3s2ms", 3002],
  ];
  for (const [text, ms] of cases) assertEquals(parseDuration(text), ms, text);
});

Deno.test("parseDuration() refuses what Go refuses", () => {
  for (
    const text of ["", "5", "s", "5 s", "5x", ".s", "1s5", "--1s", "1e3s", "5S"]
  ) assertEquals(parseDuration(text), undefined, text);
});
