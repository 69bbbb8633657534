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
  hasBeenFull,
  limitOf,
  type MemoryCgroup,
  memoryCgroup,
  oomKills,
  timesReached,
} from "./counters.ts";
import { nameBehind, type OomLogEntry, parseOomLog } from "./log.ts";
import { logRoot } from "./log_root.ts";
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
  /** What stands in the log before a path below the mount point; tests give it. */
  readonly root?: string | undefined;
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
  question: OomQuestion,
): Found | undefined {
  const { sinceMs, readLog = readKernelLog } = question;
  if (killed === 0) return undefined;
  const root = question.root ?? logRoot(cgroup.mountPoint);
  const lines = root === undefined ? undefined : readLog();
  if (root === undefined || lines === undefined) return undefined;
  const since = sinceMs === undefined
    ? 0
    : kernelLogTimeUs() - (Date.now() - sinceMs + SLACK_MS) * 1000;
  const name = root + cgroup.path.slice(cgroup.mountPoint.length);
  const entries = parseOomLog(lines).filter((entry) =>
    entry.timeUs >= since && nameBehind(entry.taskCgroup, name) !== undefined
  );
  const last = entries.at(-1);
  if (last === undefined) return undefined;
  const processes = entries.flatMap(({ victims }) => victims).slice(-killed);
  return { ...placeOf(cgroup, { root, name }, last), processes, source: "log" };
}

/** Whose limit an entry is about. */
function placeOf(
  cgroup: MemoryCgroup,
  { root, name }: { readonly root: string; readonly name: string },
  { limitCgroup }: OomLogEntry,
): Pick<OomReport, "level" | "cgroup" | "limitBytes"> {
  if (limitCgroup === undefined || limitCgroup === "/") {
    return { level: "host" };
  }
  const inside = nameBehind(limitCgroup, name);
  if (inside !== undefined) {
    const level = inside === "" ? "container" : "descendant";
    return withLimit(level, cgroup, `${cgroup.path}${inside}`);
  }
  // One that lies above what is mounted has no path here.
  const above = nameBehind(limitCgroup, root);
  return above === undefined || above === ""
    ? { level: "ancestor", cgroup: limitCgroup }
    : withLimit("ancestor", cgroup, `${cgroup.mountPoint}${above}`);
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
    (timesReached(version, directory) ?? 0) > (before.get(directory) ?? 0) ||
    version === 1 && hasBeenFull(directory);
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
