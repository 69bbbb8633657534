/**
 * What would be asked of systemd for a container.
 *
 * @module
 */
import type { BusValue } from "../../../ffi/bus_message.ts";
import type { Resources } from "../../spec/types.ts";
import type { CgroupLayout } from "../layout.ts";
import { type CgroupStep, planCgroups } from "../plan/plan.ts";
import type { OpenHierarchy, ScopeRecord } from "../record.ts";
import { readNothing } from "../write.ts";
import { annotatedProperties } from "./annotations.ts";
import { scopeChange } from "./change.ts";
import type { UnitProperty } from "./property.ts";
import { newScopeRecord, type ScopeLocation } from "./record.ts";
import { scopeProperties } from "./scope.ts";

/** What a plan depends on. */
export interface ScopePlanOptions extends ScopeLocation {
  readonly resources: Resources;
  readonly owner?: number | undefined;
  /** Gives the hierarchies, which are only read; the real ones by default. */
  readonly open?: OpenHierarchy;
}

/** A plan. */
export interface ScopePlan {
  /** Where the cgroup would be, below each hierarchy's mount point. */
  readonly path: string;
  readonly steps: readonly CgroupStep[];
}

/** A systemd that knows every property: which one will be there, a plan does not ask. */
const VERSION = Infinity;

/** A value, nearly as GVariant's text format has it. */
function textOf(value: BusValue): string {
  if (typeof value === "string") return `'${value}'`;
  if (Array.isArray(value)) {
    return `[${(value as readonly BusValue[]).map(textOf).join(", ")}]`;
  }
  return String(value);
}

function step(unit: string, { name, value }: UnitProperty): CgroupStep {
  return { call: "systemd", path: unit, value: `${name}=${textOf(value)}` };
}

/** What systemd makes by itself: the directory, and the way of the controllers to it. */
function isMadeBySystemd({ call, path }: CgroupStep): boolean {
  return call === "mkdir" || path.endsWith("/cgroup.subtree_control");
}

/**
 * Plans a container's scope: its properties, and then what is done through the cgroup's files. Needs no systemd.
 *
 * @throws {ConfigError} or {@linkcode CgroupError}, as the creation of the container would for what can be known before
 */
export function planScope(
  layout: CgroupLayout,
  options: ScopePlanOptions,
): ScopePlan {
  const { mode } = layout;
  const { id, annotations, resources, owner, open } = options;
  const record = newScopeRecord(layout, options, true);
  const scope: ScopeRecord = record.systemd!;
  const change = scopeChange(
    { mode, version: VERSION, user: scope.user ?? false },
    { resources, devices: true },
    () => readNothing,
  );
  const made = scopeProperties({
    id,
    name: scope,
    pid: 0,
    mode,
    version: VERSION,
    resources,
    annotated: annotatedProperties(annotations),
  }).filter(({ name }) => name !== "PIDs");
  const files = planCgroups(layout, {
    id,
    cgroupsPath: scope.path,
    resources: change.resources,
    owner,
    ...(open === undefined ? {} : { open }),
  });
  return {
    path: scope.path,
    steps: [
      ...[...made, ...change.properties].map((each) => step(scope.unit, each)),
      ...files.filter((each) => mode !== "v2" || !isMadeBySystemd(each)),
    ],
  };
}
