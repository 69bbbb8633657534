/**
 * Fields of the specification that this version does not carry out yet. A container must not start as if they
 * were in force, so a configuration that uses one is refused by name.
 *
 * @module
 */
import type { Problem, Problems } from "./problems.ts";
import type { Linux, Mount, Process, Spec } from "./types.ts";

/** A field that is not built. */
interface Unbuilt {
  /** Pointer of the field, `*` for each element of a list. */
  readonly pattern: string;
  /** Whether a value would change something. */
  readonly matters: (value: unknown) => boolean;
  /** What stays undone without it. */
  readonly reason: string;
}

function isPresent(): boolean {
  return true;
}

function hasMembers(value: unknown): boolean {
  return Object.keys(value as object).length > 0;
}

/** The table. An entry goes when the field is built. */
const UNBUILT: readonly Unbuilt[] = [
  {
    pattern: "/linux/netDevices",
    matters: hasMembers,
    reason: "the devices would stay on the host",
  },
  // Without members too: the specification then puts the container into a class named after it.
  {
    pattern: "/linux/intelRdt",
    matters: isPresent,
    reason: "the container would stay in the runtime's class",
  },
];

/** Finds the values that a pattern points at. */
function* matches(
  value: unknown,
  names: readonly string[],
  pointer: string,
): Generator<{ readonly pointer: string; readonly value: unknown }> {
  const [name, ...rest] = names;
  if (name === undefined) {
    yield { pointer, value };
  } else if (typeof value === "object" && value !== null) {
    const members = name === "*"
      ? Object.entries(value)
      : Object.entries(value).filter(([key]) => key === name);
    for (const [key, member] of members) {
      yield* matches(member, rest, `${pointer}/${key}`);
    }
  }
}

/** Part of a configuration, to ask about. */
export interface SpecPart {
  /** Part of the process. */
  readonly process?: Partial<Process>;
  /** Mounts. */
  readonly mounts?: readonly Mount[];
  /** Part of what is particular to Linux. */
  readonly linux?: Linux;
}

/**
 * Whether everything in a part of a configuration is carried out.
 *
 * @param part fields that are valid
 */
export function isBuilt(part: SpecPart): boolean {
  return unbuiltFields(part).length === 0;
}

/** Finds fields that are not built, and that would change something; in the table's order. */
function unbuiltFields(spec: SpecPart): Problem[] {
  return UNBUILT.flatMap(({ pattern, matters, reason }) =>
    [...matches(spec, pattern.split("/").slice(1), "")]
      .filter(({ value }) => matters(value))
      .map(({ pointer }) => ({
        pointer,
        detail: `not supported by this version of nsinit: ${reason}`,
      }))
  );
}

/**
 * Refuses fields that are not built.
 *
 * @param context the configuration, and where mistakes are reported
 */
export function unbuiltRules(
  { spec, problems }: { readonly spec: Spec; readonly problems: Problems },
): void {
  for (const { pointer, detail } of unbuiltFields(spec)) {
    problems.refuse(pointer, detail);
  }
}
