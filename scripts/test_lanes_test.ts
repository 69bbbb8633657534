import { assert, assertEquals } from "../lib/deps/assert.ts";
import { callerFiles, endToEndFiles, unitFiles } from "./test_lanes.ts";

Deno.test("callerFiles() has the tests of callers, and no other lane has them", () => {
  const callers = new Set(callerFiles());
  assert(callers.has("tests/caller_docker_test.ts"));
  const others = [
    ...endToEndFiles({ v2: false }),
    ...endToEndFiles({ v2: true }),
    ...unitFiles(),
  ];
  assertEquals(others.filter((file) => callers.has(file)), []);
});
