/** The specification's own good and bad documents (runtime-spec 1.3, schema/testdata, Apache-2.0). */
import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import { JsonSyntaxError, parseJson, stringifyJson } from "./json.ts";
import { parseSpec } from "./parse.ts";

function documents(kind: "good" | "bad"): [name: string, text: string][] {
  const folder = new URL(`testdata/${kind}/`, import.meta.url);
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort()
    .map((name) => [name, Deno.readTextFileSync(new URL(name, folder))]);
}

for (const [name, text] of documents("good")) {
  Deno.test(`parseSpec() accepts the specification's ${name} and keeps all of it`, () => {
    const document = parseJson(text) as Record<string, unknown>;
    const { spec, unknown } = parseSpec(document);
    assertEquals(
      unknown,
      name === "spec-example.json" ? ["/linux/resources/oomScoreAdj"] : [],
    );
    assertEquals(parseSpec(parseJson(stringifyJson(spec))).spec, spec);
    const { linux } = document as {
      linux?: { resources?: Record<string, unknown> };
    };
    delete linux?.resources?.oomScoreAdj;
    assertEquals(parseJson(stringifyJson(spec)), document);
  });
}

const BAD_POINTERS: Readonly<Record<string, string>> = {
  "linux-hugepage.json": "/linux/resources/hugepageLimits/0/pageSize",
  "linux-netdevice.json": "/linux/netDevices/eth0/name",
  "linux-rdma.json": "/linux/resources/rdma/mlx5_1/hcaHandles",
};

for (const [name, text] of documents("bad")) {
  Deno.test(`parseSpec() refuses the specification's ${name}`, () => {
    // Not called .json, because the formatter would refuse it too.
    if (name === "invalid-json.txt") {
      assertThrows(() => parseJson(text), JsonSyntaxError);
      return;
    }
    const error = assertThrows(() => parseSpec(parseJson(text)), ConfigError);
    assertEquals(error.pointer, BAD_POINTERS[name]);
  });
}

Deno.test("the specification's documents are all here", () => {
  assertEquals(documents("good").length, 5);
  assert(documents("bad").length === 4);
});
