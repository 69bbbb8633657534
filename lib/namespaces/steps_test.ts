import { ProgramBuilder } from "../../init/builder.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import {
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertThrows,
} from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { Namespace, Spec } from "../spec/types.ts";
import { planNamespaces } from "./namespaces.ts";
import { enterCgroupNamespace, enterNamespaces } from "./steps.ts";
import { setNames } from "./uts.ts";

const SYNC = 9;

/** The calls that bring init into namespaces, without purposes, answers and labels. */
function calls(...namespaces: Namespace[]): string[] {
  return callsOf(namespaces, {});
}

/** The same, with options. */
function callsOf(
  namespaces: Namespace[],
  options: { readonly reexec?: boolean },
): string[] {
  const spec: Spec = { ociVersion: "1.3.0", linux: { namespaces } };
  return linesOf((b) =>
    enterNamespaces(b, planNamespaces(spec), { sync: SYNC, ...options })
      .joinMount()
  )
    .map((line) =>
      line.replace(/^\d+ {2}.*?: (?=[a-z_0-9]+\(|go to|unless|STORE)/, "")
    )
    .filter((line) => /^[a-z_0-9]+\(/.test(line));
}

const ASK = (name: string): string[] => [
  `write(9, {message ${name}}, 8)`,
  "read(9, {answer}, 8)",
];
const UNDUMPABLE = "prctl(4, 0, 0, 0, 0)";
const BECOME_ROOT = [
  "setgroups(0, 0); EPERM: go on",
  "setresgid(0, 0, 0)",
  "setresuid(0, 0, 0)",
  "prctl(47, 4, 0, 0, 0)",
  "capget({capability header}, {capabilities})",
  "capset({capability header}, {capabilities})",
];

Deno.test("an init whose namespaces were made at clone waits for its parent, and hides", () => {
  assertEquals(calls({ type: "pid" }, { type: "mount" }), [
    ...ASK("GO"),
    UNDUMPABLE,
  ]);
});

Deno.test("the init of a new user namespace becomes its root behind the maps", () => {
  assertEquals(calls({ type: "user" }), [
    ...ASK("GO"),
    ...BECOME_ROOT,
    UNDUMPABLE,
  ]);
});

Deno.test("an init opens all namespaces before it joins one: paths may be out of reach then", () => {
  assertEquals(
    calls({ type: "mount", path: "/m" }, { type: "network", path: "/n" }),
    [
      ...ASK("GO"),
      UNDUMPABLE,
      'openat(AT_FDCWD, "/n", 524288, 0)',
      'openat(AT_FDCWD, "/m", 0, 0)',
      "setns($4, CLONE_NEWNET)",
      "close($4)",
      "unshare(CLONE_FS)",
      "setns($5, CLONE_NEWNS)",
      "close($5)",
    ],
  );
});

Deno.test("a joined PID namespace takes a second clone, whose child is told of before it goes on", () => {
  assertEquals(calls({ type: "pid", path: "/p" }, { type: "uts" }), [
    UNDUMPABLE,
    'openat(AT_FDCWD, "/p", 0, 0)',
    "unshare(CLONE_NEWUTS)",
    "setns($1, CLONE_NEWPID)",
    "close($1)",
    "clone(32785, 0, 0, 0, 0)",
    "write(9, {message CHILD}, 8)",
    "exit_group(0)",
    "read(9, {answer}, 8)",
    ...ASK("GO"),
  ]);
});

Deno.test("clock offsets are asked for between the time namespace and the clone that enters it", () => {
  assertEquals(calls({ type: "time" }), [
    UNDUMPABLE,
    "unshare(CLONE_NEWTIME)",
    ...ASK("OFFSETS"),
    "clone(32785, 0, 0, 0, 0)",
    "write(9, {message CHILD}, 8)",
    "exit_group(0)",
    "read(9, {answer}, 8)",
    ...ASK("GO"),
  ]);
});

Deno.test("a new user namespace beside joined ones is made behind them, and is dumpable while its maps are written", () => {
  assertEquals(calls({ type: "user" }, { type: "network", path: "/n" }), [
    UNDUMPABLE,
    'openat(AT_FDCWD, "/n", 524288, 0)',
    "setns($1, CLONE_NEWNET)",
    "close($1)",
    "unshare(CLONE_NEWUSER)",
    "prctl(4, 1, 0, 0, 0)",
    ...ASK("MAPS"),
    UNDUMPABLE,
    ...BECOME_ROOT,
    ...ASK("GO"),
  ]);
});

Deno.test("in a new user namespace init is dumpable while its clock offsets are written", () => {
  const steps = calls({ type: "user" }, { type: "time" });
  const asked = steps.indexOf(ASK("OFFSETS")[0]!);
  assertEquals(steps.slice(asked - 1, asked + 3), [
    "prctl(4, 1, 0, 0, 0)",
    ...ASK("OFFSETS"),
    UNDUMPABLE,
  ]);
});

Deno.test("namespaces are joined before a joined user namespace where that is allowed, and else behind it", () => {
  assertEquals(
    calls({ type: "user", path: "/u" }, { type: "network", path: "/n" }, {
      type: "mount",
    }),
    [
      UNDUMPABLE,
      'openat(AT_FDCWD, "/u", 524288, 0)',
      'openat(AT_FDCWD, "/n", 524288, 0)',
      "setns($2, CLONE_NEWNET); EPERM: go on",
      "setns($1, CLONE_NEWUSER)",
      "close($1)",
      ...BECOME_ROOT,
      "setns($2, CLONE_NEWNET)",
      "close($2)",
      "unshare(CLONE_NEWNS)",
      ...ASK("GO"),
    ],
  );
});

Deno.test("enterCgroupNamespace() makes one only if asked to", () => {
  const lines = (...namespaces: Namespace[]): string[] =>
    linesOf((b) =>
      enterCgroupNamespace(
        b,
        planNamespaces({ ociVersion: "1.3.0", linux: { namespaces } }),
      )
    );
  assertEquals(lines({ type: "cgroup" }), [
    "0  make a cgroup namespace: unshare(CLONE_NEWCGROUP)",
  ]);
  assertEquals(lines({ type: "cgroup", path: "/c" }), []);
  assertEquals(lines(), []);
});

Deno.test("setNames() sets names by their size in bytes", () => {
  const lines = (names: Partial<Spec>): string[] =>
    linesOf((b) => setNames(b, { ociVersion: "1.3.0", ...names }));
  assertEquals(lines({ hostname: "höst", domainname: "example.org" }), [
    '0  set the hostname höst: sethostname("höst", 5)',
    '1  set the domain name example.org: setdomainname("example.org", 11)',
  ]);
  assertEquals(lines({}), []);
  assertEquals(lines({ hostname: "", domainname: "" }), []);
});

const USER_AND_MOUNT: Namespace[] = [
  { type: "user", path: "/u" },
  { type: "mount", path: "/m" },
];

Deno.test("a re-executed init has a child do all the same, without threads, where a user namespace is joined", () => {
  const image = callsOf(USER_AND_MOUNT, {});
  assertEquals(callsOf(USER_AND_MOUNT, { reexec: true }), image);
  assertEquals(image.slice(-5), [
    ...ASK("GO"),
    "unshare(CLONE_FS)",
    "setns($2, CLONE_NEWNS)",
    "close($2)",
  ]);
  const b = new ProgramBuilder("x86_64");
  const spec = { linux: { namespaces: USER_AND_MOUNT }, ociVersion: "1.3.0" };
  const plan = planNamespaces(spec);
  const { marks } = enterNamespaces(b, plan, { sync: SYNC, reexec: true });
  b.finish();
  assertEquals([marks?.begin.step?.index, marks?.tail.step?.index], [0, 0]);
});

Deno.test("the programs for both interpreters have the same numbers of steps", () => {
  const count = (reexec: boolean): number =>
    linesOf((b) =>
      enterNamespaces(
        b,
        planNamespaces({
          ociVersion: "1.3.0",
          linux: { namespaces: USER_AND_MOUNT },
        }),
        { sync: SYNC, reexec },
      ).joinMount()
    ).length;
  assertEquals(count(true), count(false));
});

Deno.test("a re-executed init joins a PID namespace itself, and leaves the clone behind that to machine code", () => {
  const marked = (...namespaces: Namespace[]): (string | undefined)[] => {
    const b = new ProgramBuilder("x86_64");
    const plan = planNamespaces({ ociVersion: "1.3.0", linux: { namespaces } });
    const { marks } = enterNamespaces(b, plan, { sync: SYNC, reexec: true });
    b.finish();
    return [marks?.begin, marks?.tail].map((label) => label?.step?.operation);
  };
  const pid: Namespace = { type: "pid", path: "/p" };
  assertEquals(marked(pid), ["setns", "clone"]);
  assertEquals(marked({ type: "pid" }, { type: "time" }), [
    undefined,
    undefined,
  ]);
});

for (const [type, flag] of [["mount", "NEWNS"], ["pid", "NEWPID"]] as const) {
  Deno.test(`a ${type} namespace beside a new user namespace is joined before it, which a re-executed init can't do`, () => {
    const namespaces: Namespace[] = [{ type: "user" }, { type, path: "/m" }];
    const lines = callsOf(namespaces, {});
    const joined = lines.indexOf(`setns($1, CLONE_${flag})`);
    assertLess(-1, joined);
    assertLess(joined, lines.indexOf("unshare(CLONE_NEWUSER)"));
    const error = assertThrows(() => callsOf(namespaces, { reexec: true }));
    assertInstanceOf(error, ConfigError);
    assertEquals(error.pointer, "/linux/namespaces/1/path");
  });
}
