/** What the table tests of the rules share. It has no tests of its own. */
import { assertEquals } from "../../deps/assert.ts";
import { Problems } from "../problems.ts";
import type { Linux, NamespaceType, Process, Spec } from "../types.ts";
import type { Rule, SpecHost, ValidateOptions } from "./context.ts";

/** All kinds of namespaces. */
export const NAMESPACES: readonly NamespaceType[] = [
  "mount",
  "pid",
  "network",
  "uts",
  "ipc",
  "user",
  "cgroup",
  "time",
];

/** A machine that has everything, seen by root. */
export const HOST: SpecHost = {
  lsm: { apparmor: true, selinux: true },
  landlock: 7,
  cgroup: "v2",
  rootless: false,
  namespaces: NAMESPACES,
};

/** The same, seen by a user. */
export const ROOTLESS: SpecHost = { ...HOST, rootless: true };

/** A small valid configuration with parts put in. */
export function specWith(
  parts: Omit<Partial<Spec>, "process" | "linux"> & {
    readonly process?: Partial<Process>;
    readonly linux?: Linux;
  },
): Spec {
  const process = {
    user: { uid: 0, gid: 0 },
    args: ["sh"],
    cwd: "/",
    ...parts.process,
  };
  const namespaces = [{ type: "mount" as const }, { type: "pid" as const }];
  return {
    ociVersion: "1.3.0",
    root: { path: "rootfs" },
    ...parts,
    process,
    linux: { namespaces, ...parts.linux },
  };
}

/** One line of a table. */
export interface Case {
  /** What the configuration has: the end of the test's name. */
  readonly has: string;
  /** The configuration. */
  readonly spec: Spec;
  /** `pointer: detail` of each refusal, in order; absent: it is accepted. */
  readonly refused?: readonly string[];
  /** `pointer: detail` of each warning, in order. */
  readonly warnings?: readonly string[];
  /** The machine. */
  readonly host?: SpecHost;
  /** The use. */
  readonly options?: ValidateOptions;
}

/** Makes one test of each line of a table. */
export function testRule(rule: Rule, cases: readonly Case[]): void {
  for (
    const { has, spec, refused = [], warnings = [], host = HOST, options = {} }
      of cases
  ) {
    const verb = refused.length > 0 ? "refuses" : "accepts";
    Deno.test(`${rule.name}() ${verb} ${has}`, () => {
      const before = structuredClone(spec);
      const problems = new Problems();
      rule({ spec, host, options, problems });
      assertEquals(
        problems.refused.map((p) => `${p.pointer}: ${p.detail}`),
        refused,
      );
      assertEquals(problems.warnings, warnings);
      assertEquals(spec, before);
    });
  }
}
