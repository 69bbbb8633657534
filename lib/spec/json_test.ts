import { assertEquals, assertThrows } from "../deps/assert.ts";
import { JsonSyntaxError, parseJson, stringifyJson } from "./json.ts";

Deno.test("parseJson() keeps every digit of integers beyond 2^53 as bigint", () => {
  const text =
    '{"a":18446744073709551615,"b":-9223372036854775808,"c":[9007199254740993]}';
  assertEquals(parseJson(text), {
    a: 18446744073709551615n,
    b: -9223372036854775808n,
    c: [9007199254740993n],
  });
});

Deno.test("parseJson() leaves exact integers as numbers, long texts included", () => {
  assertEquals(
    parseJson('{"a":9007199254740991,"b":1,"c":"1234567890123456789"}'),
    {
      a: 9007199254740991,
      b: 1,
      c: "1234567890123456789",
    },
  );
});

Deno.test("parseJson() does not turn fractions, powers or absurdly long integers into bigints", () => {
  const long = "9".repeat(400);
  assertEquals(parseJson(`[1.5e300, 12345678901234567890.5, ${long}]`), [
    1.5e300,
    12345678901234567890.5,
    Infinity,
  ]);
});

Deno.test("parseJson() tells line and column of a mistake", () => {
  const error = assertThrows(
    () => parseJson('{\n "a": 1234567890123456789,\n}'),
    JsonSyntaxError,
  );
  assertEquals([error.line, error.column], [3, 1]);
  assertEquals(
    error.message,
    'line 3, column 1: expected a name in double quotes, found "}"',
  );
});

Deno.test("stringifyJson() writes bigints as numbers that parseJson() reads back", () => {
  const value = {
    a: 18446744073709551615n,
    b: [1, "x"],
    c: -9223372036854775808n,
  };
  const text = stringifyJson(value);
  assertEquals(
    text,
    '{"a":18446744073709551615,"b":[1,"x"],"c":-9223372036854775808}',
  );
  assertEquals(parseJson(text), value);
  assertEquals(stringifyJson({ a: 1 }, "\t"), '{\n\t"a": 1\n}');
});
