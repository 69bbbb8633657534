/**
 * What the rules of a configuration are checked against.
 *
 * @module
 */
import type { Problems } from "../problems.ts";
import type { NamespaceType, Spec } from "../types.ts";

/** What a configuration's validity depends on: facts of the machine and of the caller, as plain data. */
export interface SpecHost {
  /** Security modules that are active. */
  readonly lsm: { readonly apparmor: boolean; readonly selinux: boolean };
  /** The kernel's version of Landlock's interface; 0 if there is none. */
  readonly landlock: number;
  /** Layout of the cgroup file systems. */
  readonly cgroup: "v1" | "hybrid" | "v2";
  /** Whether the runtime's effective user is not root. */
  readonly rootless: boolean;
  /** Kinds of namespaces that the kernel has. */
  readonly namespaces: readonly NamespaceType[];
}

/** How a configuration is going to be used. */
export interface ValidateOptions {
  /**
   * Whether the configuration must say which program to run. A program that uses the library may tell it later.
   *
   * @default {true}
   */
  readonly needProcess?: boolean;
  /**
   * Whether the root is changed without pivot_root(2).
   *
   * @default {false}
   */
  readonly noPivot?: boolean;
}

/** Everything that a rule looks at, and where it reports to. */
export interface RuleContext {
  /** The configuration. */
  readonly spec: Spec;
  /** The machine. */
  readonly host: SpecHost;
  /** The use. */
  readonly options: ValidateOptions;
  /** Collects errors and warnings. */
  readonly problems: Problems;
}

/** A group of rules about one part of a configuration. */
export type Rule = (context: RuleContext) => void;

/**
 * Tells whether a path is absolute.
 *
 * @param path the path
 */
export function isAbsolute(path: string): boolean {
  return path.startsWith("/");
}
