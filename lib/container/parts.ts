/**
 * Parts of programs that few configurations ask for: each is loaded for the first one that does.
 *
 * @module
 */
import { RuntimeError } from "../errors.ts";
import type { Spec } from "../spec/types.ts";

/** The modules, by what they add. */
interface Parts {
  /** Labels of security modules. */
  readonly labels: typeof import("../lsm/labels.ts");
  /** Restriction by Landlock. */
  readonly landlock: typeof import("../landlock/steps.ts");
}

/** When a part is needed, and where it is. */
type PartTable = {
  readonly [Name in keyof Parts]: {
    readonly isNeeded: (spec: Spec) => boolean;
    readonly load: () => Promise<Parts[Name]>;
  };
};

const TABLE: PartTable = {
  labels: {
    isNeeded: ({ process }) =>
      Boolean(process?.apparmorProfile || process?.selinuxLabel),
    load: () => import("../lsm/labels.ts"),
  },
  landlock: {
    isNeeded: ({ linux }) => linux?.landlock !== undefined,
    load: () => import("../landlock/steps.ts"),
  },
};

const loaded: { -readonly [Name in keyof Parts]?: Parts[Name] } = {};

/** Loads what a configuration's program needs. Undefined: all of it is there, there is nothing to wait for. */
export function loadParts(spec: Spec): Promise<unknown> | undefined {
  const names = Object.keys(TABLE) as (keyof Parts)[];
  const missing = names.filter((name) =>
    TABLE[name].isNeeded(spec) && loaded[name] === undefined
  );
  if (missing.length === 0) return undefined;
  return Promise.all(missing.map(loadPart));
}

async function loadPart<Name extends keyof Parts>(name: Name): Promise<void> {
  loaded[name] = await TABLE[name].load();
}

/**
 * A part, if the configuration needs it.
 *
 * @throws {RuntimeError} if {@linkcode loadParts} was not waited for
 */
export function part<Name extends keyof Parts>(
  name: Name,
  spec: Spec,
): Parts[Name] | undefined {
  if (!TABLE[name].isNeeded(spec)) return undefined;
  const module = loaded[name];
  if (module === undefined) {
    throw new RuntimeError(
      "program",
      `Cannot build a program with ${name}: loadParts() comes first`,
    );
  }
  return module;
}
