import { assert, assertEquals } from "../lib/deps/assert.ts";
import { missingPackages, TEST_NEEDS } from "./packages.ts";
import { ROOT } from "./test_lanes.ts";

Deno.test("missingPackages() names the package of each missing program, once", () => {
  const needs = [
    { program: "sh", package: "dash" },
    { program: "one", package: "both" },
    { program: "other", package: "both" },
    { program: "third", package: "alone" },
  ];
  assertEquals(
    missingPackages(needs, (program) => program === "sh"),
    ["both", "alone"],
  );
});

Deno.test("TEST_NEEDS has each program that an end-to-end test is skipped without", () => {
  const programs = new Set<string>();
  for (const { name } of Deno.readDirSync(`${ROOT}tests`)) {
    if (!name.endsWith("_test.ts")) continue;
    const source = Deno.readTextFileSync(`${ROOT}tests/${name}`);
    for (const [, program] of source.matchAll(/\bmissing\("([^"]+)"\)/g)) {
      programs.add(program!);
    }
  }
  assert(programs.has("setpriv"), "the search finds what is there");
  const needed = new Set(TEST_NEEDS.map(({ program }) => program));
  assertEquals([...programs.difference(needed)], []);
});
