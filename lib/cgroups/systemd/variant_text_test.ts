import { assertEquals, assertThrows } from "../../deps/assert.ts";
import { RuntimeError } from "../../errors.ts";
import { parseVariant } from "./variant_text.ts";

Deno.test("parseVariant() reads values with their types", () => {
  const cases: [text: string, signature: string, value: unknown][] = [
    ["true", "b", true],
    [" false ", "b", false],
    ["5", "i", 5],
    ["-0x10", "i", -16],
    ["010", "i", 8],
    ["1.5", "d", 1.5],
    ["2e3", "d", 2000],
    ["uint64 18446744073709551615", "t", 18446744073709551615n],
    ["@t 7", "t", 7n],
    ["int64 -1", "x", -1n],
    ["uint32 4294967295", "u", 4294967295],
    ["byte 0xff", "y", 255],
    ["double 3", "d", 3],
    ["'inactive-or-failed'", "s", "inactive-or-failed"],
    [`"a\\tb\\u00e9\\"c'd"`, "s", "a\tb\u00e9\"c'd"],
    ["objectpath '/a/b'", "o", "/a/b"],
    ["b'ab'", "ay", [97, 98, 0]],
    ["[1, 2,3]", "ai", [1, 2, 3]],
    ["[byte 1, 2]", "ay", [1, 2]],
    ["@as []", "as", []],
    ["@ay [1, 2]", "ay", [1, 2]],
    ["('a', true)", "(sb)", ["a", true]],
    ["('a',)", "(s)", ["a"]],
    ["[('/dev/null', 'rw')]", "a(ss)", [["/dev/null", "rw"]]],
    ["@a(st) [('/dev/sda', 5)]", "a(st)", [["/dev/sda", 5n]]],
    ["[['a'], ['b']]", "aas", [["a"], ["b"]]],
  ];
  for (const [text, signature, value] of cases) {
    assertEquals(parseVariant(text), { signature, value } as never, text);
  }
});

Deno.test("parseVariant() refuses what is no value, and says why", () => {
  const cases: [text: string, problem: string][] = [
    ["", "it ends too early"],
    ["infinity", "unexpected infinity"],
    ["'open", "unexpected 'open"],
    ["5 6", "unexpected 6"],
    ["'it''s'", "unexpected 's'"],
    ["[1 2]", "unexpected 2]"],
    ["[1,", "it ends too early"],
    ["[]", "an empty array needs its type"],
    ["[1, 'a']", "a value of type s where i is needed"],
    ["uint32 -1", "-1 is out of the range of type u"],
    ["byte 256", "256 is out of the range of type y"],
    ["4294967296", "out of the range of type i"],
    ["uint64 1.5", "1.5 is no value of type t"],
    ["09", "09 is no octal number"],
    ["uint64 'a'", "a value of type s where t is needed"],
    ["@s 5", "5 is no value of type s"],
    ["uint64 @u 5", "type u where t is needed"],
    ["{'a': 1}", "unexpected {'a': 1}"],
    ["<5>", "unexpected <5>"],
    ["@(ss) ('a',)", "a tuple of type (s) where (ss) is needed"],
    ["@i [1]", "an array where i is needed"],
    ["true false", "unexpected false"],
  ];
  for (const [text, problem] of cases) {
    const error = assertThrows(() => parseVariant(text), RuntimeError);
    assertEquals(
      error.message.includes(problem),
      true,
      `${text}: ${error.message}`,
    );
  }
});
