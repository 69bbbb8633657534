import {
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
} from "../../ffi/abi/sched.ts";
import { assertEquals } from "../deps/assert.ts";
import type { Namespace, NamespaceType, Spec } from "../spec/types.ts";
import { flagsOf, planNamespaces } from "./namespaces.ts";

/** Namespaces as a line: `pid` for a new one, `net=/path` for one to join. */
function specWith(words: string): Spec {
  const namespaces = words.split(" ").filter(Boolean).map(
    (word): Namespace => {
      const [type, path] = word.split("=");
      return path === undefined
        ? { type: type as NamespaceType }
        : { type: type as NamespaceType, path };
    },
  );
  return { ociVersion: "1.3.0", linux: { namespaces } };
}

/** What is asked for; whether it takes a second clone; the flags of the first one. */
const PLANS: readonly [words: string, staged: boolean, flags: number][] = [
  ["", false, 0],
  ["pid mount", false, CLONE_NEWPID | CLONE_NEWNS],
  ["user pid", false, CLONE_NEWUSER | CLONE_NEWPID],
  ["cgroup", false, 0],
  ["cgroup uts", false, CLONE_NEWUTS],
  ["mount network=/n", false, CLONE_NEWNS],
  ["network=/n ipc=/i uts=/u mount=/m cgroup=/c", false, 0],
  ["mount pid=/p", true, 0],
  ["mount user=/u", true, 0],
  ["time", true, 0],
  ["time=/t mount", false, CLONE_NEWNS],
  ["user network=/n", true, 0],
  ["user=/u network", true, 0],
  ["user time", true, 0],
];

Deno.test("planNamespaces() makes what it can at clone, and the rest in stages", () => {
  for (const [words, staged, flags] of PLANS) {
    const plan = planNamespaces(specWith(words));
    assertEquals([plan.staged, plan.cloneFlags], [staged, flags], words);
  }
});

Deno.test("planNamespaces() never makes a cgroup namespace at clone: it would be rooted at our cgroup", () => {
  const { created, cloneFlags } = planNamespaces(specWith("cgroup pid"));
  assertEquals(created, ["pid", "cgroup"]);
  assertEquals(cloneFlags, CLONE_NEWPID);
});

Deno.test("planNamespaces() joins the user namespace first, and keeps pointers to the entries", () => {
  const { joined, created } = planNamespaces(
    specWith("mount=/m network=/n user=/u pid"),
  );
  assertEquals(joined, [
    { type: "user", path: "/u", pointer: "/linux/namespaces/2/path" },
    { type: "network", path: "/n", pointer: "/linux/namespaces/1/path" },
    { type: "mount", path: "/m", pointer: "/linux/namespaces/0/path" },
  ]);
  assertEquals(created, ["pid"]);
});

Deno.test("planNamespaces() takes an empty path for a new namespace", () => {
  const spec: Spec = {
    ociVersion: "1.3.0",
    linux: { namespaces: [{ type: "network", path: "" }] },
  };
  const { created, joined, cloneFlags } = planNamespaces(spec);
  assertEquals([created, joined, cloneFlags], [["network"], [], CLONE_NEWNET]);
});

Deno.test("planNamespaces() plans nothing without a linux part", () => {
  assertEquals(planNamespaces({ ociVersion: "1.3.0" }), {
    created: [],
    joined: [],
    staged: false,
    cloneFlags: 0,
  });
});

Deno.test("flagsOf() joins flags", () => {
  assertEquals(flagsOf([]), 0);
  assertEquals(flagsOf(["pid", "uts"]), CLONE_NEWPID | CLONE_NEWUTS);
});
