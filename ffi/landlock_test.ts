import { assertEquals } from "../lib/deps/assert.ts";
import { landlockAbi } from "./landlock.ts";

Deno.test("landlockAbi() tells a version, the same each time", () => {
  const abi = landlockAbi();
  assertEquals(Number.isInteger(abi) && abi >= 0, true, `${abi}`);
  assertEquals(landlockAbi(), abi);
});
