import { assertEquals } from "../../lib/deps/assert.ts";
import { checkLayouts } from "../../scripts/check_abi.ts";
import {
  encodeNetPort,
  encodePathBeneath,
  encodeRulesetAttr,
  PATH_BENEATH_PARENT,
  RULESET_ATTR_SIZE,
} from "./landlock.ts";

Deno.test("encodeRulesetAttr() writes three masks", () => {
  const bytes = encodeRulesetAttr({ files: 0xffff, ports: 3, scopes: 2 });
  assertEquals(bytes.length, RULESET_ATTR_SIZE);
  assertEquals([...new BigUint64Array(bytes.buffer)], [0xffffn, 3n, 2n]);
});

Deno.test("encodePathBeneath() leaves room for the descriptor behind the rights", () => {
  const bytes = encodePathBeneath(0x8001);
  assertEquals(bytes.length, PATH_BENEATH_PARENT + 4);
  assertEquals([...bytes], [1, 0x80, ...Array(10).fill(0)]);
});

Deno.test("encodeNetPort() writes rights and port", () => {
  const bytes = encodeNetPort(3, 65535);
  assertEquals([...new BigUint64Array(bytes.buffer)], [3n, 65535n]);
});

Deno.test("the structures of Landlock are laid out as in C", () => {
  const headers = ["linux/landlock.h"];
  assertEquals(
    checkLayouts([
      {
        headers,
        type: "struct landlock_path_beneath_attr",
        size: PATH_BENEATH_PARENT + 4,
        offsets: { allowed_access: 0, parent_fd: PATH_BENEATH_PARENT },
      },
      // Older headers have the first mask alone.
      {
        headers,
        type: "struct landlock_ruleset_attr",
        offsets: { handled_access_fs: 0 },
      },
    ]),
    [],
  );
});
