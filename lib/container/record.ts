/**
 * A container's record on disk: ROOT/ID/state.json, written by rename.
 *
 * The record is written before anything else exists ("intent"), so that whatever dies, `delete --force` finds what to
 * clean. A container's status is not in it: it is derived from the process, the exec fifo and the freezer.
 *
 * @module
 */
import type { StepRecord } from "../../init/failure.ts";
import type { CgroupRecord } from "../cgroups/record.ts";
import { StateError } from "../errors.ts";
import { requireOurDirectory, requireOurFile } from "./ours.ts";
import { isRecord } from "./record_shape.ts";
import { parseJson, stringifyJson } from "../spec/json.ts";
import { textOf } from "../spec/snapshot.ts";
import type { Spec } from "../spec/types.ts";

/** Names inside a container's directory. */
export const FILES = {
  record: "state.json",
  execFifo: "exec.fifo",
  resultFifo: "result.fifo",
  hookOutput: "hook-output",
} as const;

/** The record. On disk, what runc's has too is named as there. */
export interface ContainerRecord {
  /** Version of this shape. */
  version: 1;
  id: string;
  /** Process id of init; 0 before it exists. */
  initPid: number;
  /** When init started, in clock ticks since boot: with the pid it names one process (proc_pid_stat(5)). */
  initStart: number;
  /** The process that creates the container, while it does. */
  creator?: { pid: number; start: number };
  /** When the container was created, RFC 3339. */
  created: string;
  bundle: string;
  rootfs: string;
  /** Effective user id of the creator. */
  owner: number;
  config: Spec;
  rootless: boolean;
  /** Whether its processes keep the session keyring of their callers. */
  noNewKeyring?: boolean;
  cgroup: CgroupRecord;
  /** What init does after the wait, to tell of its failures. */
  startSteps: StepRecord[];
}

/** The record as it is on disk. */
type DiskRecord =
  & Omit<ContainerRecord, "initPid" | "initStart" | "startSteps">
  & {
    "init_process_pid": number;
    "init_process_start": number;
    "start_steps": StepRecord[];
    /** For readers of runc's records. */
    "cgroup_paths": Record<string, string>;
  };

function toDisk(record: ContainerRecord): DiskRecord {
  const { initPid, initStart, startSteps, ...rest } = record;
  return {
    ...rest,
    "init_process_pid": initPid,
    "init_process_start": initStart,
    "start_steps": startSteps,
    "cgroup_paths": record.cgroup.paths,
  };
}

/** The document. A configuration whose text is known is not written anew. */
function toText(record: ContainerRecord): string {
  const config = textOf(record.config);
  if (config === undefined) return stringifyJson(toDisk(record));
  const { config: _, ...rest } = toDisk(record);
  return `${stringifyJson(rest).slice(0, -1)},"config":${config}}`;
}

function fromDisk(disk: DiskRecord): ContainerRecord {
  const {
    "init_process_pid": initPid,
    "init_process_start": initStart,
    "start_steps": startSteps,
    "cgroup_paths": _,
    ...rest
  } = disk;
  return { ...rest, initPid, initStart, startSteps };
}

const ID = /^[\w+.-]+$/;
const MAX_ID = 1024;
/** As large as a record may be, in bytes: configurations have some kilobytes. */
const MAX_SIZE = 64 << 20;

/**
 * Checks an id: letters, digits, `_`, `+`, `-`, `.`; not `.` or `..`.
 *
 * @throws {StateError} with the text `invalid container ID format` that runc's callers know
 */
export function checkId(id: string): void {
  if (id === "") throw new StateError(id, "container ID cannot be empty");
  if (!ID.test(id) || id === "." || id === ".." || id.length > MAX_ID) {
    throw new StateError(
      id,
      `invalid container ID format: ${JSON.stringify(id)}`,
    );
  }
}

/** A container's directory on disk. */
export class RecordDirectory {
  readonly id: string;
  readonly path: string;
  /** What was read or written last, and what the file was then. */
  #known:
    | { readonly record: ContainerRecord; readonly stamp: string }
    | undefined;

  constructor(root: string, id: string) {
    checkId(id);
    this.id = id;
    this.path = `${root}/${id}`;
  }

