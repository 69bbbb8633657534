/**
 * Files of cgroup v2 that a configuration writes by name: config-linux.md#unified. So limits can be had for which it has
 * no field, such as memory.high, misc.max or io.latency.
 *
 * @module
 */
import { ConfigError } from "../../errors.ts";
import { jsonPointer, quote } from "../../spec/pointer.ts";
import type { CgroupWrite } from "../write.ts";

/** Files of the core that limit nothing, but move, stop, kill processes or change what can be in the cgroup. */
const NO_LIMITS = [
  "cgroup.procs",
  "cgroup.threads",
  "cgroup.kill",
  "cgroup.freeze",
  "cgroup.type",
  "cgroup.subtree_control",
];

function checkName(file: string): void {
  const refuse = (detail: string): never => {
    throw new ConfigError(
      jsonPointer("linux", "resources", "unified", file),
      `unified resource ${quote(file)} ${detail}`,
    );
  };
  if (file.includes("/")) refuse("must be a file name (no slashes)");
  if (!/^[^.]+\.[^.]/.test(file)) {
    refuse("must be in the form CONTROLLER.PARAMETER");
  }
  if (NO_LIMITS.includes(file)) {
    refuse("is no limit, but a switch for the container's processes");
  }
}

/** The controller a file belongs to; `cgroup` stands for the core. */
export function controllerOf(file: string): string {
  return file.slice(0, file.indexOf("."));
}

/**
 * What to write: each line by itself, as these files take them.
 *
 * @throws {ConfigError} on a name that is not a controller's file
 */
export function unifiedWrites(
  unified: Readonly<Record<string, string>>,
): CgroupWrite[] {
  return Object.entries(unified).flatMap(([file, text]) => {
    checkName(file);
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((value) => ({ file, value }));
  });
}
