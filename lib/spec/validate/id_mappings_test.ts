import { assert, assertEquals, assertFalse } from "../../deps/assert.ts";
import { Problems } from "../problems.ts";
import type { IdMapping } from "../types.ts";
import { checkMappings, isMapped } from "./id_mappings.ts";

function refusals(mappings: readonly IdMapping[]): string[] {
  const problems = new Problems();
  checkMappings(problems, "/m", mappings);
  return problems.refused.map(({ pointer, detail }) => `${pointer}: ${detail}`);
}

function range(containerID: number, hostID: number, size: number): IdMapping {
  return { containerID, hostID, size };
}

Deno.test("isMapped() knows the first and the last id of a range and none beside them", () => {
  const mappings = [range(5, 100, 2), range(10, 200, 1)];
  assertEquals([4, 5, 6, 7, 9, 10, 11].map((id) => isMapped(mappings, id)), [
    false,
    true,
    true,
    false,
    false,
    true,
    false,
  ]);
  assertFalse(isMapped([], 0));
  assert(isMapped([range(0, 0, 4294967295)], 4294967294));
});

Deno.test("checkMappings() accepts adjacent ranges and the whole range of ids", () => {
  assertEquals(refusals([range(0, 100, 10), range(10, 110, 10)]), []);
  assertEquals(refusals([range(0, 0, 4294967295)]), []);
  assertEquals(refusals([]), []);
});

Deno.test("checkMappings() refuses empty ranges and ranges beyond the last id", () => {
  assertEquals(refusals([range(0, 1, 0)]), [
    "/m/0/size: got 0, expected the number of ids",
  ]);
  assertEquals(refusals([range(0, 1, 4294967295)]), [
    "/m/0/hostID: 1 and 4294967294 more ids go beyond 4294967294, the last id",
  ]);
  assertEquals(refusals([range(4294967290, 1, 10)]), [
    "/m/0/containerID: 4294967290 and 9 more ids go beyond 4294967294, the last id",
  ]);
});

Deno.test("checkMappings() refuses ranges that overlap inside or outside", () => {
  assertEquals(refusals([range(0, 100, 10), range(9, 200, 1)]), [
    "/m/1: overlaps with /m/0",
  ]);
  assertEquals(refusals([range(0, 100, 10), range(20, 109, 1)]), [
    "/m/1: overlaps with /m/0",
  ]);
});

Deno.test("checkMappings() refuses more ranges than the kernel takes", () => {
  const ranges = Array.from(
    { length: 341 },
    (_, index) => range(index, index, 1),
  );
  assertEquals(refusals(ranges), ["/m: 341 mappings, expected 340 or less"]);
  assertEquals(refusals(ranges.slice(1)), []);
});
