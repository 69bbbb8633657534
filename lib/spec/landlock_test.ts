import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import { LANDLOCK_ANNOTATION, landlockPointer } from "./landlock.ts";
import { parseSpec } from "./parse.ts";
import type { Landlock } from "./types.ts";

const RULES: Landlock = {
  mode: "bestEffort",
  paths: [{ paths: ["/tmp"], allow: ["write"] }],
  ports: [{ ports: [80], allow: ["bind_tcp"] }],
  scoped: ["signal"],
};

function annotated(text: string, more = {}): unknown {
  const annotations = { [LANDLOCK_ANNOTATION]: text };
  return { ociVersion: "1.3.0", annotations, ...more };
}

Deno.test("parseSpec() takes Landlock's rules from linux.landlock", () => {
  const document = { ociVersion: "1.3.0", linux: { landlock: RULES } };
  const { spec, unknown } = parseSpec(document);
  assertEquals([spec.linux?.landlock, unknown], [RULES, []]);
  assertEquals(landlockPointer(spec), "/linux/landlock");
});

Deno.test("parseSpec() takes Landlock's rules from the annotation, again and again", () => {
  const document = annotated(JSON.stringify(RULES), {
    linux: { maskedPaths: ["/a"] },
  });
  const { spec } = parseSpec(document);
  assertEquals(spec.linux, { maskedPaths: ["/a"], landlock: RULES });
  assertEquals(landlockPointer(spec), "/annotations/dev.nsinit.landlock");
  assertEquals(parseSpec(spec).spec, spec);
});

const BAD: readonly [document: unknown, message: RegExp][] = [
  [
    annotated("{"),
    /^\/annotations\/dev\.nsinit\.landlock: is not JSON: line 1/,
  ],
  [annotated(""), /landlock: is not JSON/],
  [annotated("[]"), /landlock: expected an object, got an empty array/],
  [annotated("null"), /landlock: expected an object/],
  [
    annotated('{"paths":[{"paths":["/a"],"allow":["fly"]}]}'),
    /landlock\/paths\/0\/allow\/0: expected one of read, write, all, .*, got "fly"/,
  ],
  [
    annotated('{"ports":[{"ports":[70000],"allow":["bind_tcp"]}]}'),
    /landlock\/ports\/0\/ports\/0: expected an unsigned 16-bit integer/,
  ],
  [annotated('{"path":[]}'), /landlock: unknown name "path", expected mode, /],
  [
    annotated('{"paths":[{"allow":["read"]}]}'),
    /landlock\/paths\/0\/paths: missing/,
  ],
  [
    annotated(JSON.stringify(RULES), { linux: { landlock: { scoped: [] } } }),
    /landlock: says something else than \/linux\/landlock$/,
  ],
  [
    { ociVersion: "1.3.0", linux: { landlock: { mode: "some" } } },
    /^\/linux\/landlock\/mode: expected one of strict, bestEffort/,
  ],
];

for (const [document, message] of BAD) {
  Deno.test(`parseSpec() refuses Landlock's rules in ${JSON.stringify(document)}`, () => {
    const error = assertThrows(() => parseSpec(document), ConfigError);
    assertEquals(message.test(error.message), true, error.message);
  });
}