  /** Path of one of its files. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /**
   * Makes the directory.
   *
   * @throws {StateError} if the id is taken
   */
  make(): void {
    try {
      Deno.mkdirSync(this.path, { mode: 0o711 });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) {
        throw new StateError(this.id, describe("make", this.path, error));
      }
      throw this.taken();
    }
  }

  /** The error for an id that is taken, in runc's words. */
  taken(): StateError {
    return new StateError(this.id, "container with given ID already exists");
  }

  /**
   * Writes the record: whole, or not at all.
   *
   * @param replace puts a file in the place of another in one step
   */
  write(
    record: ContainerRecord,
    replace: (from: string, to: string) => void = Deno.renameSync,
  ): void {
    const temporary = this.file(`.${FILES.record}.tmp`);
    try {
      const text = toText(record);
      Deno.writeTextFileSync(temporary, text, { mode: 0o600 });
      const stamp = stampOf(Deno.statSync(temporary));
      replace(temporary, this.file(FILES.record));
      this.#known = { record: { ...record }, stamp };
    } catch (error) {
      throw new StateError(
        this.id,
        describe("write", this.file(FILES.record), error),
        { cause: error },
      );
    }
  }

  /**
   * Reads the record.
   *
   * @throws {StateError} `container does not exist`, or what is wrong with the file; {UntrustedStateError} if somebody
   * else may have written it
   */
  read(): ContainerRecord {
    const path = this.file(FILES.record);
    let text: string;
    try {
      requireOurDirectory(this.id, this.path);
      const info = requireOurFile(this.id, path);
      const known = this.#known;
      if (known?.stamp === stampOf(info)) return { ...known.record };
      text = readSame(path, info);
    } catch (error) {
      if (error instanceof StateError) throw error;
      if (error instanceof Deno.errors.NotFound) {
        throw new StateError(this.id, "container does not exist");
      }
      throw new StateError(this.id, describe("read", path, error), {
        cause: error,
      });
    }
    try {
      const disk = parseJson(text);
      if (isRecord(disk)) {
        const record = fromDisk(disk as DiskRecord);
        if (record.id === this.id) return record;
      }
    } catch {
      // Said below: a file of another version, or half of one, is as good as none.
    }
    throw new StateError(
      this.id,
      `cannot use ${path}: it is no record of this container; delete --force removes it`,
    );
  }

  /** Removes the directory with all in it. */
  remove(): void {
    try {
      Deno.removeSync(this.path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        throw new StateError(this.id, describe("remove", this.path, error));
      }
    }
  }

  /** True if the directory is there. */
  exists(): boolean {
    return exists(this.path);
  }

  /**
   * Takes the container's lock, waiting for it. It is let go when the result is disposed of, or this process ends.
   *
   * @throws {StateError} `container does not exist`
   */
  async lock(): Promise<Disposable> {
    let directory: Deno.FsFile;
    try {
      directory = Deno.openSync(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        throw new StateError(this.id, "container does not exist");
      }
      throw new StateError(this.id, describe("open", this.path, error), {
        cause: error,
      });
    }
    try {
      // Who has it may be another call of this program, which must go on meanwhile.
      if (!directory.tryLockSync(true)) await directory.lock(true);
    } catch (error) {
      directory.close();
      throw error;
    }
    return { [Symbol.dispose]: () => directory.close() };
  }
}

/** Tells a file from those that were at its place before: each write makes a new one. */
function stampOf({ ino, size, mtime }: Deno.FileInfo): string {
  return `${ino} ${size} ${mtime?.getTime()}`;
}

/** Reads the file that was looked at, and no other that has taken its place. */
function readSame(path: string, { ino, dev }: Deno.FileInfo): string {
  using file = Deno.openSync(path);
  const { ino: opened, dev: device, size } = file.statSync();
  if (opened !== ino || device !== dev) throw new Error("it was exchanged");
  if (size > MAX_SIZE) {
    throw new Error(`it has ${size} bytes, more than ${MAX_SIZE}`);
  }
  const bytes = new Uint8Array(size);
  let length = 0;
  for (let read: number | null = 1; read && length < size; length += read) {
    read = file.readSync(bytes.subarray(length)) ?? 0;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

/** True if there is something at `path`. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function describe(verb: string, path: string, error: unknown): string {
  return `cannot ${verb} ${path}: ${
    error instanceof Error ? error.message : String(error)
  }`;
}
