import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import { Problems } from "./problems.ts";

function messageOf(count: number): string {
  const problems = new Problems();
  for (let index = 0; index < count; index++) {
    problems.refuse(`/${index}`, "is wrong");
  }
  return assertThrows(() => problems.throwFirst(), ConfigError).message;
}

Deno.test("throwFirst() does nothing without errors, warnings or not", () => {
  const problems = new Problems();
  problems.warn("/a", "is odd");
  problems.throwFirst();
  assertEquals(problems.warnings, ["/a: is odd"]);
});

Deno.test("throwFirst() counts the other errors and names three of them", () => {
  assertEquals(messageOf(1), "/0: is wrong");
  assertEquals(messageOf(2), "/0: is wrong (and 1 more problem: /1)");
  assertEquals(messageOf(4), "/0: is wrong (and 3 more problems: /1, /2, /3)");
  assertEquals(
    messageOf(6),
    "/0: is wrong (and 5 more problems: /1, /2, /3, …)",
  );
});

Deno.test("throwFirst() counts and names a field once, whatever is wrong with it", () => {
  const problems = new Problems();
  for (const pointer of ["/a", "/a", "/b", "/c", "/b"]) {
    problems.refuse(pointer, "is wrong");
  }
  const { message } = assertThrows(() => problems.throwFirst(), ConfigError);
  assertEquals(message, "/a: is wrong (and 2 more problems: /b, /c)");
});

Deno.test("throwFirst() speaks of no other problem if all are the same field's", () => {
  const problems = new Problems();
  problems.refuse("/a", "is not known here");
  problems.refuse("/a", "is not supported");
  const { message } = assertThrows(() => problems.throwFirst(), ConfigError);
  assertEquals(message, "/a: is not known here");
});
