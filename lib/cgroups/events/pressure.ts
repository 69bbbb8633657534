/**
 * Want of memory in a container, before anybody is killed for it.
 *
 * @module
 */
import { readKernelFile } from "../../../ffi/read_file.ts";
import { CgroupError } from "../../errors.ts";
import { memoryCgroup } from "../oom/counters.ts";
import type { CgroupRecord } from "../record.ts";
import { parsePressure } from "../stats/pressure.ts";
import type { PressureStats } from "../stats/types.ts";
import { End } from "./end.ts";
import { nextNews } from "./next_news.ts";
import { counterSource, pressureSource, type Source } from "./source.ts";
import { Watch } from "./watch.ts";

/**
 * How great the want is. On v1 the kernel decides (cgroup-v1/memory.rst, "Memory Pressure"): `low`, memory is being
 * reclaimed; `medium`, it costs; `critical`, somebody is about to be killed. On v2 it is the share of time that some
 * process waited for memory: 5 % and 20 % of the last two seconds; `critical`: 20 % of the time all of them did.
 */
export type PressureLevel = "low" | "medium" | "critical";

/** An event of {@linkcode watchPressure}. */
export interface PressureEvent {
  /** The level that was asked for: it was reached, or a higher one. */
  readonly level: PressureLevel;
  /** How long processes have waited, where the kernel counts it. */
  readonly pressure?: PressureStats;
}

/** Microseconds of the last two seconds. */
const TRIGGERS: Readonly<Record<PressureLevel, string>> = {
  low: "some 100000 2000000",
  medium: "some 400000 2000000",
  critical: "full 400000 2000000",
};

/**
 * Watches a container for want of memory, from now on. It ends with the container.
 *
 * @param initPid the container's first process
 * @throws {CgroupError} if the container has no memory cgroup, or the kernel does not tell
 */
export function watchPressure(
  record: CgroupRecord,
  initPid: number,
  level: PressureLevel,
): Watch<PressureEvent> {
  const source = sourceOf(record, level);
  let end: End;
  try {
    end = new End(record, initPid);
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
  const unified = record.paths[""];
  const file = unified === undefined ? undefined : `${unified}/memory.pressure`;
  return new Watch(pressureEvents(source, end, level, file), () => {
    source[Symbol.dispose]();
    end[Symbol.dispose]();
  });
}

function sourceOf(record: CgroupRecord, level: PressureLevel): Source {
  const cgroup = memoryCgroup(record);
  if (cgroup === undefined) {
    throw new CgroupError(
      "memory",
      "Cannot watch the container's memory: it has no memory cgroup",
    );
  }
  return cgroup.version === 2
    ? pressureSource(`${cgroup.path}/memory.pressure`, TRIGGERS[level])
    : counterSource(cgroup.path, "memory.pressure_level", level);
}

async function* pressureEvents(
  source: Source,
  end: End,
  level: PressureLevel,
  file: string | undefined,
): AsyncGenerator<PressureEvent, void, void> {
  for (;;) {
    const { isTold, isOver } = await nextNews(source, end, -1);
    // v1 tells of a cgroup's end in the same way.
    if (isOver) return;
    if (!isTold) continue;
    const text = file === undefined ? undefined : readKernelFile(file);
    const pressure = parsePressure(text);
    yield { level, ...(pressure === undefined ? {} : { pressure }) };
  }
}
