import { StateError } from "../errors.ts";
import { assertEquals } from "../deps/assert.ts";
import {
  describeError,
  exitCode,
  ExitError,
  failed,
  UsageError,
} from "./errors.ts";

Deno.test("describeError() joins an error with its causes, each once", () => {
  const inner = new Error("inner");
  const middle = new Error("middle", { cause: inner });
  assertEquals(
    describeError(new Error("outer", { cause: middle })),
    "outer: middle: inner",
  );
  assertEquals(
    describeError(new Error("outer: inner", { cause: inner })),
    "outer: inner",
  );
  assertEquals(
    describeError(
      new AggregateError([inner, new Error("other")], "both failed"),
    ),
    "both failed: inner; other",
  );
});

Deno.test("describeError() writes Deno's own failures as Go does", () => {
  const failures: [() => void, string][] = [
    [
      () => Deno.chdir("/nonexistent"),
      "chdir /nonexistent: no such file or directory",
    ],
    [
      () => Deno.openSync("/nonexistent/it's"),
      "open /nonexistent/it's: no such file or directory",
    ],
    [
      () => Deno.openSync("/tmp", { write: true }),
      "open /tmp: is a directory",
    ],
  ];
  for (const [fail, text] of failures) {
    let caught: unknown;
    try {
      fail();
    } catch (error) {
      caught = error;
    }
    assertEquals(describeError(caught), text);
  }
  assertEquals(
    describeError(new Deno.errors.NotFound("Broken pipe (os error 32)")),
    "broken pipe",
  );
});

Deno.test("describeError() leaves out the causes of this project's errors, whose messages say all", () => {
  const cause = new Deno.errors.NotFound(
    "No such file or directory (os error 2): mkdir '/a b'",
  );
  assertEquals(
    describeError(
      new StateError("x", `cannot make /a b: ${cause.message}`, { cause }),
    ),
    "cannot make /a b: no such file or directory",
  );
  assertEquals(
    describeError(new StateError("x", "Step (os error 2) A: B", { cause })),
    "step A: B",
  );
});

Deno.test("describeError() has a text for whatever is thrown", () => {
  assertEquals(describeError("text"), "text");
  assertEquals(describeError(undefined), "undefined");
  assertEquals(describeError(new TypeError()), "TypeError");
});

Deno.test("exitCode() is 1 but for errors that have a code", () => {
  assertEquals(exitCode(new StateError("x", "gone")), 1);
  assertEquals(exitCode(new UsageError("bad")), 1);
  assertEquals(exitCode("text"), 1);
  assertEquals(exitCode(new ExitError("no", 255)), 255);
});

Deno.test("failed() names the command before what failed", () => {
  const cause = new Deno.errors.NotFound(
    "No such file or directory (os error 2): chdir '/x'",
  );
  const error = failed("run", cause);
  assertEquals(
    describeError(error),
    "nsinit run failed: chdir /x: no such file or directory",
  );
  assertEquals([exitCode(error), error.cause], [1, cause]);
});
