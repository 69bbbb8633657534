/**
 * Who ran out of memory: the kernel's log is asked first, which names the cgroup and the process, then its counters.
 *
 * @module
 */
import {
  type KernelLogLine,
  kernelLogTimeUs,
  readKernelLog,
} from "../../../ffi/kernel_log.ts";
import type { CgroupRecord } from "../record.ts";
import {
  ancestors,
  descendants,
  limitOf,
  type MemoryCgroup,
  memoryCgroup,
  oomKills,
  timesReached,
} from "./counters.ts";
import { type OomLogEntry, parseOomLog, positionOf } from "./log.ts";
import type { OomReport } from "./types.ts";

/** What a report is made from. */
export interface OomQuestion {
  /** How many were killed; asked of the kernel if it is not given. */
  readonly killed?: number | undefined;
  /** What happened earlier is not of interest: milliseconds as `Date.now()` has them. */
  readonly sinceMs?: number | undefined;
  /** How often limits had been reached before, by directory. */
  readonly before?: ReadonlyMap<string, number>;
  /** Reads the log; tests give one. */
  readonly readLog?: () => readonly KernelLogLine[] | undefined;
}

/** The clocks of the log and of dates are not compared to the microsecond. */
const SLACK_MS = 1000;

type Found = Omit<OomReport, "killed">;

/**
 * Tells what is known of processes of a container that were killed for want of memory.
 *
 * @returns undefined if nobody was killed, or nobody counts
 * @throws {SyscallError} if a file can't be read
 */
export function oomReport(
  record: CgroupRecord,
  question: OomQuestion = {},
): OomReport | undefined {
  const cgroup = memoryCgroup(record);
  if (cgroup === undefined) return undefined;
  const killed = question.killed ?? oomKills(cgroup);
  if (killed === 0 && question.killed === undefined) return undefined;
  const found = fromLog(cgroup, killed, question) ??
    fromCounters(cgroup, question.before ?? new Map());
  return { killed, ...found };
}

/** The latest entries about the container, for as many processes as were killed. */
function fromLog(
  cgroup: MemoryCgroup,
  killed: number,
  { sinceMs, readLog = readKernelLog }: OomQuestion,
): Found | undefined {
  const lines = readLog();
  if (lines === undefined || killed === 0) return undefined;
  const since = sinceMs === undefined
    ? 0
    : kernelLogTimeUs() - (Date.now() - sinceMs + SLACK_MS) * 1000;
  const directory = cgroup.path.slice(cgroup.mountPoint.length + 1);
  const entries = parseOomLog(lines).filter((entry) =>
    entry.timeUs >= since &&
    positionOf(entry.taskCgroup, directory) !== undefined
  );
  const last = entries.at(-1);
  if (last === undefined) return undefined;
  const processes = entries.flatMap(({ victims }) => victims).slice(-killed);
  return {
    ...placeOf(cgroup, directory, last),
    processes,
    source: "log",
  };
}

/** Whose limit an entry is about. */
function placeOf(
  cgroup: MemoryCgroup,
  directory: string,
  { limitCgroup, taskCgroup }: OomLogEntry,
): Pick<OomReport, "level" | "cgroup" | "limitBytes"> {
  if (limitCgroup === undefined || limitCgroup === "/") {
    return { level: "host" };
  }
  const place = positionOf(limitCgroup, directory);
  if (place?.behind === "") return withLimit("container", cgroup, cgroup.path);
  if (place !== undefined) {
    return withLimit("descendant", cgroup, `${cgroup.path}${place.behind}`);
  }
  // What stands before the container's directory in the log is what lies above the mount point.
  const { before } = positionOf(taskCgroup, directory)!;
  return limitCgroup.startsWith(`${before}/`)
    ? withLimit(
      "ancestor",
      cgroup,
      `${cgroup.mountPoint}${limitCgroup.slice(before.length)}`,
    )
    : { level: "ancestor", cgroup: limitCgroup };
}

function withLimit(
  level: OomReport["level"],
  { version }: MemoryCgroup,
  path: string,
): Pick<OomReport, "level" | "cgroup" | "limitBytes"> {
  const limit = limitOf(version, path);
  return {
    level,
    cgroup: path,
    ...(limit === undefined ? {} : { limitBytes: limit }),
  };
}

/**
 * Without a log: the container's own limit if it was reached, else one below, else the nearest above that was reached.
 * If there is none, it was the host's memory.
 */
function fromCounters(
  cgroup: MemoryCgroup,
  before: ReadonlyMap<string, number>,
): Found {
  const { version, path } = cgroup;
  const wasReached = (directory: string): boolean =>
    (timesReached(version, directory) ?? 0) > (before.get(directory) ?? 0);
  const found = (
    level: OomReport["level"],
    directory: string | undefined,
  ): Found | undefined =>
    directory === undefined ? undefined : {
      ...withLimit(level, cgroup, directory),
      processes: [],
      source: "counters",
    };
  const isThere = timesReached(version, path) !== undefined;
  return found("container", [path].find(wasReached)) ??
    found("descendant", descendants(path).find(wasReached)) ??
    found("ancestor", ancestors(cgroup).find(wasReached)) ??
    { level: isThere ? "host" : "unknown", processes: [], source: "counters" };
}

/** How often the limits of a container and of those above were reached up to now, for a later report. */
export function reachedNow(record: CgroupRecord): Map<string, number> {
  const cgroup = memoryCgroup(record);
  const found = new Map<string, number>();
  if (cgroup === undefined) return found;
  for (const directory of [cgroup.path, ...ancestors(cgroup)]) {
    found.set(directory, timesReached(cgroup.version, directory) ?? 0);
  }
  return found;
}
