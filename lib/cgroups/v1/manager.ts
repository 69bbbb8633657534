/**
 * A container's cgroup on v1: one directory in each hierarchy.
 *
 * @module
 */
import type { Fd } from "../../../ffi/fd.ts";
import { CgroupError } from "../../errors.ts";
import { SyscallError } from "../../../ffi/syscall_error.ts";
import type { Resources } from "../../spec/types.ts";
import {
  BaseManager,
  isPermission,
  type MadeDirectory,
} from "../_base_manager.ts";
import { failure } from "../_explain.ts";
import { applyWrites, readerOf } from "../apply.ts";
import { checkKinds, checkResources } from "../check_resources.ts";
import { containerDeviceFilter, type DeviceFilter } from "../devices.ts";
import { makeDirectories } from "../directories.ts";
import {
  type FreezerState,
  freezerStateV1,
  freezeV1,
  thawV1,
} from "../freezer.ts";
import type { CgroupManager } from "../manager.ts";
import {
  checkBelow,
  placeBelow,
  placeIn,
  type PlaceOptions,
} from "../placement.ts";
import { childrenOf, joinCgroup, killAtOnce, killEach } from "../processes.ts";
import type { CgroupPart } from "../record.ts";
import { type CgroupWrite, readNothing } from "../write.ts";
import { v1Writes } from "./controllers.ts";
import { noteMove } from "../warm_up.ts";
import { realtimeWrites } from "./cpu.ts";
import { makeCpuset } from "./create.ts";
import { devicesMatch, devicesWrites, parseDevicesList } from "./devices.ts";

/** Writes to one directory. */
interface PlannedWrites {
  readonly part: CgroupPart;
  readonly writes: readonly CgroupWrite[];
}

/** {@linkcode CgroupManager} for v1 and hybrid hosts, and for a container without cgroups. */
export class V1Manager extends BaseManager implements CgroupManager {
  /** As in runc, the devices hierarchy stands for all: it is the one that must be there. */
  protected override get main(): CgroupPart | undefined {
    return this.partOf("devices") ?? this.parts[0];
  }

  create(resources: Resources = {}): void {
    checkResources(resources, this.record.mode);
    if (this.parts.length === 0) {
      this.warn(
        "the container runs without cgroups: no cgroup file system is mounted",
      );
      return;
    }
    this.#plan(resources);
    this.checkUnused();
    const made: MadeDirectory[] = [];
    try {
      for (const part of [...this.parts]) this.#make(part, resources, made);
    } catch (error) {
      this.rollBack(made);
      throw error;
    }
    this.noteMade();
  }

  #make(part: CgroupPart, resources: Resources, made: MadeDirectory[]): void {
    const { files, directory, controllers, path } = part;
    const before = made.length;
    const note = (level: string): void => {
      made.push({ part, directory: level });
    };
    try {
      if (controllers.includes("cpuset")) {
        const prefix = this.record.noPrefix ? "" : "cpuset.";
        makeCpuset(files, directory, resources, { prefix, made: note });
      } else {
        makeDirectories(files, directory, note);
      }
      if (controllers.includes("cpu")) {
        // A real-time task can't enter a cgroup without real-time bandwidth, and none has more than those above it.
        const levels = made.slice(before).map(({ directory }) => directory);
        const writes = realtimeWrites(resources.cpu ?? {});
        for (const level of new Set([...levels, directory])) {
          applyWrites(files, level, writes);
        }
      }
    } catch (error) {
      const clear = error instanceof SyscallError
        ? failure("make", path, error)
        : error;
      if (!this.#isOptional(clear)) throw clear;
      this.rollBack(made.splice(before));
      this.drop(part, clear);
      return;
    }
    const isNew = made.length > before && made.at(-1)?.directory === directory;
    if (!isNew) this.noteExisting(part);
  }

