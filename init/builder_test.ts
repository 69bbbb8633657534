import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { flagNames, flags, ProgramBuilder } from "./builder.ts";

Deno.test("section() names the steps inside, and the field from around unless it has its own", () => {
  const b = new ProgramBuilder("x86_64");
  b.call("getpid", []);
  b.section("outer", "/a", () => {
    b.call("getpid", []);
    b.section("inner", undefined, () => b.call("getpid", []));
    b.section("field", "/b", () => b.call("getpid", []));
    b.call("getpid", []);
  });
  b.call("getpid", []);
  assertEquals(
    b.finish().steps.map(({ purpose, pointer }) => [purpose, pointer]),
    [
      ["set up", undefined],
      ["outer", "/a"],
      ["inner", "/a"],
      ["field", "/b"],
      ["outer", "/a"],
      ["set up", undefined],
    ],
  );
});

Deno.test("section() ends when what it names fails", () => {
  const b = new ProgramBuilder("x86_64");
  assertThrows(() =>
    b.section("broken", "/x", () => {
      throw new Error("broken");
    })
  );
  b.call("getpid", []);
  assertEquals(b.finish().steps[0]!.purpose, "set up");
});

Deno.test("scratch() gives the same block for the same use, and another for another", () => {
  const b = new ProgramBuilder("x86_64");
  const statx = b.scratch("statx", 256);
  assertEquals(b.scratch("statx", 256) === statx, true);
  assertEquals(b.scratch("statx", 128) === statx, false);
  assertEquals(b.scratch("path", 256) === statx, false);
});

Deno.test("several labels may stand before one step", () => {
  const b = new ProgramBuilder("x86_64");
  const [one, other] = [b.label("one"), b.label("other")];
  b.jump(one);
  b.jump(other);
  b.place(one);
  b.place(other);
  b.call("exit", [0]);
  const { steps } = b.finish();
  assertEquals([one.step, other.step], [steps[2], steps[2]]);
});

Deno.test("finish() refuses labels that nothing follows", () => {
  const b = new ProgramBuilder("x86_64");
  const end = b.label("end");
  b.jump(end);
  b.place(end);
  assertThrows(() => b.finish(), Error, 'label "end" was never placed');
});

const TABLE = { READ: 1, WRITE: 2, BOTH: 3, NONE: 0 };

Deno.test("flagNames() names flags, and shows the rest in hexadecimal", () => {
  const cases: [number, string][] = [
    [0, "0x0"],
    [1, "READ"],
    [3, "READ|WRITE"],
    [5, "READ|0x4"],
    [0x8000_0000 | 0, "0x80000000"],
  ];
  for (const [value, names] of cases) {
    assertEquals(flagNames(value, TABLE), names);
  }
});

Deno.test("flags() keeps the number beside the names", () => {
  const both = flags(3, TABLE);
  assertEquals([both.value, both.names], [3, "READ|WRITE"]);
});

Deno.test("child() marks a clone with the place where the parent goes on, behind the child's steps", () => {
  const b = new ProgramBuilder("x86_64");
  b.child([17, 0, 0, 0, 0], () => {
    b.call("exit_group", [0]);
  });
  b.call("getpid", []);
  const { steps } = b.finish();
  assertEquals(steps.map(({ operation }) => operation), [
    "clone",
    "TEST",
    "exit_group",
    "getpid",
  ]);
  assertEquals(steps.map(({ parent }) => parent?.step?.index), [
    3,
    undefined,
    undefined,
    undefined,
  ]);
});
