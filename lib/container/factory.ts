/**
 * Makes containers, and finds those that there are.
 *
 * @module
 */
import { RuntimeError, StateError } from "../errors.ts";
import { withDestinationsInside } from "../mounts/destinations.ts";
import { isParsed } from "../spec/parsed.ts";
import { snapshot } from "../spec/snapshot.ts";
import type { Spec } from "../spec/types.ts";
import { Container, type LogFunction } from "./container.ts";
import { type ContainerRecord, RecordDirectory } from "./record.ts";
import type { Host } from "./host.ts";
import { lazy } from "./lazy.ts";
import type { InitMode, InitSettings } from "./interpreter.ts";
import { type ContainerState, processStat, stateOf } from "./status.ts";

// Only making a container needs them.
const hosts = lazy(() => import("./host.ts"));
const checks = lazy(() => import("./validate.ts"));
const cgroups = lazy(() => import("../cgroups/mod.ts"));
const eventLoop = lazy(() => import("../../ffi/turn.ts"));

/**
 * Who makes cgroups. With `systemd` a container is in a transient scope, and `linux.cgroupsPath` is
 * `slice:prefix:name`.
 */
export type CgroupDriver = "cgroupfs" | "systemd";

/** How a factory works. */
export interface FactoryOptions {
  /** Whether refusals of cgroups are to be expected; `auto`: if we are not root of the host. @default {"auto"} */
  readonly rootless?: boolean | "auto";
  /** Gets warnings and debug lines. @default nobody does */
  readonly log?: LogFunction;
  /**
   * A program to re-execute as the first process of containers, in place of the init image, and its arguments. It calls
   * `init()`.
   */
  readonly initArgs?: readonly string[];
  /**
   * Which of the two is to be the first process: `auto` is the image, and the program where an image can't be executed.
   *
   * @default {"reexec" with initArgs, "image" without}
   */
  readonly init?: InitMode;
  /** Who makes new containers' cgroups: we, through the cgroup file systems, or systemd, as scopes. @default {"cgroupfs"} */
  readonly cgroupDriver?: CgroupDriver;
  /** Whether debug lines tell each step of a re-executed init. @default {false} */
  readonly debug?: boolean;
}

/** How a container is made. */
export interface CreateOptions {
  /** The bundle's directory: relative paths of the configuration start there. */
  readonly bundle: string;
  /** Move the root instead of pivoting. @default {false} */
  readonly noPivot?: boolean;
  /** Keep our session keyring. @default {false} */
  readonly noNewKeyring?: boolean;
}

/** A line of `list`. */
export interface ContainerInfo extends Partial<ContainerState> {
  /** The container's id. */
  readonly id: string;
  /** What is wrong with the container's record, if it can't be read. */
  readonly problem?: string;
}

/**
 * A directory of containers.
 *
 * @example
 * ```ts ignore
 * // Needs root, and a root file system in ./bundle/rootfs.
 * const factory = await Factory.open("/run/nsinit");
 * await using container = await factory.create("web", spec, { bundle: "./bundle" });
 * const init = await container.run({ args: ["/bin/true"] });
 * const { code } = await init.wait();
 * ```
 */
export class Factory {
  /** The directory, absolute. */
  readonly root: string;
  readonly #rootless: boolean | "auto";
  readonly #log: LogFunction;
  readonly #init: InitSettings;
  readonly #driver: CgroupDriver;

  /** Use {@linkcode Factory.open}. */
  constructor(root: string, options: FactoryOptions) {
    this.root = root;
    this.#rootless = options.rootless ?? "auto";
    this.#log = options.log ?? (() => {});
    this.#init = initSettings(options);
    this.#driver = options.cgroupDriver ?? "cgroupfs";
  }

  /** Opens a directory of containers. It is made when the first container is. */
  static open(root: string, options: FactoryOptions = {}): Promise<Factory> {
    const absolute = root.startsWith("/") ? root : `${Deno.cwd()}/${root}`;
    return Promise.resolve(
      new Factory(absolute.replace(/\/+$/, "") || "/", options),
    );
  }

