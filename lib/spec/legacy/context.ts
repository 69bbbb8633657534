/**
 * What the parts of a translation share.
 *
 * @module
 */
import type { AccountFiles } from "../../user/accounts.ts";
import type { Problems } from "../problems.ts";
import type { LegacyConfig } from "./types.ts";

/** What a part of the translation is given. */
export interface LegacyContext {
  /** The document, whose form was checked. */
  readonly config: LegacyConfig;
  /** Where names of users and groups are looked up. */
  readonly accounts: AccountFiles;
  /** Gets what can't be translated, by pointers of the document. */
  readonly problems: Problems;
}

/**
 * Leaves out members that say nothing: absent ones, 0, "", false. Go's encoders write those for fields that nobody set.
 *
 * @param members the members, some of them perhaps undefined
 */
export function said<T extends object>(
  members: { readonly [K in keyof T]: T[K] | undefined },
): T {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => Boolean(value)),
  ) as T;
}

/** The same, or undefined if there is no member at all. */
export function saidOrNone<T extends object>(
  members: { readonly [K in keyof T]: T[K] | undefined },
): T | undefined {
  const found = said<T>(members);
  return Object.keys(found).length === 0 ? undefined : found;
}

/** The list, or undefined if it is empty. */
export function listOrNone<T>(
  list: readonly T[] | undefined,
): T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : [...list];
}
