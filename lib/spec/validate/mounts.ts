/**
 * Rules about mounts: config.md#mounts.
 *
 * @module
 */
import { hasNamespace, namespaceOf } from "../namespaces.ts";
import { jsonPointer, quote } from "../pointer.ts";
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
    option !== "" && !MOUNT_OPTION_NAMES.includes(option)
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
  { spec, host, problems }: RuleContext,
  mount: Mount,
  pointer: string,
): void {
  const { uidMappings = [], gidMappings = [], options = [] } = mount;
  const mapped = uidMappings.length > 0 || gidMappings.length > 0;
  const asked = options.includes("idmap") || options.includes("ridmap");
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
  if (!mapped && !hasNamespace(spec, "user")) {
    problems.refuse(
      `${pointer}/options`,
      "an id-mapped mount needs uidMappings and gidMappings, or a user namespace",
    );
  }
  checkMappings(problems, `${pointer}/uidMappings`, uidMappings);
  checkMappings(problems, `${pointer}/gidMappings`, gidMappings);
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
