/**
 * What a scope's manager does with systemd, loaded when it does.
 *
 * @module
 */
import { CgroupError } from "../../errors.ts";
import type { Resources } from "../../spec/types.ts";
import { readerOf } from "../apply.ts";
import { containerDeviceFilter } from "../devices.ts";
import type { CgroupMode } from "../layout.ts";
import type { CgroupPart, ScopeRecord } from "../record.ts";
import { askedControllers } from "../v2/controllers.ts";
import { makeUnified } from "../v2/create.ts";
import { type ReadFile, readNothing } from "../write.ts";
import { annotatedProperties } from "./annotations.ts";
import { type ScopeChange, scopeChange, type ScopeLimits } from "./change.ts";
import { deviceProperties } from "./devices.ts";
import { expandSlice } from "./names.ts";
import type { UnitProperty } from "./property.ts";
import { scopeProperties } from "./scope.ts";
import {
  isUnitExists,
  managerAddresses,
  openUnits,
  type UnitManager,
} from "./units.ts";

/** A scope that is to be started. */
export interface ScopeStart {
  readonly id: string;
  readonly pid: number;
  readonly resources: Resources;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** Called if there is one of that name, which is another's. */
  readonly onForeign: () => void;
}

/** Connects to the manager that has a scope. */
export function connect({ user }: ScopeRecord): Promise<UnitManager> {
  return openUnits(
    managerAddresses(
      user ?? false,
      (name) => Deno.env.get(name),
      Deno.uid() ?? 0,
    ),
  );
}

/** One container's scope. */
export class ScopeDriver {
  readonly #scope: ScopeRecord;
  readonly #mode: CgroupMode;
  readonly #units: UnitManager;
  readonly #version: number;

  constructor(
    scope: ScopeRecord,
    mode: CgroupMode,
    units: UnitManager,
    version: number,
  ) {
    this.#scope = scope;
    this.#mode = mode;
    this.#units = units;
    this.#version = version;
  }

  /** @throws {RuntimeError} if systemd can't be reached */
  static async open(
    scope: ScopeRecord,
    mode: CgroupMode,
    open: (scope: ScopeRecord) => Promise<UnitManager> = connect,
  ): Promise<ScopeDriver> {
    const units = await open(scope);
    try {
      return new ScopeDriver(scope, mode, units, await units.version());
    } catch (error) {
      units.close();
      throw error;
    }
  }

  /** Where the scope's cgroup will be, below each hierarchy's mount point. */
  async plannedPath(): Promise<string> {
    const { slice, unit } = this.#scope;
    return `${await this.#units.rootCgroup()}${expandSlice(slice)}/${unit}`;
  }

  /**
   * Fails if something is asked that could not be had later.
   *
   * @throws {ConfigError}
   */
  check(
    resources: Resources,
    annotations: Readonly<Record<string, string>> | undefined,
  ): void {
    annotatedProperties(annotations);
    this.change({ resources, devices: true }, []);
  }

  /** Makes the scope around its first process. */
  async start(
    { id, pid, resources, annotations, onForeign }: ScopeStart,
  ): Promise<void> {
    const started = this.#units.start(
      this.#scope.unit,
      scopeProperties({
        id,
        name: this.#scope,
        pid,
        mode: this.#mode,
        version: this.#version,
        resources,
        devices: this.#firstRules(resources),
        annotated: annotatedProperties(annotations),
      }),
    );
    try {
      await started;
    } catch (error) {
      if (isUnitExists(error)) onForeign();
      throw error;
    }
  }

  /**
   * On v1 device rules come with the scope: without them systemd would remove its cgroup of the devices hierarchy, and
   * when it makes one for the slice later, move all processes of the slice there.
   */
  #firstRules({ devices }: Resources): readonly UnitProperty[] {
    if (this.#mode === "v2") return [];
    const filter = containerDeviceFilter(devices);
    return deviceProperties(filter, { v2: false }).properties;
  }

  /** Puts a process into the scope, or a cgroup below it, where that may not be done through the file. */
  async attach(pid: number, below: string): Promise<void> {
    await this.#units.attach(this.#scope.unit, below, [pid]);
  }

  /** Tells systemd of limits. When this is done, it has written what it will write to the cgroup's files. */
  async tell({ properties }: ScopeChange): Promise<void> {
    if (properties.length === 0) return;
    await this.#units.set(this.#scope.unit, properties);
    // It answers first, and writes before it answers anything else.
    await this.#units.version();
  }

  /**
   * What limits come to.
   *
   * @param parts the scope's cgroup; none as long as it is not there
   * @throws {CgroupError} if a controller that a limit needs can't be had
   */
  change(limits: ScopeLimits, parts: readonly CgroupPart[]): ScopeChange {
    const v2 = this.#mode === "v2";
    const readerFor = (controller: string): ReadFile => {
      const part = v2
        ? parts[0]
        : parts.find(({ controllers }) => controllers.includes(controller));
      return part === undefined
        ? readNothing
        : readerOf(part.files, part.directory);
    };
    const target = {
      mode: this.#mode,
      version: this.#version,
      user: this.#scope.user ?? false,
    };
    const change = scopeChange(target, limits, readerFor);
    const [part] = parts;
    if (v2 && part !== undefined) {
      this.#enableControllers(part, change.resources);
    }
    return change;
  }

  /**
   * systemd hands down the controllers it knows; of those that it does not (hugetlb, rdma, misc) we take care.
   *
   * @throws {CgroupError} if one that a limit needs can't be had
   */
  #enableControllers(part: CgroupPart, resources: Resources): void {
    const { files, directory, path } = part;
    const missing = (): string[] => {
      const there = files.read(`${directory}/cgroup.controllers`).trim()
        .split(" ");
      return askedControllers(resources).filter((name) =>
        !there.includes(name)
      );
    };
    if (missing().length === 0) return;
    makeUnified(files, directory, resources, () => {});
    const [lacking] = missing();
    if (lacking === undefined || !this.#scope.user) return;
    throw new CgroupError(
      path,
      `cannot set ${lacking} limit: the user's manager has no ${lacking} controller to hand on; have the system's hand it ` +
        `over (Delegate=${lacking} of user@.service)`,
    );
  }

  /** Stops the scope, with all that runs in it. */
  async stop(): Promise<void> {
    await this.#units.stop(this.#scope.unit);
  }

  close(): void {
    this.#units.close();
  }
}
