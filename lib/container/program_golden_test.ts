/**
 * Whole programs, compared with checked-in files: lib/container/testdata/golden/*.txt.
 *
 * When a program changes on purpose: UPDATE_GOLDEN=1 deno test -A lib/container/program_golden_test.ts
 * writes the files, and `git diff` shows what has changed for review.
 */
import { formatProgram } from "../../init/print.ts";
import { assertEquals } from "../deps/assert.ts";
import { validateSpec } from "../spec/validate/validate.ts";
import { exampleSpec, toRootless } from "../spec/example.ts";
import { PROGRAMS, richSpec, testHost } from "./testdata/specs.ts";
import { specHost } from "./validate.ts";

for (const [name, build] of Object.entries(PROGRAMS)) {
  Deno.test(`containerProgram() builds the program in testdata/golden/${name}.txt`, () => {
    const file = new URL(`testdata/golden/${name}.txt`, import.meta.url);
    const text = formatProgram(build().program).join("\n") + "\n";
    if (Deno.env.get("UPDATE_GOLDEN") === "1") {
      Deno.writeTextFileSync(file, text);
    }
    assertEquals(text.split("\n"), Deno.readTextFileSync(file).split("\n"));
  });
}

Deno.test("the configurations of the golden programs are valid on their hosts", () => {
  const example = exampleSpec({ cgroup2: true });
  const rootless = toRootless(example, { uid: 1000, gid: 1000 });
  validateSpec(exampleSpec(), specHost(testHost("hybrid")));
  validateSpec(example, specHost(testHost("v2")));
  validateSpec(rootless, specHost(testHost("rootless")));
  const lsm = { apparmor: true, selinux: false };
  validateSpec(richSpec(), specHost({ ...testHost("hybrid"), lsm }));
});
