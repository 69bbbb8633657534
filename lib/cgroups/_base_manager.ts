/**
 * What the managers of both cgroup versions have in common.
 *
 * @module
 */
import { pause } from "../../ffi/poll.ts";
import { CgroupError } from "../errors.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import type { Resources } from "../spec/types.ts";
import { failure } from "./_explain.ts";
import { isErrno } from "./files.ts";
import type { FreezerState } from "./freezer.ts";
import { pidsOf } from "./processes.ts";
import {
  type CgroupPart,
  type CgroupRecord,
  copyRecord,
  type OpenHierarchy,
  partsOf,
} from "./record.ts";
import { emptyCgroup, removeCgroup, removeOne } from "./removal.ts";

/** How a manager is made. */
export interface ManagerOptions {
  /** False: if there is no permission to make it, the container does without. */
  readonly required: boolean;
  /** Opens the hierarchies; the real ones by default. */
  readonly open?: OpenHierarchy;
}

/** A directory that was made just now. */
export interface MadeDirectory {
  readonly part: CgroupPart;
  /** Relative to the mount point. */
  readonly directory: string;
}

const KILL_TIMEOUT_MS = 10_000;
const MAX_PAUSE_MS = 50;

/** Errors that only say: you may not. */
export function isPermission(error: unknown): boolean {
  const cause = error instanceof CgroupError ? error.cause : error;
  return isErrno(cause, "EACCES", "EPERM", "EROFS");
}

/** Nothing was asked of a container that does without cgroups; what is asked now can't be had. */
function noCgroup(resources: Resources): CgroupError {
  const asked = Object.keys(resources).join(", ");
  const text =
    `cannot update ${asked}: the container has no cgroup; create it where it may have one`;
  return new CgroupError("", text);
}

/** A manager's part that does not depend on the version. */
export abstract class BaseManager {
  readonly #warnings: string[] = [];
  readonly #dropped: {
    readonly controllers: readonly string[];
    readonly path: string;
    readonly reason: string;
  }[] = [];
  #parts: CgroupPart[];
  protected readonly record: CgroupRecord;
  protected readonly required: boolean;

  constructor(record: CgroupRecord, options: ManagerOptions) {
    this.record = copyRecord(record);
    this.required = options.required;
    this.#parts = partsOf(record, options.open);
  }

  get paths(): Readonly<Record<string, string>> {
    return this.record.paths;
  }

  get warnings(): readonly string[] {
    return [...this.#withoutThese(), ...this.#warnings];
  }

  /** One line for all that were dropped: v1 has ten hierarchies, and nearly always one reason. */
  #withoutThese(): string[] {
    const [first, ...others] = this.#dropped;
    if (first === undefined) return [];
    if (others.length > 0 && this.#parts.length === 0) {
      return [
        `the container runs without cgroups: ${first.reason} (and ${others.length} more)`,
      ];
    }
    const noun = others.length === 0 ? "cgroup" : "cgroups";
    const paths = this.#dropped.map(({ path }) => path).join(", ");
    return [`the container runs without the ${noun} ${paths}: ${first.reason}`];
  }

  protected get parts(): readonly CgroupPart[] {
    return this.#parts;
  }

  protected warn(text: string): void {
    this.#warnings.push(text);
  }

  /** The directory of a controller. */
  protected partOf(controller: string): CgroupPart | undefined {
    return this.#parts.find((part) => part.controllers.includes(controller));
  }

  /** The directory that stands for all where one must do. */
  protected abstract get main(): CgroupPart | undefined;

  /** Goes on without a directory that there is no permission for. */
  protected drop(part: CgroupPart, error: unknown): void {
    this.#parts = this.#parts.filter((other) => other !== part);
    for (const controller of part.controllers) {
      delete this.record.paths[controller];
      delete this.record.mountPoints[controller];
    }
    const reason = error instanceof Error ? error.message : String(error);
    const { controllers, path } = part;
    this.#dropped.push({ controllers, path, reason });
  }

  /** Why there is no directory for a controller, if there could have been one. */
  protected reasonOfDrop(controller: string): string | undefined {
    return this.#dropped.find(({ controllers }) =>
      controllers.includes(controller)
    )?.reason;
  }

  /** Fails if the cgroup is used by somebody else, in runc's words. */
  protected checkUnused(): void {
    const existing = this.#parts.filter(({ files, directory }) =>
      files.exists(directory)
    );
    for (const part of existing) {
      const count = this.#pidsOf(part).length;
      if (count === 0) continue;
      const text =
        `container's cgroup is not empty: ${count} process(es) found in ${part.path}`;
      throw new CgroupError(part.path, text);
    }
    const state = existing.length === 0 ? "unknown" : this.freezerState();
    if (state !== "frozen" && state !== "freezing") return;
    const { path } = existing[0]!;
    throw new CgroupError(
      path,
      `container's cgroup unexpectedly frozen: ${path}; thaw it first`,
    );
  }

  /** Notes that a directory was there before. */
  protected noteExisting(part: CgroupPart): void {
    this.record.existing.push(...part.controllers);
  }

  /** Removes directories just made, after a failure that is about to be reported; the last made first. */
  protected rollBack(made: readonly MadeDirectory[]): void {
    for (const { part, directory } of made.toReversed()) {
      try {
        part.files.removeDirectory(directory);
      } catch (error) {
        if (!(error instanceof SyscallError)) throw error;
        this.warn(
          failure("remove", `${part.files.mountPoint}/${directory}`, error)
            .message,
        );
      }
    }
  }

  /** Notes that it is the container's now. */
  protected noteMade(): void {
    delete this.record.planned;
  }

  abstract freezerState(): FreezerState;

  abstract apply(
    resources: Resources,
    options?: { readonly devices?: boolean },
  ): void;

  update(resources: Resources): void {
    if (Object.keys(this.record.paths).length === 0) throw noCgroup(resources);
    this.apply(resources, { devices: resources.devices !== undefined });
  }

  /** Sends SIGKILL to all processes, and thaws them. */
  protected abstract killNow(): void;

  pids(): number[] {
    const { main } = this;
    return main === undefined ? [] : this.#pidsOf(main);
  }

  #pidsOf({ files, directory, path }: CgroupPart): number[] {
    try {
      return pidsOf(files, directory);
    } catch (error) {
      if (error instanceof SyscallError) {
        throw failure("list the processes of", path, error);
      }
      throw error;
    }
  }

  exists(): boolean {
    const { main } = this;
    return main !== undefined && main.files.exists(main.directory);
  }

  async kill(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    if (this.record.planned) return true;
    const until = Date.now() + (options.timeoutMs ?? KILL_TIMEOUT_MS);
    for (let pauseMs = 1;; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      if (this.pids().length === 0) return true;
      this.killNow();
      if (Date.now() >= until) return this.pids().length === 0;
      await pause(pauseMs);
    }
  }

  async destroy(): Promise<void> {
    try {
      for (const part of this.#parts) {
        const isOurs = !part.controllers.some((controller) =>
          this.record.existing.includes(controller)
        );
        if (this.record.planned) {
          if (isOurs) removeOne(part.files, part.directory);
          continue;
        }
        await (isOurs ? removeCgroup : emptyCgroup)(part.files, part.directory);
      }
    } finally {
      this.close();
    }
  }

  toJSON(): CgroupRecord {
    return copyRecord(this.record);
  }

  close(): void {
    for (const { files } of this.#parts) files.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
