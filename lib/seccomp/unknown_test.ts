import { assertEquals } from "../deps/assert.ts";
import { filter, rule } from "./testdata/profiles.ts";
import { unknownCalls } from "./unknown.ts";

Deno.test("unknownCalls() names each call once that no architecture has", () => {
  const known = rule("read set_tls _llseek socketcall map_shadow_stack uprobe");
  assertEquals(unknownCalls(filter([known])), undefined);
  assertEquals(unknownCalls({ defaultAction: "SCMP_ACT_ALLOW" }), undefined);
  assertEquals(
    unknownCalls(filter([known, rule("b a"), rule("constructor a")])),
    'unknown system calls in /linux/seccomp are passed over: "b", "a", "constructor"',
  );
  const many = Array.from({ length: 12 }, (_, i) => `call${i}`).join(" ");
  assertEquals(
    unknownCalls(filter([rule(many)]))?.endsWith('"call9" and 2 more'),
    true,
  );
});
