/**
 * A container's cgroup on v2: one directory.
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
import { isErrno } from "../files.ts";
import { type FreezerState, freezerStateV2, setFrozenV2 } from "../freezer.ts";
import type { CgroupManager } from "../manager.ts";
import { checkBelow, placeIn, type PlaceOptions } from "../placement.ts";
import { joinCgroup, killAtOnce, killEach } from "../processes.ts";
import type { CgroupPart } from "../record.ts";
import { askedControllers, v2Writes } from "./controllers.ts";
import { makeUnified } from "./create.ts";
import { setDeviceProgram } from "./devices.ts";

/** Files that a new owner needs, if the kernel does not say (/sys/kernel/cgroup/delegate, Linux 4.15). */
const DELEGATED_FILES = [
  "cgroup.procs",
  "cgroup.subtree_control",
  "cgroup.threads",
];

/** {@linkcode CgroupManager} for v2 hosts. */
export class V2Manager extends BaseManager implements CgroupManager {
  protected override get main(): CgroupPart | undefined {
    return this.parts[0];
  }

  create(resources: Resources = {}): void {
    checkResources(resources, "v2");
    const part = this.main;
    if (part === undefined) return;
    this.checkUnused();
    const made: MadeDirectory[] = [];
    try {
      makeUnified(
        part.files,
        part.directory,
        resources,
        (directory) => made.push({ part, directory }),
      );
    } catch (error) {
      this.rollBack(made);
      const clear = error instanceof SyscallError
        ? failure("make", part.path, error)
        : error;
      if (!this.record.rootless || this.required || !isPermission(clear)) {
        throw clear;
      }
      this.#goWithout(part, resources, clear);
      return;
    }
    if (made.at(-1)?.directory !== part.directory) this.noteExisting(part);
    this.noteMade();
  }

  /** Without privileges and with nothing asked for, a container has no cgroup of its own. */
  #goWithout(part: CgroupPart, resources: Resources, error: unknown): void {
    if (askedControllers(resources).length > 0) {
      const detail = error instanceof Error ? error.message : String(error);
      const text =
        `rootless needs no limits + no cgrouppath when no permission is granted for cgroups: ${detail}`;
      throw new CgroupError(part.path, text, undefined, { cause: error });
    }
    this.drop(part, error);
  }

  join(pid: number, options: PlaceOptions = {}): void {
    const part = this.main;
    checkBelow([], options);
    if (part === undefined) return;
    try {
      joinCgroup(part.files, placeIn(part.files, part.directory, options), pid);
    } catch (error) {
      // A rootless user may own the directory and yet not may move a process into it from where it is.
      if (!this.record.rootless || this.required || !isPermission(error)) {
        throw error;
      }
      this.drop(part, error);
    }
  }

  openDirectory(options: PlaceOptions = {}): Fd | undefined {
    const part = this.main;
    checkBelow([], options);
    return part?.files.open(placeIn(part.files, part.directory, options));
  }

  override apply(
    resources: Resources,
    options: { readonly devices?: boolean } = {},
  ): void {
    checkKinds(resources, "v2");
    const filter = containerDeviceFilter(resources.devices);
    const part = this.main;
    if (part === undefined) {
      const [asked] = askedControllers(resources);
      if (asked !== undefined) throw this.#without(asked);
      return;
    }
    const { files, directory } = part;
    const read = readerOf(files, directory);
    // All of them before the first is made: a mistake in the last limit leaves the others as they were.
    const planned = v2Writes.map(({ writes }) => writes(resources, read, {}));
    for (const writes of planned) applyWrites(files, directory, writes);
    if (options.devices ?? true) this.#applyDevices(part, filter);
  }

  #without(controller: string): CgroupError {
    const text =
      `cannot set ${controller} limit: container could not join or create cgroup`;
    const reason = this.reasonOfDrop("");
    return new CgroupError(
      controller,
      reason === undefined ? text : `${text}: ${reason}`,
    );
  }

  #applyDevices(part: CgroupPart, filter: DeviceFilter): void {
    try {
      using cgroup = part.files.open(part.directory);
      setDeviceProgram(cgroup, filter);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      const clear = failure("set the device rules of", part.path, error);
      // In a user namespace nobody may load device programs, and nobody can make devices either.
      if (!this.record.rootless || !isPermission(error)) throw clear;
      this.warn(`the container's device rules were not set: ${clear.message}`);
    }
  }

  delegate(uid: number): void {
    const part = this.main;
    if (part === undefined) return;
    const { files, directory } = part;
    for (const name of ["", ...delegatedFiles()]) {
      try {
        files.changeOwner(
          name === "" ? directory : `${directory}/${name}`,
          uid,
        );
      } catch (error) {
        // The kernel names files of controllers that this cgroup need not have.
        if (name !== "" && isErrno(error, "ENOENT")) continue;
        if (!(error instanceof SyscallError)) throw error;
        const clear = failure(
          `make user ${uid} the owner of`,
          name === "" ? part.path : `${part.path}/${name}`,
          error,
        );
        if (!this.record.rootless || !isPermission(clear)) throw clear;
        this.warn(`the container can't manage its cgroup: ${clear.message}`);
        return;
      }
    }
  }

  override freezerState(): FreezerState {
    const part = this.main;
    return part === undefined
      ? "unknown"
      : freezerStateV2(readerOf(part.files, part.directory));
  }

  protected override killNow(): void {
    const part = this.main;
    if (part === undefined || killAtOnce(part.files, part.directory)) return;
    setFrozenV2(part.files, part.directory, true);
    try {
      killEach(() => this.pids());
    } finally {
      setFrozenV2(part.files, part.directory, false);
    }
  }

  oomKillCount(): number {
    const part = this.main;
    const text = part === undefined
      ? ""
      : readerOf(part.files, part.directory)("memory.events") ?? "";
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  }
}

/** The files to hand over, one name a line; names with a slash could lead elsewhere and are left out. */
function delegatedFiles(): string[] {
  try {
    const names = Deno.readTextFileSync("/sys/kernel/cgroup/delegate").split(
      "\n",
    );
    return names.filter((name) => name !== "" && !name.includes("/"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return DELEGATED_FILES;
    throw error;
  }
}
