/**
 * A container's cgroup that systemd keeps: a transient scope. What systemd has no part in is done through the cgroup's
 * files, as without it.
 *
 * @module
 */
import type { Fd } from "../../../ffi/fd.ts";
import { CgroupError } from "../../errors.ts";
import type { Resources } from "../../spec/types.ts";
import { isPermission } from "../_base_manager.ts";
import { checkResources } from "../check_resources.ts";
import type { FreezerState } from "../freezer.ts";
import type { CgroupLayout } from "../layout.ts";
import type { CgroupManager } from "../manager.ts";
import type { PlaceOptions } from "../placement.ts";
import {
  type CgroupRecord,
  copyRecord,
  newRecord,
  type OpenHierarchy,
  partsOf,
  type ScopeRecord,
} from "../record.ts";
import type { ScopeLimits } from "./change.ts";
import type { ScopeDriver } from "./driver.ts";
import { makeAgain, placeInScope, scopePath } from "./place.ts";
import type { UnitManager } from "./units.ts";

/** How a scope's manager is made. */
export interface ScopeManagerOptions {
  /** Opens a cgroup without systemd. */
  readonly openCgroup: (record: CgroupRecord) => CgroupManager;
  /** Opens the hierarchies; the real ones by default. */
  readonly open?: OpenHierarchy | undefined;
  /** Connects to systemd. */
  readonly units?: ((scope: ScopeRecord) => Promise<UnitManager>) | undefined;
  /** Text of /proc/PID/cgroup. */
  readonly cgroupOf?: ((pid: number) => string) | undefined;
}

/** A container whose scope is still to be made. */
export interface NewScope {
  readonly id: string;
  readonly layout: CgroupLayout;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** {@linkcode CgroupManager} for a host with systemd, on either version. */
export class SystemdManager implements CgroupManager {
  readonly #scope: ScopeRecord;
  readonly #record: CgroupRecord;
  readonly #new: NewScope | undefined;
  readonly #options: ScopeManagerOptions;
  readonly #warnings: string[] = [];
  #cgroup: CgroupManager | undefined;
  #driver: ScopeDriver | undefined;
  /** Whether systemd was asked for the scope, whatever it answered. */
  #isAsked: boolean;
  #resources: Resources = {};

  /** @param fresh what is known of a container whose scope is to be made; without it, it has been */
  constructor(
    record: CgroupRecord & { readonly systemd: ScopeRecord },
    options: ScopeManagerOptions,
    fresh?: NewScope,
  ) {
    this.#record = copyRecord(record);
    this.#scope = record.systemd;
    this.#options = options;
    this.#new = fresh;
    this.#isAsked = !record.planned;
    if (Object.keys(record.paths).length > 0) this.#open(record);
  }

  get paths(): Readonly<Record<string, string>> {
    return this.#cgroup?.paths ?? {};
  }

  get warnings(): readonly string[] {
    return [...this.#warnings, ...this.#cgroup?.warnings ?? []];
  }

  #open({ systemd: _, ...record }: CgroupRecord): CgroupManager {
    return this.#cgroup = this.#options.openCgroup(record);
  }

  async #systemd(): Promise<ScopeDriver> {
    if (this.#driver !== undefined) return this.#driver;
    const { ScopeDriver } = await import("./driver.ts");
    const { mode } = this.#record;
    return this.#driver = await ScopeDriver.open(
      this.#scope,
      mode,
      this.#options.units,
    );
  }

