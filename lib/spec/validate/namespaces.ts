/**
 * Rules about namespaces, id mappings and clock offsets: config-linux.md#namespaces.
 *
 * @module
 */
import { hasNamespace, namespaceOf } from "../namespaces.ts";
import { jsonPointer, quote } from "../pointer.ts";
import type { NamespaceType } from "../types.ts";
import { isAbsolute, type RuleContext } from "./context.ts";
import { checkMappings, isMapped } from "./id_mappings.ts";

/** How the kinds are called in runc's messages. */
const TITLES: Readonly<Partial<Record<NamespaceType, string>>> = {
  user: "USER",
};

function checkList({ spec, host, problems }: RuleContext): void {
  const seen = new Set<NamespaceType>();
  for (
    const [index, { type, path }] of (spec.linux?.namespaces ?? []).entries()
  ) {
    const pointer = jsonPointer("linux", "namespaces", index);
    if (seen.has(type)) {
      problems.refuse(
        pointer,
        `malformed spec file: duplicated ns ${
          quote(type)
        }, expected each kind once`,
      );
    } else if (!host.namespaces.includes(type)) {
      problems.refuse(
        `${pointer}/type`,
        `${TITLES[type] ?? type} namespaces aren't enabled in the kernel`,
      );
    }
    if (path && !isAbsolute(path)) {
      problems.refuse(
        `${pointer}/path`,
        `${quote(path)} is not an absolute path`,
      );
    }
    seen.add(type);
  }
}

function checkUserNamespace({ spec, problems }: RuleContext): void {
  const user = namespaceOf(spec, "user");
  const { uidMappings = [], gidMappings = [] } = spec.linux ?? {};
  if (user === undefined) {
    for (
      const [name, list] of [["uid", uidMappings], [
        "gid",
        gidMappings,
      ]] as const
    ) {
      if (list.length === 0) continue;
      problems.refuse(
        `/linux/${name}Mappings`,
        "User namespace mappings specified, but USER namespace isn't enabled in the config, " +
          'expected "user" in /linux/namespaces',
      );
    }
    return;
  }
  for (
    const [name, kind, list] of [["uid", "user", uidMappings], [
      "gid",
      "group",
      gidMappings,
    ]] as const
  ) {
    const pointer = `/linux/${name}Mappings`;
    checkMappings(problems, pointer, list);
    if (user.path) continue;
    if (list.length === 0) {
      problems.refuse(
        pointer,
        `user namespaces enabled, but no ${name} mappings found, expected at least one`,
      );
    } else if (!isMapped(list, 0)) {
      problems.refuse(
        pointer,
        `user namespaces enabled, but no ${kind} mapping found for ${name.toUpperCase()} 0`,
      );
    }
  }
}

function checkTimeNamespace({ spec, problems }: RuleContext): void {
  const time = namespaceOf(spec, "time");
  const offsets = spec.linux?.timeOffsets;
  if (offsets === undefined || Object.keys(offsets).length === 0) return;
  if (time === undefined) {
    problems.refuse(
      "/linux/timeOffsets",
      "time namespace offsets specified, but time namespace isn't enabled in the config, " +
        'expected "time" in /linux/namespaces',
    );
  } else if (time.path) {
    problems.refuse(
      "/linux/timeOffsets",
      "time namespace enabled, but both namespace path and time offsets specified -- you may " +
        "only provide one",
    );
  }
  for (const [clock, { nanosecs = 0 }] of Object.entries(offsets)) {
    if (nanosecs > 999_999_999) {
      problems.refuse(
        jsonPointer("linux", "timeOffsets", clock, "nanosecs"),
        `${nanosecs} is too large, expected 0 to 999999999`,
      );
    }
  }
}

function checkRootless({ spec, host, problems }: RuleContext): void {
  if (host.rootless && !hasNamespace(spec, "user")) {
    problems.refuse(
      "/linux/namespaces",
      'rootless container requires user namespaces, expected one of type "user"',
    );
  }
}

/** Checks the list of namespaces and what depends on user and time namespaces. */
export function namespaceRules(context: RuleContext): void {
  checkList(context);
  checkUserNamespace(context);
  checkTimeNamespace(context);
  checkRootless(context);
}
