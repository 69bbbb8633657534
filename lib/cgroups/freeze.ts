/**
 * Freezing a container's processes, and thawing them, with an answer when it is done.
 *
 * @module
 */
import { AT_FDCWD, O_RDONLY } from "../../ffi/abi/fcntl.ts";
import { openIn } from "../../ffi/fs.ts";
import { pause, waitForNews } from "../../ffi/poll.ts";
import { readKernelFile, rereadKernelFile } from "../../ffi/read_file.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { CgroupError } from "../errors.ts";
import { failure, writeFailure } from "./_explain.ts";
import {
  type FreezerState,
  freezerStateV1,
  freezerStateV2,
} from "./freezer.ts";
import { readerOf } from "./apply.ts";
import {
  type CgroupPart,
  type CgroupRecord,
  type OpenHierarchy,
  partsOf,
} from "./record.ts";

/** How long a process may take to come to rest: one that waits for a disk or a network file system does not. */
const TIMEOUT_MS = 10_000;
const MAX_PAUSE_MS = 20;

/** How to freeze. */
export interface FreezeOptions {
  /** How long to wait, in milliseconds. @default {10000} */
  readonly timeoutMs?: number;
  /** Tells of processes what they wait for, for the message. */
  readonly describe?: (directory: string) => string;
  /** Opens the hierarchies; the real ones by default. */
  readonly open?: OpenHierarchy | undefined;
}

/** The directory that freezes: on a hybrid host, too, the one of v1, for whoever looks at a container looks there. */
function freezerOf(record: CgroupRecord, open?: OpenHierarchy): CgroupPart {
  const controller = record.mode === "v2" ? "" : "freezer";
  const part = partsOf(record, open).find(({ controllers }) =>
    controllers.includes(controller)
  );
  if (part !== undefined) return part;
  throw new CgroupError(
    "freezer",
    "Cannot freeze the container: it has no cgroup of the freezer; mount the controller on /sys/fs/cgroup/freezer, " +
      "and make the container with the right to use it",
  );
}

/**
 * Freezes all processes of a container, and waits until they are frozen. If they can't all be, they are thawed again.
 *
 * @throws {CgroupError} if there is no freezer, or the time is up; it names what does not come to rest
 */
export async function freeze(
  record: CgroupRecord,
  { timeoutMs = TIMEOUT_MS, describe, open }: FreezeOptions = {},
): Promise<void> {
  const part = freezerOf(record, open);
  using _files = closing(part);
  const isDone = record.mode === "v2"
    ? await freezeV2(part, timeoutMs)
    : await freezeV1(part, timeoutMs);
  if (isDone) return;
  await thawPart(record.mode, part);
  const detail = describe?.(part.path) ?? "";
  throw new CgroupError(
    part.path,
    `Cannot freeze ${part.path}: not all of its processes come to rest in ${timeoutMs} ms${
      detail && `: ${detail}`
    }; they go on`,
  );
}

/**
 * Thaws all processes of a container. One that is also frozen by a cgroup above stays so.
 *
 * @throws {CgroupError} if there is no freezer
 */
export async function thaw(
  record: CgroupRecord,
  { open }: Pick<FreezeOptions, "open"> = {},
): Promise<void> {
  const part = freezerOf(record, open);
  using _files = closing(part);
  await thawPart(record.mode, part);
}

/**
 * The cgroup above a container's that keeps it frozen, whatever the container's own says: on v1 such a process does not
 * die of SIGKILL. Undefined if there is none, and on v2, where it does.
 */
export function frozenFromAbove(record: CgroupRecord): string | undefined {
  const { mode, paths, mountPoints } = record;
  const [path, mountPoint] = [paths["freezer"], mountPoints["freezer"]];
  if (mode === "v2" || path === undefined || mountPoint === undefined) {
    return undefined;
  }
  const isOn = (directory: string, file: string): boolean =>
    readKernelFile(`${directory}/freezer.${file}`)?.trim() === "1";
  if (!isOn(path, "parent_freezing")) return undefined;
  let up = path;
  while (up.length > mountPoint.length) {
    up = up.slice(0, up.lastIndexOf("/"));
    if (isOn(up, "self_freezing")) return up;
  }
  return undefined;
}

function closing({ files }: CgroupPart): Disposable {
  return { [Symbol.dispose]: () => files.close() };
}

function write(
  { files, directory }: CgroupPart,
  file: string,
  value: string,
): void {
  try {
    files.write(`${directory}/${file}`, value);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw writeFailure(files, directory, { file, value }, error);
  }
}

async function thawPart(
  mode: CgroupRecord["mode"],
  part: CgroupPart,
): Promise<void> {
  if (mode === "v2") return write(part, "cgroup.freeze", "0");
  write(part, "freezer.state", "THAWED");
  // It is thawed at once, unless it was just being frozen.
  await until(TIMEOUT_MS, () => stateV1(part) !== "freezing");
}

function stateV1({ files, directory }: CgroupPart): FreezerState {
  return freezerStateV1(readerOf(files, directory));
}

/** The kernel goes on trying when it is asked again, and reads its state anew. */
async function freezeV1(
  part: CgroupPart,
  timeoutMs: number,
): Promise<boolean> {
  return await until(timeoutMs, () => {
    write(part, "freezer.state", "FROZEN");
    return stateV1(part) === "frozen";
  });
}

async function until(
  timeoutMs: number,
  isDone: () => boolean,
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (let ms = 1; !isDone(); ms = Math.min(2 * ms, MAX_PAUSE_MS)) {
    if (performance.now() >= end) return false;
    await pause(ms);
  }
  return true;
}

/** v2 tells in cgroup.events when all are frozen. */
async function freezeV2(
  part: CgroupPart,
  timeoutMs: number,
): Promise<boolean> {
  const path = `${part.path}/cgroup.events`;
  const end = performance.now() + timeoutMs;
  try {
    using events = openIn(AT_FDCWD, path, O_RDONLY);
    write(part, "cgroup.freeze", "1");
    for (;;) {
      rereadKernelFile(events);
      const state = freezerStateV2(readerOf(part.files, part.directory));
      if (state === "frozen") return true;
      const left = end - performance.now();
      if (left <= 0) return false;
      await waitForNews([{ fd: events, kind: "change" }], left);
    }
  } catch (error) {
    if (error instanceof SyscallError) throw failure("watch", path, error);
    throw error;
  }
}
