/**
 * Changing the limits of a container that exists.
 *
 * @module
 */
import { openManager } from "../cgroups/mod.ts";
import { Journal } from "../cgroups/journal.ts";
import { StateError } from "../errors.ts";
import { Problems } from "../spec/problems.ts";
import { snapshot } from "../spec/snapshot.ts";
import type { Resources, Spec } from "../spec/types.ts";
import type { SpecHost } from "../spec/validate/context.ts";
import { resourceRules } from "../spec/validate/resources.ts";
import { askedResources, mergeResources } from "./merge_resources.ts";
import type { LogFunction } from "./options.ts";
import type { ContainerRecord, RecordDirectory } from "./record.ts";
import { statusOf } from "./status.ts";

/**
 * Changes limits; what is not mentioned stays. The caller holds the lock. When the kernel refuses one, those that were
 * changed before it are set back.
 *
 * @param given the limits, in the form that the schemas give
 * @throws {StateError} `container not running`; {ConfigError} with the field's pointer; {CgroupError} with the file
 */
export async function updateContainer(
  directory: RecordDirectory,
  record: ContainerRecord,
  given: Resources,
  log: LogFunction,
): Promise<void> {
  const status = statusOf(directory, record);
  if (status === "stopped" || status === "creating") {
    throw new StateError(directory.id, "container not running");
  }
  const changes = askedResources(given);
  if (Object.keys(changes).length === 0) return;
  const config = withResources(record.config, changes);
  check(config, record, log);
  const journal = new Journal();
  {
    using cgroup = openManager(record.cgroup, journal.open);
    try {
      const { devices } = config.linux?.resources ?? {};
      await cgroup.update(withStanding(changes, config), { devices });
    } catch (error) {
      for (const problem of journal.undo()) {
        log(
          "warning",
          `Setting back cgroup configs failed due to error: ${problem.message}, ` +
            "your state.json and actual configs might be inconsistent.",
        );
      }
      throw error;
    }
    for (const warning of cgroup.warnings) log("warning", warning);
  }
  directory.write({ ...record, config: snapshot(config) });
}

function withResources(config: Spec, changes: Resources): Spec {
  const resources = mergeResources(config.linux?.resources ?? {}, changes);
  return { ...config, linux: { ...config.linux, resources } } as Spec;
}

/** With what the configuration says of how memory is to be changed, now and later: it is no limit by itself. */
function withStanding(changes: Resources, { linux }: Spec): Resources {
  const { memory } = changes;
  const { checkBeforeUpdate } = linux?.resources?.memory ?? {};
  return memory === undefined || checkBeforeUpdate === undefined
    ? changes
    : { ...changes, memory: { ...memory, checkBeforeUpdate } };
}

/** The rules for limits: those in force and the new ones have to go together. */
function check(
  spec: Spec,
  { cgroup }: ContainerRecord,
  log: LogFunction,
): void {
  const host: SpecHost = {
    lsm: { apparmor: false, selinux: false },
    landlock: 0,
    cgroup: cgroup.mode === "none" ? "v1" : cgroup.mode,
    rootless: false,
    namespaces: [],
  };
  const problems = new Problems();
  resourceRules({ spec, host, options: {}, problems });
  problems.throwFirst();
  for (const warning of problems.warnings) log("warning", warning);
}
