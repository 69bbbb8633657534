import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { join } from "../lib/deps/path.ts";
import { covers, type Exception, judge } from "./test_exceptions.ts";
import { ROOT } from "./test_lanes.ts";
import type { Difference } from "./test_observations.ts";

const THREADS: Difference = {
  case: "one",
  of: "created <id>",
  field: "created: status Threads",
  image: "1",
  reexec: "3",
};

const EXCEPTION: Exception = {
  cases: ["*"],
  field: "created: status Threads",
  image: "1",
  reexec: "[2-5]",
  reason: "V8 has threads",
};

Deno.test("covers() compares test, field and both whole texts", () => {
  assertEquals(covers(EXCEPTION, THREADS), true);
  assertEquals(covers({ ...EXCEPTION, cases: ["one"] }, THREADS), true);
  for (
    const other of [
      { ...EXCEPTION, cases: ["another"] },
      { ...EXCEPTION, field: "created: status" },
      { ...EXCEPTION, image: "0" },
      { ...EXCEPTION, reexec: "1|4" },
    ]
  ) assertEquals(covers(other, THREADS), false);
  assertEquals(covers(EXCEPTION, { ...THREADS, reexec: "31" }), false);
  assertEquals(covers(EXCEPTION, { ...THREADS, reexec: "3\n3" }), false);
});

Deno.test("judge() passes tests without differences and those that are on the list", () => {
  const results = judge(
    new Map([["one", [THREADS]], ["two", []]]),
    [EXCEPTION],
    true,
  );
  assertEquals(results.map(({ name, status }) => [name, status]), [
    ["same with both interpreters: one", "passed"],
    ["same with both interpreters: two", "passed"],
  ]);
});

Deno.test("judge() fails a test with a difference that is not on the list, and tells it", () => {
  const other = { ...THREADS, field: "created: limits", reexec: "a\nb" };
  const [result] = judge(
    new Map([["one", [THREADS, other]]]),
    [EXCEPTION],
    true,
  );
  assertEquals(result?.status, "failed");
  assertMatch(
    result?.reason ?? "",
    /^created: limits of created <id>\n {2}image: {2}1\n {2}reexec: a\n {2}reexec: b$/,
  );
});

Deno.test("judge() fails an exception that does not occur any more, for each test that it names", () => {
  const failures = (exceptions: Exception[], isWhole: boolean) =>
    judge(new Map([["one", [THREADS]], ["two", []]]), exceptions, isWhole)
      .filter(({ status }) => status === "failed").map(({ name }) => name);
  const stale = { ...EXCEPTION, field: "created: limits" };
  assertEquals(failures([EXCEPTION, stale], true), [
    "exception: created: limits in any test",
  ]);
  const named = { ...EXCEPTION, cases: ["one", "two", "three"] };
  assertEquals(failures([named], true), [
    "exception: created: status Threads in two",
    "exception: created: status Threads in three",
  ]);
  // With a filter the other tests did not run.
  assertEquals(failures([EXCEPTION, stale, named], false), [
    "exception: created: status Threads in two",
  ]);
});

Deno.test("the list of exceptions has a reason for each, and patterns that are some", () => {
  const list: Exception[] = JSON.parse(
    Deno.readTextFileSync(join(ROOT, "tests/interpreter_exceptions.json")),
  );
  for (const { cases, field, image, reexec, reason } of list) {
    assertEquals(cases.length > 0, true);
    assertMatch(field, /^[a-z]+: \S/);
    assertMatch(reason, /\w{3}.* /);
    new RegExp(image);
    new RegExp(reexec);
    // A pattern for anything would be an exception for whatever comes.
    assertEquals([image, reexec].some((one) => one.startsWith(".*")), false);
  }
});
