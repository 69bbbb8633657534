/**
 * A container's cgroup: what the lifecycle needs of it, whatever the cgroup version.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import type { Resources } from "../spec/types.ts";
import type { FreezerState } from "./freezer.ts";
import type { PlaceOptions } from "./placement.ts";
import type { CgroupRecord } from "./record.ts";

/**
 * A container's cgroup. Directories are opened when needed; {@linkcode CgroupManager.close} gives them back. What changes
 * it may have to ask systemd, and then answers with a promise; without systemd it is done at once.
 */
export interface CgroupManager extends Disposable {
  /** Its directory by controller; `""` is the unified hierarchy. Without what could not be made. */
  readonly paths: Readonly<Record<string, string>>;
  /** What could not be done and need not be: one line each, for the log. */
  readonly warnings: readonly string[];
  /**
   * Makes the cgroup. One that is there already is used if no process is in it.
   *
   * @param resources limits that must be known before a process is in it; {@linkcode CgroupManager.apply} sets them
   * @throws {CgroupError} if it is in use or frozen, or can't be made; what was made is removed again
   */
  create(resources?: Resources): void | Promise<void>;
  /**
   * Moves a process into it. Needed on v1, and on v2 where `clone3(CLONE_INTO_CGROUP)` was not possible. A scope of
   * systemd's is made now, around its first process.
   *
   * @throws {CgroupError}
   */
  join(pid: number, options?: PlaceOptions): void | Promise<void>;
  /**
   * Opens its directory for CLONE_INTO_CGROUP; undefined on v1, which has no such thing, and where there is no cgroup, or
   * not yet.
   *
   * @throws {CgroupError} if it is gone
   */
  openDirectory(options?: PlaceOptions): Fd | undefined;
  /**
   * Sets limits. What a configuration does not mention stays as it is, but for devices: a container without rules may
   * use the default devices only.
   *
   * @param options.devices false leaves the device rules alone
   * @throws {CgroupError} with the file and the value, {@linkcode ConfigError} for a value that can't be meant
   */
  apply(
    resources: Resources,
    options?: { readonly devices?: boolean },
  ): void | Promise<void>;
  /**
   * Changes limits of a cgroup that is in use. Only what is given changes, each field by itself; device rules, if they
   * are given, take the place of all that there were. Related limits are written in the order that the kernel accepts,
   * whether they are raised or lowered.
   *
   * @throws {CgroupError} with the file and the value, {@linkcode ConfigError} for a value that can't be meant. What was
   * written before the failure stays; to go back, update with what was in force
   * @param resources what changes
   * @param options.devices the rules for devices that are in force behind it, for whom a change of anything else makes
   * set them again
   */
  update(
    resources: Resources,
    options?: { readonly devices?: Resources["devices"] },
  ): void | Promise<void>;
  /** Makes a user the owner, so that the container can make cgroups of its own (v2 only). */
  delegate(uid: number): void;
  /** The processes in it and below it. None if it is gone. */
  pids(): number[];
  /**
   * Kills all of them, frozen ones too, and waits until they are gone.
   *
   * @param options.timeoutMs how long to wait, 10 seconds by default; 0: not at all
   * @returns true if none is left
   */
  kill(options?: { readonly timeoutMs?: number }): Promise<boolean>;
  /** Whether it is frozen itself. */
  freezerState(): FreezerState;
  /** How many of its processes the kernel has killed for want of memory. */
  oomKillCount(): number;
  /** Tells whether it is there. */
  exists(): boolean;
  /**
   * Removes what {@linkcode CgroupManager.create} made, and what was made below. Gone already is fine.
   *
   * @throws {CgroupError} if processes stay in it
   */
  destroy(): Promise<void>;
  /** What {@linkcode openManager} needs. */
  toJSON(): CgroupRecord;
  /** Closes the directories it holds open. It can be used again. */
  close(): void;
}
