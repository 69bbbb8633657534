/**
 * Processes of a container that the kernel kills for want of memory, as they are killed.
 *
 * @module
 */
import { pause } from "../../../ffi/poll.ts";
import { CgroupError } from "../../errors.ts";
import {
  limitOf,
  type MemoryCgroup,
  memoryCgroup,
  oomKills,
  readTable,
} from "../oom/counters.ts";
import { oomReport, reachedNow } from "../oom/report.ts";
import type { OomReport } from "../oom/types.ts";
import type { CgroupRecord } from "../record.ts";
import { End } from "./end.ts";
import { nextNews } from "./next_news.ts";
import { counterSource, fileSource, type Source } from "./source.ts";
import { Watch } from "./watch.ts";

/** v1 tells nobody when the host runs out of memory, but counts: so its counter is looked at this often. */
const LOOK_MS = 2000;
/** That a limit was reached is told before somebody is killed for it, who then is counted soon. */
const KILL_PAUSES_MS = [1, 2, 5, 10, 20, 50];

/** What has been counted. */
interface Counts {
  readonly killed: number;
  /** How often a limit was reached and somebody had to be killed, or all had to wait. */
  readonly reached: number;
}

function countsOf(cgroup: MemoryCgroup): Counts {
  const { version, path } = cgroup;
  if (version === 2) {
    const events = readTable(`${path}/memory.events`) ?? {};
    return { killed: events["oom_kill"] ?? 0, reached: events["oom"] ?? 0 };
  }
  // Without a killer, processes stand still until there is memory.
  const control = readTable(`${path}/memory.oom_control`) ?? {};
  const standStill = control["oom_kill_disable"] === 1 &&
    control["under_oom"] === 1 && limitOf(version, path) !== undefined;
  return { killed: oomKills(cgroup), reached: standStill ? 1 : 0 };
}

/**
 * Watches a container for processes that the kernel kills for want of memory, from now on. It ends with the container.
 *
 * On v1 the kernel tells of the memory of cgroups above, too; that is no event of this container's unless one of its
 * processes is killed for it.
 *
 * @param initPid the container's first process
 * @throws {CgroupError} if the container has no memory cgroup, or it can't be watched
 */
export function watchOom(
  record: CgroupRecord,
  initPid: number,
): Watch<OomReport> {
  const cgroup = memoryCgroup(record);
  if (cgroup === undefined) {
    throw new CgroupError(
      "memory",
      "Cannot watch the container's memory: it has no memory cgroup",
    );
  }
  const { version, path } = cgroup;
  const source = version === 2
    ? fileSource(`${path}/memory.events`)
    : counterSource(path, "memory.oom_control");
  let end: End;
  try {
    end = new End(record, initPid);
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
  const close = (): void => {
    source[Symbol.dispose]();
    end[Symbol.dispose]();
  };
  // What has been counted up to now is no event.
  const from = countsOf(cgroup);
  const before = reachedNow(record);
  return new Watch(
    oomEvents({ record, cgroup, source, end, from, before }),
    close,
  );
}

interface OomWatch {
  readonly record: CgroupRecord;
  readonly cgroup: MemoryCgroup;
  readonly source: Source;
  readonly end: End;
  readonly from: Counts;
  readonly before: ReadonlyMap<string, number>;
}

async function* oomEvents(
  { record, cgroup, source, end, from, before }: OomWatch,
): AsyncGenerator<OomReport, void, void> {
  let [last, since, reached] = [from, Date.now(), before];
  for (let isOver = false; !isOver;) {
    const lookMs = cgroup.version === 1 ? LOOK_MS : -1;
    const heard = await nextNews(source, end, lookMs);
    isOver = heard.isOver;
    const now = await settled(cgroup, last, heard.isTold && !isOver);
    const killed = now.killed - last.killed;
    if (killed > 0 || now.reached > last.reached) {
      const at = Date.now();
      const question = { killed, sinceMs: since, before: reached };
      const report = oomReport(record, question);
      reached = reachedNow(record);
      since = at;
      last = now;
      if (report !== undefined) yield report;
    }
    last = now;
  }
}

/**
 * The counts, when whoever is to be killed has been. A cgroup that is gone has counted what it had before.
 *
 * @param isTold whether the kernel has just told of something
 */
async function settled(
  cgroup: MemoryCgroup,
  last: Counts,
  isTold: boolean,
): Promise<Counts> {
  let now = countsOf(cgroup);
  for (const pauseMs of KILL_PAUSES_MS) {
    const isDone = now.killed > last.killed ||
      cgroup.version === 2 && now.reached === last.reached;
    if (isDone || !isTold) break;
    await pause(pauseMs);
    now = countsOf(cgroup);
  }
  return {
    killed: Math.max(now.killed, last.killed),
    reached: cgroup.version === 2
      ? Math.max(now.reached, last.reached)
      : now.reached,
  };
}
