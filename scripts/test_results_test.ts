import { assertEquals } from "../lib/deps/assert.ts";
import {
  failures,
  judgeSkips,
  parseJunit,
  parseSkipLines,
  summary,
  type TestResult,
} from "./test_results.ts";

const JUNIT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="2" errors="0" time="0.201">
    <testsuite name="./a_test.ts" tests="6" disabled="1" errors="0" failures="2">
        <testcase name="a &lt;b&gt; &quot;q&quot; &amp; x" classname="./a_test.ts" time="0.004" line="1" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="ignored" classname="./a_test.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="filtered out" classname="./a_test.ts" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="fine > but no step" classname="./a_test.ts" time="0.000" line="3" col="6">
        </testcase>
        <testcase name="a &lt;b&gt; &quot;q&quot; &amp; x &gt; step" classname="./a_test.ts" time="0.002" line="1" col="81">
            <failure message="Uncaught Error: x">Error: x</failure>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("parseJunit() counts tests, not steps, and leaves out what a filter left out", () => {
  assertEquals(parseJunit(JUNIT), [
    {
      name: 'a <b> "q" & x',
      status: "failed",
      reason: "1 test step failed",
    },
    { name: "ignored", status: "skipped" },
    { name: "fine > but no step", status: "passed" },
  ]);
  assertEquals(parseJunit(""), []);
});

Deno.test("judgeSkips() fails skips without a reason and skips that are not listed", () => {
  const skipped = (name: string): TestResult => ({ name, status: "skipped" });
  const reasons = parseSkipLines(
    "SKIP listed: no strace\nnoise\nSKIP a: b works: needs root\n",
  );
  const judged = judgeSkips(
    [skipped("listed"), skipped("a: b works"), skipped("silent")],
    reasons,
    { listed: "some machines have no strace" },
  );
  assertEquals(judged, [
    { name: "listed", status: "skipped", reason: "no strace" },
    {
      name: "a: b works",
      status: "failed",
      reason: "unexpected skip: b works: needs root",
    },
    {
      name: "silent",
      status: "failed",
      reason: "skipped without a reason",
    },
  ]);
});

Deno.test("judgeSkips() allows names by their end, where the list says so", () => {
  const reasons = parseSkipLines(
    "SKIP it works, on aarch64: no qemu\nSKIP it works, on x86_64: no qemu\n",
  );
  const names = ["it works, on aarch64", "it works, on x86_64"];
  const judged = judgeSkips(
    names.map((name) => ({ name, status: "skipped" })),
    reasons,
    { "*, on aarch64": "some machines have no qemu" },
  );
  assertEquals(judged.map(({ status }) => status), ["skipped", "failed"]);
});

Deno.test("summary() ends with the line of numbers", () => {
  const lines = summary([
    { name: "a", status: "passed" },
    { name: "b", status: "failed", reason: "why\nand how" },
    { name: "c", status: "skipped", reason: "no x" },
    { name: "d", status: "passed" },
  ]).split("\n");
  assertEquals(lines, [
    "failed: b (why)",
    "skipped: c (no x)",
    "2 passed, 1 failed, 1 skipped",
  ]);
});

Deno.test("failures() tells each failure with the beginning of its reason", () => {
  const text = failures(["unit", "e2e"], [
    { name: "a", status: "passed" },
    { name: "b", status: "failed", reason: `why\nand how${"x".repeat(2000)}` },
    { name: "c", status: "failed" },
  ]);
  const lines = text.split("\n");
  assertEquals(
    lines.map((line) => line.replace(/x+/, "…")),
    [
      "unit, e2e: 2 failed",
      "failed: b",
      "why",
      "and how…",
      "failed: c",
      "",
      "",
    ],
  );
  assertEquals(text.length < 1600, true);
});
