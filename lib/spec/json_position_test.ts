import { assertEquals } from "../deps/assert.ts";
import { jsonErrorPosition } from "./json_position.ts";

const MISTAKES: readonly [
  text: string,
  line: number,
  column: number,
  what: string,
][] = [
  ["", 1, 1, "expected a value, found end of the document"],
  ["{]", 1, 2, 'expected a name in double quotes or "}", found "]"'],
  ['{"a" 1}', 1, 6, 'expected ":", found "1"'],
  ['{"a":1,}', 1, 8, 'expected a name in double quotes, found "}"'],
  ['{"a":1 "b":2}', 1, 8, 'expected "," or "}", found "\\""'],
  ['{\n  "a": [1,\n  2 3]\n}', 3, 5, 'expected "," or "]", found "3"'],
  ["[1,]", 1, 4, 'expected a value, found "]"'],
  ["[,]", 1, 2, 'expected a value or "]", found ","'],
  ["{} x", 1, 4, 'expected the end of the document, found "x"'],
  ['{"a": tru}', 1, 7, 'expected a value, found "t"'],
  ['{"a": 01}', 1, 8, 'expected "," or "}", found "1"'],
  [
    '{"a": "b',
    1,
    9,
    "expected the rest of a string, found end of the document",
  ],
  ['"a\nb"', 1, 3, 'expected the rest of a string, found "\\n"'],
  ['"\\x"', 1, 2, 'expected the rest of a string, found "\\\\"'],
  ["{'a': 1}", 1, 2, 'expected a name in double quotes or "}", found "\'"'],
  ["\ufeff{}", 1, 1, 'expected a value, found "\ufeff"'],
  ["// no\n{}", 1, 1, 'expected a value, found "/"'],
];

for (const [text, line, column, what] of MISTAKES) {
  Deno.test(`jsonErrorPosition() finds the mistake in ${JSON.stringify(text)}`, () => {
    assertEquals(jsonErrorPosition(text), { line, column, what });
  });
}

const GOOD = [
  "1",
  " [ ] ",
  '{"a":{"b":[1,-2.5e+3,true,false,null,"\\u0041\\n"]}}',
  '"ä\ud83d\ude00\ud800"',
  "0",
];

for (const text of GOOD) {
  Deno.test(`jsonErrorPosition() agrees with JSON.parse on ${text}`, () => {
    JSON.parse(text);
    assertEquals(jsonErrorPosition(text), undefined);
  });
}

Deno.test("jsonErrorPosition() gives up on texts that are nested too deeply", () => {
  assertEquals(
    jsonErrorPosition("[".repeat(100_000))?.what,
    "nested too deeply",
  );
});
