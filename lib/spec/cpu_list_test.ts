import {
  assert,
  assertEquals,
  assertFalse,
  assertThrows,
} from "../deps/assert.ts";
import { isKernelCpuList, parseCpuList } from "./cpu_list.ts";

Deno.test("parseCpuList() reads numbers and ranges, in order and each once", () => {
  assertEquals(parseCpuList("7,0-3"), [0, 1, 2, 3, 7]);
  assertEquals(parseCpuList(" 1 - 2 , 2,1 "), [1, 2]);
  assertEquals(parseCpuList("65535"), [65535]);
  assertEquals(parseCpuList(""), []);
  assertEquals(parseCpuList("  "), []);
});

const BAD: readonly [text: string, message: string][] = [
  [",", "has an empty entry"],
  ["1,", "has an empty entry"],
  ["1,,2", "has an empty entry"],
  ["a", 'has the entry "a"'],
  ["-1", 'has the entry "-1"'],
  ["1-", 'has the entry "1-"'],
  ["1-2-3", 'has the entry "1-2-3"'],
  ["1 2", 'has the entry "1 2"'],
  ["3-1", "has the backward range 3-1"],
  ["65536", "has 65536, above 65535"],
  ["0-99999999999", "has 99999999999, above 65535"],
];

for (const [text, message] of BAD) {
  Deno.test(`parseCpuList() refuses ${JSON.stringify(text)}`, () => {
    assertEquals(
      assertThrows(() => parseCpuList(text), RangeError).message,
      message,
    );
  });
}

Deno.test("isKernelCpuList() knows the formats of bitmap_parselist()", () => {
  for (
    const text of [
      "",
      "0",
      "0-3,7",
      "all",
      "0-N",
      "N",
      "0-31:2/4",
      " 1, 2\n",
      "all:1/2",
    ]
  ) {
    assert(isKernelCpuList(text), text);
  }
  for (const text of ["a", "-1", "1-", "0;1", "1-2-3", "0:1", "all-2", "\0"]) {
    assertFalse(isKernelCpuList(text), text);
  }
});

Deno.test("isKernelCpuList() answers fast for long texts that do not fit", () => {
  const before = performance.now();
  assertFalse(isKernelCpuList(`${", ".repeat(50_000)}x`));
  assert(performance.now() - before < 1000);
});
