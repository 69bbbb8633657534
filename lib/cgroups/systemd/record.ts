/**
 * The record of a scope that is still to be made.
 *
 * @module
 */
import { CgroupError } from "../../errors.ts";
import type { CgroupLayout } from "../layout.ts";
import type { CgroupLocation } from "../paths.ts";
import { type CgroupRecord, plannedScope } from "../record.ts";
import { annotatedProperties } from "./annotations.ts";
import { expandSlice, scopeName } from "./names.ts";

/** What a scope's record depends on. */
export interface ScopeLocation extends CgroupLocation {
  /** True without full privileges: then the scope is one of the user's own manager. */
  readonly rootless: boolean;
  /** Annotations of the configuration, for a look at those that concern the scope. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** systemd makes it early, and nobody else does: sd_booted(3). */
const BOOTED = "/run/systemd/system";

/**
 * The cgroup of a user's manager: `user@UID.service`, beside the user's sessions.
 *
 * @param own our own cgroup. If that is the user's, it tells the id better than we know it: in a user namespace we may be
 * root
 * @param uid our user id
 */
export function userRoot(own: string, uid: number): string {
  const [inside] = /^.*\/user@\d+\.service(?=\/|$)/.exec(own) ?? [];
  if (inside !== undefined) return inside;
  const [slice = `/user.slice/user-${uid}.slice`, user = uid] =
    /^.*\/user-(\d+)\.slice(?=\/|$)/.exec(own) ?? [];
  return `${slice}/user@${user}.service`;
}

function isBooted(): boolean {
  try {
    return Deno.lstatSync(BOOTED).isDirectory;
  } catch {
    return false;
  }
}

/**
 * The record of a container's scope. Touches nothing yet.
 *
 * @param booted whether systemd runs
 * @throws {ConfigError} if the path or an annotation can't be used; {CgroupError} if systemd can't manage cgroups here
 */
export function newScopeRecord(
  layout: CgroupLayout,
  location: ScopeLocation,
  booted: boolean = isBooted(),
): CgroupRecord {
  const { rootless, annotations } = location;
  const { mode } = layout;
  const refuse = (detail: string): never => {
    throw new CgroupError(
      BOOTED,
      `systemd cgroup flag passed, but systemd support for managing cgroups is not available: ${detail}`,
    );
  };
  if (!booted) {
    refuse(
      `systemd is not running here (no ${BOOTED}); manage cgroups without it`,
    );
  }
  if (mode === "none") refuse("no cgroup file system is mounted");
  if (rootless && mode !== "v2") {
    refuse(
      "on cgroup v1 a user's manager has no cgroups to hand over; boot with systemd.unified_cgroup_hierarchy=1",
    );
  }
  const { unit, slice } = scopeName(location, rootless);
  annotatedProperties(annotations);
  const root = rootless ? userRoot(layout.own[""] ?? "", Deno.uid() ?? 0) : "";
  const scope = { unit, slice, path: `${root}${expandSlice(slice)}/${unit}` };
  return plannedScope(
    layout,
    rootless ? { ...scope, user: true } : scope,
    rootless,
  );
}
