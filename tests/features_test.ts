/** `nsinit features`: features.md of the runtime specification. */
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { schemaProblems } from "./json_schema.ts";

const SCHEMA = "features-schema.json";

// deno-lint-ignore no-explicit-any -- a document of another program, as far as the tests know
type Document = any;

async function features(box: Box): Promise<Document> {
  const { stdout, stderr } = ok(await box.nsinit(["features"]));
  assertEquals(stderr, "");
  return JSON.parse(stdout);
}

function example(name: string): Document {
  const url = new URL(`testdata/oci/${name}`, import.meta.url);
  return JSON.parse(Deno.readTextFileSync(url));
}

Deno.test("schemaProblems() agrees with the specification about its own examples", () => {
  for (const name of ["good/minimal.json", "good/runc.json"]) {
    assertEquals(schemaProblems(SCHEMA, example(name)), [], name);
  }
  assertEquals(
    schemaProblems(SCHEMA, example("bad/missing-ociVersionMax.json")),
    ["/ociVersionMax: missing"],
  );
});

Deno.test("schemaProblems() finds a wrong name deep inside", () => {
  const document = example("good/runc.json");
  document.linux.namespaces.push("galaxy");
  document.linux.cgroup.v1 = "yes";
  document.mountOptions = {};
  assertEquals(
    schemaProblems(SCHEMA, document).map((text) => text.split(":")[0]),
    [
      "/mountOptions",
      `/linux/namespaces/${document.linux.namespaces.length - 1}`,
      "/linux/cgroup/v1",
    ],
  );
});

claim("features: the document fits the specification's schema", async (box) => {
  const document = await features(box);
  assertEquals(schemaProblems(SCHEMA, document), []);
  assertEquals(document.ociVersionMax, "1.3.0");
  const members = Object.keys(example("good/runc.json").linux);
  const missing = members.filter((name) =>
    !Object.hasOwn(document.linux, name)
  );
  assertEquals(missing, []);
});

claim("features: everything that runc lists is there", async (box) => {
  const document = await features(box);
  const runc = example("good/runc.json");
  const lacking = (ours: string[], theirs: string[]): string[] =>
    theirs.filter((name) => !ours.includes(name));
  assertEquals(lacking(document.hooks, runc.hooks), []);
  assertEquals(lacking(document.mountOptions, runc.mountOptions), []);
  for (const list of ["namespaces", "capabilities"]) {
    assertEquals(lacking(document.linux[list], runc.linux[list]), [], list);
  }
  for (const list of ["operators", "archs"]) {
    const [ours, theirs] = [document.linux.seccomp, runc.linux.seccomp];
    assertEquals(lacking(ours[list], theirs[list]), [], list);
  }
});

claim("features: the newest version listed is accepted", async (box) => {
  const { ociVersionMin, ociVersionMax } = await features(box);
  for (const version of [ociVersionMin, ociVersionMax]) {
    const { stdout, stderr } = ok(
      await box.sh("echo ran", (spec) => {
        spec.ociVersion = version;
      }),
    );
    assertEquals([stdout, stderr], ["ran\n", ""], version);
  }
});

claim("features: every capability listed can be asked for", async (box) => {
  const { linux } = await features(box);
  const last = Number(
    Deno.readTextFileSync("/proc/sys/kernel/cap_last_cap"),
  );
  assert(linux.capabilities.length > last, "a capability of this kernel lacks");
  const { stderr } = ok(
    await box.sh("true", (spec) => {
      spec.process.capabilities = { bounding: linux.capabilities };
    }),
  );
  assert(!stderr.includes("is unknown"), stderr);
});

claim("features: takes no words", async (box) => {
  assertStringIncludes(
    failure(await box.nsinit(["features", "x"])),
    "requires exactly 0 argument(s)",
  );
});
