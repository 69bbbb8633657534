/**
 * The properties that a container's scope is made with: systemd.scope(5), systemd.kill(5).
 *
 * @module
 */
import type { Resources } from "../../spec/types.ts";
import type { CgroupMode } from "../layout.ts";
import type { ScopeName } from "./names.ts";
import { flag, text, type UnitProperty } from "./property.ts";

/** What a scope depends on. */
export interface ScopeOptions {
  /** The container's id. */
  readonly id: string;
  readonly name: ScopeName;
  /** Its first process. */
  readonly pid: number;
  readonly mode: CgroupMode;
  /** systemd's version. */
  readonly version: number;
  readonly resources: Resources;
  /** Rules for devices, where they are to be there from the beginning. */
  readonly devices?: readonly UnitProperty[];
  /** What annotations ask for. They come last, so they win. */
  readonly annotated: readonly UnitProperty[];
}

/** Scopes have OOMPolicy= since this version. */
const OOM_POLICY_SINCE = 253;

/** Whether one process killed for want of memory takes the others with it, as `memory.oom.group` of v2 has it. */
function oomPolicy(
  { unified = {} }: Resources,
  version: number,
): UnitProperty[] {
  const group = unified["memory.oom.group"]?.trim();
  if (group === undefined || version < OOM_POLICY_SINCE) return [];
  return [text("OOMPolicy", group === "1" ? "kill" : "continue")];
}

/**
 * The properties of a new scope.
 *
 * Delegate hands the scope's cgroup to us, controllers on, and has systemd keep out of what is below. Without
 * DefaultDependencies nothing but us stops it; systemd would at the shutdown of the machine, before all else.
 * CollectMode has it forget the unit when it has ended, even if it failed: nothing is left of a container that nobody
 * deletes.
 */
export function scopeProperties(options: ScopeOptions): UnitProperty[] {
  const { id, name, pid, mode, version, resources, annotated } = options;
  const { devices = [] } = options;
  return [
    text("Description", `nsinit container ${id}`),
    text("Slice", name.slice),
    flag("Delegate", true),
    { name: "PIDs", signature: "au", value: [pid] },
    flag("MemoryAccounting", true),
    flag("CPUAccounting", true),
    flag(mode === "v2" ? "IOAccounting" : "BlockIOAccounting", true),
    flag("TasksAccounting", true),
    flag("DefaultDependencies", false),
    text("CollectMode", "inactive-or-failed"),
    ...oomPolicy(resources, version),
    ...devices,
    ...annotated,
  ];
}
