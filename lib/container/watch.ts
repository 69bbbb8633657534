/**
 * What happens to a container's memory, as it happens.
 *
 * @module
 */
import { watchOom } from "../cgroups/events/oom.ts";
import {
  type PressureEvent,
  type PressureLevel,
  watchPressure,
} from "../cgroups/events/pressure.ts";
import type { Watch } from "../cgroups/events/watch.ts";
import type { OomReport } from "../cgroups/oom/types.ts";
import { StateError } from "../errors.ts";
import type { ContainerRecord } from "./record.ts";
import { initRuns } from "./status.ts";

function checkRuns(record: ContainerRecord): void {
  if (initRuns(record)) return;
  throw new StateError(
    record.id,
    `container with id ${record.id} is not running`,
  );
}

/** See `Container.oomEvents()`. */
export function oomEvents(record: ContainerRecord): Watch<OomReport> {
  checkRuns(record);
  return watchOom(record.cgroup, record.initPid);
}

/** See `Container.memoryPressure()`. */
export function memoryPressure(
  record: ContainerRecord,
  level: PressureLevel,
): Watch<PressureEvent> {
  checkRuns(record);
  return watchPressure(record.cgroup, record.initPid, level);
}
