import { assertEquals } from "../lib/deps/assert.ts";
import {
  type CaseRecord,
  compareCases,
  inBoth,
  NOTHING,
  type Observation,
} from "./test_observations.ts";

function record(
  dir: string,
  ...observations: Observation[]
): CaseRecord {
  return {
    name: "a test",
    outcome: "passed",
    names: { [dir]: "<dir>" },
    observations,
  };
}

function command(of: string, stdout: string, code = 0): Observation {
  return { kind: "command", of, fields: { "exit code": `${code}`, stdout } };
}

Deno.test("compareCases() finds no difference where only folders and times differ", () => {
  const image = record(
    "/tmp/1",
    command("run /tmp/1/bundle0", "at 2026-11-22T05:29:52Z\n"),
  );
  const reexec = record(
    "/tmp/2",
    command("run /tmp/2/bundle0", "at 2026-11-22T06:00:00Z\n"),
  );
  assertEquals(compareCases(image, reexec), []);
});

Deno.test("compareCases() tells the field, and the lines that differ", () => {
  const image = record("/1", command("run", "one\ntwo\nthree\n"));
  const reexec = record("/2", command("run", "one\n2\nthree\n", 1));
  const common = { case: "a test", of: "command run" };
  assertEquals(compareCases(image, reexec), [
    { ...common, field: "command: exit code", image: "0", reexec: "1" },
    { ...common, field: "command: stdout", image: "two", reexec: "2" },
  ]);
});

Deno.test("compareCases() leaves out equal lines between others", () => {
  const found = (one: string, other: string) =>
    compareCases(
      record("/1", command("run", one)),
      record("/2", command("run", other)),
    ).map(({ image, reexec }) => [image, reexec]);
  assertEquals(found("a\nb\nc\nd", "a\nB\nc\nD"), [["b\nd", "B\nD"]]);
  assertEquals(found("a\nb\nc\nd", "a\nB\nc"), [["b\nc\nd", "B\nc"]]);
});

Deno.test("compareCases() sees a line, a field, an observation and a test that one run lacks", () => {
  const one = command("run", "a\n\nb\n");
  const found = (image?: Observation, reexec?: Observation) =>
    compareCases(
      record("/1", ...(image ? [image] : [])),
      record("/2", ...(reexec ? [reexec] : [])),
    ).map(({ field, image, reexec }) => [field, image, reexec]);
  assertEquals(found(one, command("run", "a\nb\n")), [
    ["command: stdout", "", NOTHING],
  ]);
  const { stdout: _, ...fewer } = one.fields;
  assertEquals(found(one, { ...one, fields: fewer }), [
    ["command: stdout", "a\n\nb\n", NOTHING],
  ]);
  assertEquals(found(undefined, command("run", "x")), [
    ["command: exit code", NOTHING, "0"],
    ["command: stdout", NOTHING, "x"],
  ]);
  assertEquals(found(command("run", "x"), command("start", "x")).length, 4);
  assertEquals(
    compareCases(record("/1"), undefined).map(({ field }) => field),
    ["test: outcome"],
  );
});

Deno.test("compareCases() sees another outcome of the test", () => {
  const failed: CaseRecord = { ...record("/2"), outcome: "failed" };
  assertEquals(
    compareCases(record("/1"), failed).map(({ image, reexec }) => [
      image,
      reexec,
    ]),
    [["passed", "failed"]],
  );
});

Deno.test("compareCases() does not mind the order of what ran side by side, nor asking again", () => {
  const [a, b] = [command("run", "a"), command("run", "b")];
  assertEquals(compareCases(record("/1", a, b), record("/2", b, a)), []);
  assertEquals(compareCases(record("/1", a, a, b), record("/2", a, b)), []);
  assertEquals(compareCases(record("/1", a, b), record("/2", a)).length, 2);
});

Deno.test("compareCases() counts containers, also equal ones", () => {
  const of = (threads: string): Observation => ({
    kind: "created",
    of: "id",
    fields: { threads, a: "a" },
  });
  const found = compareCases(
    record("/1", of("1"), of("1"), of("1")),
    record("/2", of("3"), of("1"), of("3")),
  );
  assertEquals(found.map(({ image, reexec }) => [image, reexec]), [
    ["1", "3"],
    ["1", "3"],
  ]);
  const fewer = compareCases(
    record("/1", of("1"), of("1")),
    record("/2", of("1")),
  );
  assertEquals(fewer.map(({ reexec }) => reexec), [NOTHING, NOTHING]);
});

Deno.test("inBoth() keeps what came back as it was, and what was not looked at again", () => {
  const pair = (one: string, other: string) =>
    compareCases(
      record("/1", command("run", one), command("ps", one)),
      record("/2", command("run", other), command("ps", "a")),
    );
  const first = pair("a\nb", "a\nc");
  assertEquals(first.length, 2);
  assertEquals(inBoth(first, pair("a\nb", "a\nc")), first);
  assertEquals(inBoth(first, undefined), first);
  assertEquals(inBoth(first, []), []);
  assertEquals(inBoth(first, pair("a\nb", "a\nd")).map(({ of }) => of), [
    "command ps",
  ]);
});

Deno.test("inBoth() keeps a test that failed in one of the first runs", () => {
  const failed = compareCases(
    { ...record("/1"), outcome: "failed" },
    record("/2"),
  );
  assertEquals(inBoth(failed, []), failed);
});
