import { assertEquals } from "./deps/assert.ts";
import { cleanPath, rootedPath } from "./paths.ts";

/** A path, cleaned, and cleaned as one that starts at the root. */
const CASES: readonly [path: string, clean: string, rooted: string][] = [
  ["/a//b/./c/", "/a/b/c", "/a/b/c"],
  ["a/../../b", "b", "/b"],
  ["/a/../../b", "/b", "/b"],
  ["/../..", "/", "/"],
  ["..", "", "/"],
  [".", "", "/"],
  ["", "", "/"],
  ["/", "/", "/"],
  ["...", "...", "/..."],
  ["/a/.b/..c", "/a/.b/..c", "/a/.b/..c"],
  ["a b/\n", "a b/\n", "/a b/\n"],
];

Deno.test("cleanPath() drops what is empty, dots, and ways up", () => {
  for (const [path, clean] of CASES) {
    assertEquals(cleanPath(path), clean, JSON.stringify(path));
  }
});

Deno.test("rootedPath() does the same from the root, and is always absolute", () => {
  for (const [path, , rooted] of CASES) {
    assertEquals(rootedPath(path), rooted, JSON.stringify(path));
  }
});
