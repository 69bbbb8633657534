import { assertEquals } from "../deps/assert.ts";
import { jsonPointer, quote, show } from "./pointer.ts";

Deno.test("jsonPointer() escapes names as RFC 6901 says", () => {
  assertEquals(jsonPointer(), "");
  assertEquals(jsonPointer("a", 0, "b/c", "~1", ""), "/a/0/b~1c/~01/");
});

Deno.test("quote() escapes control characters and cuts long texts", () => {
  assertEquals(quote('a"\n\0'), '"a\\"\\n\\u0000"');
  assertEquals(quote("x".repeat(60)), `"${"x".repeat(60)}"`);
  assertEquals(quote("x".repeat(61)), `"${"x".repeat(60)}"…`);
});

Deno.test("show() writes simple values as they are and composite ones by kind", () => {
  assertEquals([1, -2n, true, null, "a", [], [1], {}, undefined].map(show), [
    "1",
    "-2",
    "true",
    "null",
    '"a"',
    "an empty array",
    "an array",
    "an object",
    "undefined",
  ]);
});
