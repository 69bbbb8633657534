import { assertEquals } from "../deps/assert.ts";
import { quoted, visible, visibleJson } from "./visible.ts";

Deno.test("visible() leaves what can be seen, in any script", () => {
  for (const text of ["", "a b", 'größe "x" \\ 日本', "😀", "e\u0301", "€"]) {
    assertEquals(visible(text), text);
  }
});

Deno.test("visible() shows what ends a line, and what terminals obey", () => {
  const cases = {
    "two\nlines\r\n": "two\\nlines\\r\\n",
    "\x1b[31mred\x1b]0;title\x07": "\\x1b[31mred\\x1b]0;title\\a",
    "\x00\t\b\v\f\x7f": "\\x00\\t\\b\\v\\f\\x7f",
    "\x9b31m\x85": "\\u009b31m\\u0085",
    "\u2028\u2029\u00a0\u3000": "\\u2028\\u2029\\u00a0\\u3000",
    "file\u202etxt.exe\u200b": "file\\u202etxt.exe\\u200b",
    "\ud800 \u{e0001}": "\\ud800 \\U000e0001",
  };
  for (const [text, expected] of Object.entries(cases)) {
    assertEquals(visible(text), expected);
  }
});

Deno.test("quoted() can't be ended by what it quotes", () => {
  assertEquals(quoted('a" level=error \\'), '"a\\" level=error \\\\"');
  assertEquals(quoted("a\n"), '"a\\n"');
});

Deno.test("visibleJson() means the same as before", () => {
  const text = "\x1b\x9b\u2028\u202e\u{e0001}\n\"'\\";
  const json = visibleJson(JSON.stringify({ text }));
  assertEquals(/[^\x20-\x7e]/.test(json), false);
  assertEquals(JSON.parse(json), { text });
});
