import {
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import { exampleSpec } from "../spec/example.ts";
import type { User } from "../spec/types.ts";
import { type ProcessOptions, withAddedEnv, withProcess } from "./options.ts";

Deno.test("withProcess() takes profile and label over the configuration's", () => {
  const spec = exampleSpec();
  spec.process!.apparmorProfile = "strict";
  const labels = { apparmorProfile: "web", selinuxLabel: "u:r:t:s0" };
  assertEquals(withProcess(spec, labels).process, {
    ...spec.process!,
    ...labels,
  });
  // An empty one takes it away.
  const none = withProcess(spec, { apparmorProfile: "" });
  assertEquals(none.process?.apparmorProfile, "");
});

Deno.test("withProcess() gives the configuration itself when no option changes it", () => {
  const spec = exampleSpec();
  assertStrictEquals(withProcess(spec, {}), spec);
  assertStrictEquals(
    withProcess(spec, { stdin: "null", preserveFds: 2, detach: true }),
    spec,
  );
});

Deno.test("withProcess() takes a whole process; what it leaves out of limits and rights is the configuration's", () => {
  const spec = exampleSpec();
  const capabilities = spec.process!.capabilities!;
  const rlimits = spec.process!.rlimits!;
  const process = { args: ["a"], cwd: "/x", user: { uid: 5, gid: 6 } };
  const found = withProcess(spec, { process, cwd: "/y" }).process;
  assertEquals(found, { capabilities, rlimits, ...process, cwd: "/y" });
  const own = { ...process, capabilities: {}, rlimits: [] };
  assertEquals(withProcess(spec, { process: own }).process, own);
});

Deno.test("withAddedEnv() adds variables behind those that there are, and changes nothing else", () => {
  const spec = exampleSpec();
  const copy = structuredClone(spec);
  const env = [...spec.process!.env!, "ONE=1", "TWO=2"];
  const added = withAddedEnv(spec, { addedEnv: ["ONE=1", "TWO=2"] });
  assertEquals(added, { ...spec, process: { ...spec.process!, env } });
  assertEquals(spec, copy);
  assertStrictEquals(withAddedEnv(spec, { addedEnv: [] }), spec);
  assertStrictEquals(withAddedEnv(spec, {}), spec);
  // withProcess() leaves them out: they are not the configuration's.
  assertStrictEquals(withProcess(spec, { addedEnv: ["ONE=1"] }), spec);
  const { process: _, ...none } = spec;
  assertStrictEquals(withAddedEnv(none, { addedEnv: ["ONE=1"] }), none);
});

/** Options, and what becomes of `process`. */
const CHANGES: readonly [options: ProcessOptions, changed: object][] = [
  [{ args: ["a", "b"] }, { args: ["a", "b"] }],
  [{ args: [] }, { args: [] }],
  [{ env: ["X=1"] }, { env: ["X=1"] }],
  [{ env: [] }, { env: [] }],
  [{ cwd: "/tmp" }, { cwd: "/tmp" }],
  [{ terminal: false }, { terminal: false }],
  [{ user: { uid: 1, gid: 2 } }, { user: { uid: 1, gid: 2 } }],
];

Deno.test("withProcess() replaces what an option names, and nothing else", () => {
  const spec = exampleSpec();
  const copy = structuredClone(spec);
  for (const [options, changed] of CHANGES) {
    const result = withProcess(spec, options);
    assertEquals(result.process, { ...spec.process!, ...changed });
    assertEquals({ ...result, process: spec.process! }, spec);
  }
  assertEquals(spec, copy);
});

Deno.test("withProcess() does not hand our arrays on", () => {
  const args = ["a"];
  const { process } = withProcess(exampleSpec(), { args });
  args.push("b");
  assertEquals(process!.args, ["a"]);
});

Deno.test("withProcess() makes a process where the configuration has none", () => {
  const { process: _, ...spec } = exampleSpec();
  assertEquals(withProcess(spec, { args: ["x"] }).process, {
    cwd: "/",
    args: ["x"],
    user: { uid: 0, gid: 0 },
  });
});

Deno.test("withProcess() reads a user as ids, and keeps what they do not say", () => {
  const spec = exampleSpec();
  spec.process!.user = { uid: 3, gid: 4, additionalGids: [5], umask: 0o77 };
  const users: [text: string, user: User][] = [
    ["7", { uid: 7, gid: 4, additionalGids: [5], umask: 0o77 }],
    ["7:8", { uid: 7, gid: 8, additionalGids: [5], umask: 0o77 }],
    ["0:0", { uid: 0, gid: 0, additionalGids: [5], umask: 0o77 }],
  ];
  for (const [user, expected] of users) {
    assertEquals(withProcess(spec, { user }).process!.user, expected);
  }
  for (
    const user of ["", "root", "7:", ":8", "-1", "7:8:9", " 7", "7\n", "0x7"]
  ) {
    const error = assertThrows(() => withProcess(spec, { user }), ConfigError);
    assertEquals(error.pointer, "/process/user", user);
  }
});
