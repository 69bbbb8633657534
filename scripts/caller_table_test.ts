import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import {
  brief,
  briefError,
  callerTable,
  parseReports,
} from "./caller_table.ts";

Deno.test("brief() tells an exit code with what was written", () => {
  assertEquals(brief({ exit: 0, out: "hello\n", err: "" }), "exit 0: hello");
  assertEquals(
    brief({ exit: 125, out: "", err: "no\nway" }),
    "exit 125: no way",
  );
  assertEquals(brief({ exit: 3 }), "exit 3");
});

Deno.test("brief() tells other values by their keys, and cuts what is long", () => {
  assertEquals(brief({ a: [1, null], b: true }), "a 1; null, b true");
  assertEquals(brief([{ exit: 1, out: "x" }, "y"]), "exit 1: x; y");
  assertEquals(brief("one\n two"), "one two");
  assertEquals(brief(`${"x".repeat(90)}, because`).length, 50);
  assertMatch(brief(`${"x".repeat(90)}, because`), /^x+…x+, because$/);
  assertEquals(briefError(new Error("a\nb")), "fails: a b");
});

Deno.test("callerTable() has a line for each row, the numbers and the notes", () => {
  const row = { caller: "docker", name: "run", runc: "1", ours: "1" };
  const table = callerTable([
    { ...row, verdict: "same" },
    { ...row, name: "top", ours: "22", verdict: "DIFFERENT" },
    { ...row, name: "checkpoint", verdict: "not counted" },
  ], [{ note: "a note" }]);
  assertEquals(table.split("\n"), [
    "caller | case       | runc | nsinit | same",
    "------ | ---------- | ---- | ------ | -----------",
    "docker | run        | 1    | 1      | yes",
    "docker | top        | 1    | 22     | NO",
    "docker | checkpoint | 1    | 1      | not counted",
    "",
    "docker: 1 of 2 the same",
    "a note",
  ]);
});

Deno.test("parseReports() reads rows and notes, a line each", () => {
  const row = {
    caller: "c",
    name: "n",
    runc: "1",
    ours: "1",
    verdict: "same",
  } as const;
  const text = `${JSON.stringify(row)}\n${JSON.stringify({ note: "x" })}\n`;
  assertEquals(parseReports(text), { rows: [row], notes: [{ note: "x" }] });
});