  /**
   * Makes a container: its directory and its record. There is no process until {@linkcode Container.start}.
   *
   * @param id letters, digits, `_`, `+`, `-`, `.`
   * @param configuration the configuration, which may lack a process; one that `loadSpec()` did not give is copied
   * @throws {ConfigError} with the JSON pointer of the field; {StateError} for a bad id, or one that is taken;
   * {RuntimeError} if the bundle is no directory
   */
  async create(
    id: string,
    configuration: Spec,
    options: CreateOptions,
  ): Promise<Container> {
    const directory = new RecordDirectory(this.root, id);
    const { isRootless, readHost } = await hosts();
    const { checkSpec } = await checks();
    const { newRecord, warmUpJoin } = await cgroups();
    const recordOf = this.#driver === "systemd"
      ? (await import("../cgroups/systemd/record.ts")).newScopeRecord
      : newRecord;
    const { turns } = await eventLoop();
    const given = snapshot(await wellFormed(configuration));
    await turns.take();
    const bundle = realDirectory(options.bundle);
    const noPivot = options.noPivot ?? false;
    if (directory.exists()) throw directory.taken();
    const host = readHost();
    const rootless = isRootless(this.#rootless, host);
    warmUpJoin(host.cgroup);
    const rootfs = checkSpec(given, host, {
      bundle,
      noPivot,
      needProcess: false,
      log: this.#log,
    });
    const spec = snapshot(withDestinationsInside(given, rootfs));
    const record: ContainerRecord = {
      version: 1,
      id,
      initPid: 0,
      initStart: 0,
      creator: { pid: Deno.pid, start: processStat(Deno.pid)?.startTime ?? 0 },
      created: new Date().toISOString(),
      bundle,
      rootfs,
      owner: Deno.uid() ?? 0,
      config: spec,
      rootless,
      ...(options.noNewKeyring === true ? { noNewKeyring: true } : {}),
      cgroup: recordOf(host.cgroup, {
        id,
        cgroupsPath: spec.linux?.cgroupsPath,
        rootless,
        annotations: spec.annotations,
      }),
      startSteps: [],
    };
    this.#makeRoot();
    directory.make();
    try {
      directory.write(record);
    } catch (error) {
      directory.remove();
      throw error;
    }
    return this.#container(directory, record, options, host);
  }

  /** Finds a container. Throws {StateError} `container does not exist`. */
  load(id: string): Promise<Container> {
    return Promise.resolve().then(() => {
      const directory = new RecordDirectory(this.root, id);
      return this.#container(directory, directory.read(), {});
    });
  }

  /** All containers, by id. One whose record can't be read is listed with the problem. */
  list(): Promise<ContainerInfo[]> {
    return Promise.resolve().then(() =>
      this.#ids().flatMap((id) => this.#info(id))
    );
  }

  #container(
    directory: RecordDirectory,
    record: ContainerRecord,
    options: Partial<CreateOptions>,
    host?: Host,
  ): Container {
    const { noPivot = false, noNewKeyring = false } = options;
    return new Container({
      directory,
      record,
      host,
      noPivot,
      noNewKeyring,
      init: this.#init,
      log: this.#log,
    });
  }

  #makeRoot(): void {
    try {
      Deno.mkdirSync(this.root, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new StateError(
        "",
        `cannot make ${this.root}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  #ids(): string[] {
    try {
      return [...Deno.readDirSync(this.root)].filter((entry) =>
        entry.isDirectory
      ).map((entry) => entry.name).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  #info(id: string): ContainerInfo[] {
    try {
      const directory = new RecordDirectory(this.root, id);
      const record = directory.read();
      return [{ ...stateOf(directory, record), owner: `${record.owner}` }];
    } catch (error) {
      // Deleted since the directory was read.
      if (
        error instanceof StateError &&
        error.message === "container does not exist"
      ) return [];
      return [{
        id,
        problem: error instanceof Error ? error.message : String(error),
      }];
    }
  }
}

function initSettings(
  { init, initArgs, debug = false }: FactoryOptions,
): InitSettings {
  const mode = init ?? (initArgs === undefined ? "image" : "reexec");
  const [path] = initArgs ?? [];
  if (mode === "reexec" && path === undefined) {
    throw new RuntimeError(
      "usage",
      "cannot re-execute an init: there are no initArgs",
    );
  }
  if (path !== undefined && !path.startsWith("/")) {
    throw new RuntimeError(
      "usage",
      `cannot use initArgs: ${JSON.stringify(path)} is no absolute path`,
    );
  }
  return { mode, args: initArgs, debug };
}

/** The bundle's path without links. */
function realDirectory(path: string): string {
  let problem = "it is not a directory";
  try {
    const real = Deno.realPathSync(path);
    if (Deno.statSync(real).isDirectory) return real;
  } catch (error) {
    problem = (error as Error).message;
  }
  throw new RuntimeError(
    "usage",
    `cannot use bundle ${JSON.stringify(path)}: ${problem}`,
  );
}

/** The configuration in the form that the schemas give: a program's own may have anything in it. */
async function wellFormed(spec: Spec): Promise<Spec> {
  if (isParsed(spec)) return spec;
  const { parseSpec } = await import("../spec/parse.ts");
  return parseSpec(spec).spec;
}