  /** Without a cgroup asked for, one that may not be made is none; apply() then fails if it has limits. */
  #isOptional(error: unknown): boolean {
    return this.record.rootless && !this.required && isPermission(error);
  }

  join(pid: number, options: PlaceOptions = {}): void {
    checkBelow(this.parts.flatMap(({ controllers }) => controllers), options);
    for (const part of [...this.parts]) {
      const { files, directory, controllers } = part;
      try {
        const place = controllers.includes("")
          ? placeIn(files, directory, options)
          : placeBelow(directory, controllers, options) ?? directory;
        joinCgroup(files, place, pid);
      } catch (error) {
        if (!this.#isOptional(error)) throw error;
        this.drop(part, error);
      }
    }
    noteMove();
  }

  openDirectory(): Fd | undefined {
    return undefined;
  }

  override apply(
    resources: Resources,
    options: { readonly devices?: boolean } = {},
  ): void {
    checkKinds(resources, this.record.mode);
    const filter = containerDeviceFilter(resources.devices);
    const planned = this.#plan(resources);
    if (options.devices ?? true) this.#applyDevices(filter);
    for (const { part, writes } of planned) {
      applyWrites(part.files, part.directory, writes);
    }
  }

  /** All writes, before the first is made: a mistake in the last limit leaves the others as they were. */
  #plan(resources: Resources): PlannedWrites[] {
    const options = { noPrefix: this.record.noPrefix ?? false };
    return v1Writes.flatMap(({ controller, writes }): PlannedWrites[] => {
      const part = this.partOf(controller);
      const read = part === undefined
        ? readNothing
        : readerOf(part.files, part.directory);
      const asked = writes(resources, read, options);
      if (asked.length === 0) return [];
      if (part === undefined) throw this.#without(controller, asked[0]!);
      return [{ part, writes: asked }];
    });
  }

  #without(controller: string, { value }: CgroupWrite): CgroupError {
    const reason = this.reasonOfDrop(controller) ?? this.#whyNone(controller);
    const text =
      `cannot set ${controller} limit: container could not join or create cgroup: ${reason}`;
    return new CgroupError(controller, text, value);
  }

  /** Without a hierarchy of v1. What the unified one beside v1 has is not used for limits: runc uses none of it either. */
  #whyNone(controller: string): string {
    const unified = this.partOf("")?.files;
    const file = "cgroup.controllers";
    const isThere = unified !== undefined &&
      unified.read(file).split(/\s+/).includes(controller);
    const why = isThere
      ? `; ${unified.mountPoint}/${file} has it, but beside v1 that hierarchy sets no limits: boot with cgroup v2 alone, or`
      : ";";
    return `no cgroup v1 hierarchy has this controller${why} mount one on /sys/fs/cgroup/${controller}`;
  }

  #applyDevices(target: DeviceFilter): void {
    const part = this.partOf("devices");
    if (part === undefined) return; // only a container without privileges gets here
    const { files, directory, path } = part;
    const list = (): string => readerOf(files, directory)("devices.list") ?? "";
    try {
      applyWrites(
        files,
        directory,
        devicesWrites(target, parseDevicesList(list())),
      );
    } catch (error) {
      // In a user namespace nobody may change device rules, and nobody can make devices either.
      if (!this.record.rootless || !isPermission(error)) throw error;
      this.warn(
        `the container's device rules were not set: ${
          (error as Error).message
        }`,
      );
      return;
    }
    if (devicesMatch(target, parseDevicesList(list()))) return;
    const text =
      `Cannot set device rules: ${path}/devices.list is not what was asked for`;
    throw new CgroupError(`${path}/devices.list`, text);
  }

  delegate(_uid: number): void {
    // v1 hierarchies are not safe to hand over (cgroup-v1/cgroups.rst has no delegation); runc doesn't either.
  }

  override freezerState(): FreezerState {
    const part = this.partOf("freezer");
    return part === undefined
      ? "unknown"
      : freezerStateV1(readerOf(part.files, part.directory));
  }

  protected override killNow(): void {
    const unified = this.partOf("");
    if (unified !== undefined) killAtOnce(unified.files, unified.directory);
    const freezer = this.partOf("freezer");
    if (freezer !== undefined) freezeV1(freezer.files, freezer.directory);
    try {
      killEach(() => this.pids());
    } finally {
      if (freezer !== undefined) thawV1(freezer.files, freezer.directory);
    }
  }

  oomKillCount(): number {
    const part = this.partOf("memory");
    if (part === undefined) return 0;
    const { files } = part;
    // Each cgroup counts for itself: those that were made in the container, too.
    const count = (directory: string): number => {
      const text = readerOf(files, directory)("memory.oom_control") ?? "";
      const own = Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
      return childrenOf(files, directory).reduce(
        (sum, child) => sum + count(child),
        own,
      );
    };
    return count(part.directory);
  }
}
