/**
 * A container's status, derived: from its process, the exec fifo, and the freezer.
 *
 * @module
 */
import type { CgroupRecord } from "../cgroups/record.ts";
import type { StateDocument } from "../spec/state.ts";
import { SPEC_VERSION } from "../version.ts";
import {
  type ContainerRecord,
  exists,
  FILES,
  type RecordDirectory,
} from "./record.ts";

/** The states: those of the specification, and paused. */
export type ContainerStatus = StateDocument["status"];

/** What `state` and `list` show: the state of the specification, and what runc adds. */
export interface ContainerState extends StateDocument {
  /** Process id of init; 0 when it does not run. */
  pid: number;
  /** Path of the root file system on the host. */
  rootfs: string;
  /** When the container was created, RFC 3339. */
  created: string;
  /** Empty in `state`; the creator's user id in `list`. */
  owner: string;
}

/** What is worth knowing of /proc/PID/stat. */
export interface ProcessStat {
  readonly state: string;
  readonly startTime: number;
}

/** Reads /proc/PID/stat (proc_pid_stat(5)); undefined if there is no such process. */
export function processStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch {
    return undefined;
  }
  // The name in parentheses may hold anything: the fields start behind the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "X", startTime: Number(fields[19]) };
}

/** True if the container's init runs: the process of that id, started at that time, and no zombie. */
export function initRuns(record: ContainerRecord): boolean {
  return record.initPid !== 0 && isAlive(record.initPid, record.initStart);
}

/** The status of a container. */
export function statusOf(
  directory: RecordDirectory,
  record: ContainerRecord,
): ContainerStatus {
  if (!initRuns(record)) {
    return record.initPid === 0 && isBeingCreated(record)
      ? "creating"
      : "stopped";
  }
  if (isFrozen(record.cgroup)) return "paused";
  return exists(directory.file(FILES.execFifo)) ? "created" : "running";
}

/** The state document of a container, in the order of runc's. */
export function stateOf(
  directory: RecordDirectory,
  record: ContainerRecord,
): ContainerState {
  const status = statusOf(directory, record);
  const { annotations } = record.config;
  return {
    ociVersion: SPEC_VERSION,
    id: record.id,
    pid: status === "stopped" || status === "creating" ? 0 : record.initPid,
    status,
    bundle: record.bundle,
    rootfs: record.rootfs,
    created: record.created,
    ...(annotations === undefined || Object.keys(annotations).length === 0
      ? {}
      : { annotations }),
    owner: "",
  };
}

function isBeingCreated({ creator }: ContainerRecord): boolean {
  return creator !== undefined && isAlive(creator.pid, creator.start);
}

/** True if process `pid` is the one that started at `start`, and no zombie. */
function isAlive(pid: number, start: number): boolean {
  const stat = processStat(pid);
  return stat !== undefined && stat.startTime === start &&
    !"ZX".includes(stat.state);
}

function isFrozen({ mode, paths }: CgroupRecord): boolean {
  const path = mode === "v2" ? paths[""] : paths["freezer"];
  if (path === undefined) return false;
  try {
    const text = Deno.readTextFileSync(
      `${path}/${mode === "v2" ? "cgroup.freeze" : "freezer.state"}`,
    ).trim();
    return text === "1" || text === "FROZEN" || text === "FREEZING";
  } catch {
    return false;
  }
}
