/**
 * Rules about mounts: config.md#mounts.
 *
 * @module
 */
import {
  absoluteMappings,
  isIdMapOption,
  parseIdMapOption,
} from "../id_map_option.ts";
import { hasNamespace, namespaceOf } from "../namespaces.ts";
import { jsonPointer, quote } from "../pointer.ts";
import { Problems } from "../problems.ts";
import type { Mount } from "../types.ts";
import { isAbsolute, type RuleContext } from "./context.ts";
import { checkMappings, isMapped } from "./id_mappings.ts";
import { MOUNT_OPTION_NAMES } from "./names.ts";

function isBind({ options = [] }: Mount): boolean {
  return options.includes("bind") || options.includes("rbind");
}

/** A `remount` changes the mount that is there: it needs neither type nor source. */
function isRemount({ options = [] }: Mount): boolean {
  return options.includes("remount");
}

function needsType(mount: Mount): boolean {
  return !isBind(mount) && !isRemount(mount);
}

function fileSystemOptions({ options = [] }: Mount): string[] {
  return options.filter((option) =>
    option !== "" && !MOUNT_OPTION_NAMES.includes(option) &&
    !isIdMapOption(option)
  );
}

function checkFields(
  { problems }: RuleContext,
  mount: Mount,
  pointer: string,
): void {
  const { destination, source, type } = mount;
  if (destination === "") {
    problems.refuse(
      `${pointer}/destination`,
      "empty, expected a path inside the container",
    );
  } else if (!isAbsolute(destination)) {
    problems.warn(
      `${pointer}/destination`,
      `${
        quote(destination)
      }: relative destination path is **deprecated**, using it as relative to /`,
    );
  }
  if (isBind(mount) && !isRemount(mount) && !source) {
    problems.refuse(
      `${pointer}/source`,
      "missing, expected the file or directory to bind",
    );
  }
  if (needsType(mount) && !type) {
    problems.refuse(
      `${pointer}/type`,
      "missing, expected a file system type, or bind or rbind among the options",
    );
  }
  const [option] = fileSystemOptions(mount);
  if (isBind(mount) && option !== undefined) {
    problems.refuse(
      `${pointer}/options`,
      `bind mounts cannot have any filesystem-specific options applied, got ${
        quote(option)
      }`,
    );
  }
}

function checkIdMapping(
  context: RuleContext,
  mount: Mount,
  pointer: string,
): void {
  const { spec, host, problems } = context;
  const { uidMappings = [], gidMappings = [], options = [] } = mount;
  const mapped = uidMappings.length > 0 || gidMappings.length > 0;
  const option = options.findLastIndex(isIdMapOption);
  const asked = options.includes("idmap") || options.includes("ridmap") ||
    option >= 0;
  if (!mapped && !asked) return;
  if (!isBind(mount)) {
    problems.refuse(
      pointer,
      "gidMappings/uidMappings is supported only for mounts with the option 'bind'",
    );
  }
  if (host.rootless) {
    problems.refuse(
      pointer,
      "gidMappings/uidMappings is not supported when the runtime is being launched with EUID != 0",
    );
  }
  if (mapped && (uidMappings.length === 0 || gidMappings.length === 0)) {
    const missing = uidMappings.length === 0 ? "uidMappings" : "gidMappings";
    problems.refuse(
      `${pointer}/${missing}`,
      "missing, expected both uidMappings and gidMappings",
    );
  }
  if (option >= 0) {
    checkIdMapOption(context, mount, `${pointer}/options/${option}`, option);
  } else if (!mapped && !hasNamespace(spec, "user")) {
    problems.refuse(
      `${pointer}/options`,
      "an id-mapped mount needs uidMappings and gidMappings, or a user namespace",
    );
  }
  checkMappings(problems, `${pointer}/uidMappings`, uidMappings);
  checkMappings(problems, `${pointer}/gidMappings`, gidMappings);
}

/** Checks the mappings of the option `idmap=…` or `ridmap=…`. */
function checkIdMapOption(
  { spec, problems }: RuleContext,
  { uidMappings = [], gidMappings = [], options = [] }: Mount,
  pointer: string,
  index: number,
): void {
  if (uidMappings.length + gidMappings.length > 0) {
    problems.refuse(
      pointer,
      "both mappings in an option and uidMappings or gidMappings -- you may only provide one",
    );
  }
  const parsed = parseIdMapOption(options[index]!);
  if (typeof parsed === "string") {
    problems.refuse(pointer, parsed);
    return;
  }
  const user = namespaceOf(spec, "user");
  for (const kind of ["uid", "gid"] as const) {
    const list = parsed[`${kind}s`];
    const isRelative = list === undefined ||
      list.some(({ relative }) => relative);
    if (isRelative && user === undefined) {
      problems.refuse(
        pointer,
        list === undefined
          ? `${kind}s are missing, which takes a user namespace`
          : `relative ${kind}s need a user namespace`,
      );
      continue;
    }
    // What a namespace that is joined maps is known later.
    if (list === undefined || (isRelative && user?.path)) continue;
    const own = spec.linux?.[`${kind}Mappings`] ?? [];
    const absolute = absoluteMappings(list, own);
    if (typeof absolute === "string") problems.refuse(pointer, absolute);
    else {
      const found = new Problems();
      checkMappings(found, `${kind}s`, absolute);
      for (const { pointer: place, detail } of found.refused) {
        problems.refuse(pointer, `${place}: ${detail}`);
      }
    }
  }
}

/** The kernel answers EINVAL for ids that the user namespace does not have. */
function checkRootlessIds(
  { spec, host, problems }: RuleContext,
  mount: Mount,
  pointer: string,
): void {
  if (!host.rootless || namespaceOf(spec, "user")?.path) return;
  for (const [index, option] of (mount.options ?? []).entries()) {
    const [, name, digits] = /^([ug]id)=(\d+)$/.exec(option) ?? [];
    if (name === undefined) continue;
    const mappings =
      spec.linux?.[name === "uid" ? "uidMappings" : "gidMappings"] ?? [];
    if (isMapped(mappings, Number(digits))) continue;
    problems.refuse(
      `${pointer}/options/${index}`,
      `cannot specify ${option} mount option for rootless container, expected an id of ` +
        `/linux/${name}Mappings`,
    );
  }
}

/** Checks each mount. */
export function mountRules(context: RuleContext): void {
  for (const [index, mount] of (context.spec.mounts ?? []).entries()) {
    const pointer = jsonPointer("mounts", index);
    checkFields(context, mount, pointer);
    checkIdMapping(context, mount, pointer);
    checkRootlessIds(context, mount, pointer);
  }
}