  /** The record of a cgroup at this path below each mount point. */
  #at(path: string): CgroupRecord {
    const { id, layout } = this.#new!;
    const { rootless } = this.#record;
    return newRecord(layout, { id, cgroupsPath: path, rootless });
  }

  /**
   * Looks whether all can be had. On v1 the directories are made now, for systemd makes only some, and what can't be had
   * is better known before there is a process; on v2 the one is made by systemd, around the first process.
   */
  async create(resources: Resources = {}): Promise<void> {
    checkResources(resources, this.#record.mode);
    this.#resources = resources;
    const driver = await this.#systemd();
    driver.check(resources, this.#new?.annotations);
    if (this.#record.mode === "v2") return;
    const cgroup = this.#open(this.#at(await driver.plannedPath()));
    await cgroup.create(resources);
  }

  async join(pid: number, options: PlaceOptions = {}): Promise<void> {
    if (this.#new !== undefined && !this.#isAsked) {
      return await this.#start(pid);
    }
    try {
      await this.#enter(pid, options);
    } catch (error) {
      // A scope ends with its last process: the first one may have gone before the second came.
      if (this.#new === undefined || this.#made.exists()) throw error;
      await this.#start(pid);
    }
  }

  async #start(pid: number): Promise<void> {
    const { id, annotations } = this.#new!;
    const driver = await this.#systemd();
    this.#isAsked = true;
    await driver.start({
      id,
      pid,
      annotations,
      resources: this.#resources,
      onForeign: () => void (this.#isAsked = false),
    });
    if (this.#record.mode === "v2") {
      const { planned: _, ...made } = this.#at(this.#pathOf(pid));
      this.#open(made);
    } else {
      // systemd has put the process into some of them, and removed others that it knows and has no use for.
      await makeAgain(this.#made.toJSON(), this.#resources, this.#options);
      await this.#enter(pid, {});
    }
  }

  /** Where systemd has put a process. */
  #pathOf(pid: number): string {
    const read = this.#options.cgroupOf ??
      ((pid) => Deno.readTextFileSync(`/proc/${pid}/cgroup`));
    const [mount] = this.#new!.layout.mounts;
    return scopePath(this.#scope.unit, { mount: mount!, pid, text: read(pid) });
  }

  /** Through the file; a user may not move a process from elsewhere, but may have systemd do it. */
  async #enter(pid: number, options: PlaceOptions): Promise<void> {
    try {
      await this.#made.join(pid, options);
    } catch (error) {
      if (!this.#scope.user || !isPermission(error)) throw error;
      await (await this.#systemd()).attach(
        pid,
        placeInScope(this.#made.toJSON(), options, this.#options.open),
      );
    }
  }

  get #made(): CgroupManager {
    if (this.#cgroup !== undefined) return this.#cgroup;
    const { unit } = this.#scope;
    throw new CgroupError(unit, `${unit} has not been started`);
  }

  openDirectory(options: PlaceOptions = {}): Fd | undefined {
    return this.#record.mode === "v2"
      ? this.#cgroup?.openDirectory(options)
      : undefined;
  }

  async apply(
    resources: Resources,
    options: { readonly devices?: boolean } = {},
  ): Promise<void> {
    const devices = options.devices ?? true;
    const write = (aligned: Resources): void | Promise<void> =>
      this.#made.apply(aligned, options);
    await this.#limit({ resources, devices }, write);
  }

  async update(
    resources: Resources,
    options: { readonly devices?: Resources["devices"] } = {},
  ): Promise<void> {
    const devices = resources.devices !== undefined;
    const write = (aligned: Resources): void | Promise<void> =>
      this.#made.update(aligned);
    await this.#limit({ resources, devices }, write, {
      devices: resources.devices ?? options.devices,
    });
  }

  /**
   * Writes limits, and tells systemd; in this order, for what the kernel refuses, systemd need not know.
   *
   * @param write writes them to the cgroup's files
   * @param running the device rules in force, if the container runs
   */
  async #limit(
    limits: ScopeLimits,
    write: (resources: Resources) => void | Promise<void>,
    running?: { readonly devices: Resources["devices"] },
  ): Promise<void> {
    const { mode } = this.#record;
    const { open } = this.#options;
    checkResources(limits.resources, mode);
    const parts = partsOf(this.#made.toJSON(), open);
    try {
      const driver = await this.#systemd();
      const change = driver.change(limits, parts);
      this.#warnings.push(...change.warnings);
      await write(change.resources);
      if (change.properties.length === 0) return;
      if (mode === "v2") return await driver.tell(change);
      const { tellOnV1 } = await import("./tell_v1.ts");
      const warnings = await tellOnV1(this.#made, () => driver.tell(change), {
        devices: running?.devices ?? limits.resources.devices,
        isRunning: running !== undefined,
        open,
      });
      this.#warnings.push(...warnings);
    } finally {
      for (const { files } of parts) files.close();
    }
  }

  delegate(uid: number): void {
    this.#made.delegate(uid);
  }

  pids(): number[] {
    return this.#cgroup?.pids() ?? [];
  }

  async kill(options?: { readonly timeoutMs?: number }): Promise<boolean> {
    return await this.#cgroup?.kill(options) ?? true;
  }

  freezerState(): FreezerState {
    return this.#cgroup?.freezerState() ?? "unknown";
  }

  oomKillCount(): number {
    return this.#cgroup?.oomKillCount() ?? 0;
  }

  exists(): boolean {
    return this.#cgroup?.exists() ?? false;
  }

  /** Stops the scope, if it was asked for: one that is planned may be somebody else's. */
  async destroy(): Promise<void> {
    try {
      if (this.#isAsked) await (await this.#systemd()).stop();
      await this.#cgroup?.destroy();
    } finally {
      this.close();
    }
  }

  toJSON(): CgroupRecord {
    const record = this.#cgroup?.toJSON() ?? copyRecord(this.#record);
    return { ...record, systemd: this.#scope };
  }

  close(): void {
    this.#cgroup?.close();
    this.#driver?.close();
    this.#driver = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
