import { assertEquals } from "../../deps/assert.ts";
import { keyed, keyedExact, numberIn } from "./fields.ts";

Deno.test("keyed() and keyedExact() take what a table may hold", () => {
  const text =
    "a 1\nnone\nbig 9223372036854771712\nmax max\nminus -3\n16digits 1234567890123456\nempty \nlast 7";
  const small = { a: 1, minus: -3, "16digits": 1234567890123456, last: 7 };
  const big = 9223372036854771712n;
  assertEquals(keyed(text), { ...small, big: Number(big), empty: 0 });
  assertEquals(keyedExact(text), { ...small, big, empty: 0 });
  assertEquals(["12\n", "12", " -5 \n", "9007199254740993\n"].map(numberIn), [
    12,
    12,
    -5,
    9007199254740992,
  ]);
  assertEquals(["max\n", "", "\n", "1 2\n", "0x1"].map(numberIn), [
    ...Array(5),
  ]);
});
