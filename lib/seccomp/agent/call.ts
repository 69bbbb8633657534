/**
 * What a call is called.
 *
 * @module
 */
import type { SeccompArch } from "../../spec/types.ts";
import { architectureOf, type FilterArch } from "../architectures.ts";

/** A call by names. */
export interface NamedCall {
  /** The name of the call; undefined for a number that is in no table. */
  readonly name: string | undefined;
  /** The architecture of the call; undefined for one of no kernel that this project runs on. */
  readonly arch: SeccompArch | undefined;
}

const namesOf = new Map<FilterArch, ReadonlyMap<number, string>>();

/** Names a call by `arch` and `nr` of struct seccomp_data. */
export function nameCall(audit: number, nr: number): NamedCall {
  const arch = architectureOf(audit, nr);
  if (arch === undefined) return { name: undefined, arch: undefined };
  let names = namesOf.get(arch);
  if (names === undefined) {
    // Of two names for one number the one that stands first counts.
    const entries = Object.entries(arch.numbers).toReversed();
    names = new Map(entries.map(([name, number]) => [number!, name]));
    namesOf.set(arch, names);
  }
  return { name: names.get(nr), arch: arch.name };
}
