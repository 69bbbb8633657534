import { assertEquals } from "../deps/assert.ts";
import { numberDescriptors } from "./descriptors.ts";

Deno.test("descriptors follow each other without gaps, the socket last", () => {
  assertEquals(numberDescriptors(0, 0), {
    preserved: 0,
    execFifo: 3,
    resultFifo: 4,
    hooks: 5,
    sync: 5,
  });
  assertEquals(numberDescriptors(3, 2), {
    preserved: 3,
    execFifo: 6,
    resultFifo: 7,
    hooks: 8,
    sync: 12,
  });
});
