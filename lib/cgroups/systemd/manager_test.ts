import { assertEquals, assertRejects } from "../../deps/assert.ts";
import { BusError } from "../../../ffi/bus_error.ts";
import { CgroupError, ConfigError } from "../../errors.ts";
import { createManager, openManager } from "../create_manager.ts";
import type { CgroupLayout } from "../layout.ts";
import type { CgroupManager } from "../manager.ts";
import {
  type CgroupRecord,
  plannedScope,
  type ScopeRecord,
} from "../record.ts";
import { FakeFiles, type FakeStart } from "../testdata/fake_files.ts";
import { SystemdManager } from "./manager.ts";
import type { UnitProperty } from "./property.ts";
import { newScopeRecord, userRoot } from "./record.ts";
import type { UnitManager } from "./units.ts";

const V2: CgroupLayout = {
  mode: "v2",
  mounts: [{ controllers: [""], mountPoint: "/cg", root: "/" }],
  own: { "": "/user.slice/user-7.slice/session-1.scope" },
};
const V1: CgroupLayout = {
  mode: "v1",
  mounts: ["devices", "pids"].map((name) => ({
    controllers: [name],
    mountPoint: `/cg/${name}`,
    root: "/",
  })),
  own: { devices: "/", pids: "/" },
};
const UNIT = "nsinit-web.scope";
const DIRECTORY = `system.slice/${UNIT}`;
const SCOPE = {
  unit: UNIT,
  slice: "system.slice",
  path: `/${DIRECTORY}`,
};

/** A systemd that notes what is asked of it. */
class FakeUnits implements UnitManager {
  readonly log: string[] = [];
  properties: readonly UnitProperty[] = [];
  /** Errors of the next calls, by name of the call. */
  readonly fails: Record<string, Error> = {};
  /** Called when a unit is started. */
  onStart = (): void => {};

  #do(line: string): void {
    const [name = ""] = line.split(" ");
    const error = this.fails[name];
    this.log.push(error === undefined ? line : `${line}: failed`);
    if (error !== undefined) throw error;
  }

  version(): Promise<number> {
    return Promise.resolve(252);
  }

  rootCgroup(): Promise<string> {
    return Promise.resolve("");
  }

  async start(unit: string, given: readonly UnitProperty[]): Promise<void> {
    await undefined;
    const pids = given.find(({ name }) => name === "PIDs")?.value;
    this.#do(`start ${unit} ${pids}`);
    this.properties = given;
    this.onStart();
  }

  async set(unit: string, given: readonly UnitProperty[]): Promise<void> {
    await undefined;
    this.#do(`set ${unit}`);
    this.properties = given;
  }

  async attach(
    unit: string,
    below: string,
    pids: readonly number[],
  ): Promise<void> {
    await undefined;
    this.#do(`attach ${unit} ${below} ${pids}`);
  }

  async stop(unit: string): Promise<void> {
    await undefined;
    this.#do(`stop ${unit}`);
  }

  close(): void {
    this.log.push("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A manager with a systemd and files, none of which is real. */
function fakeScope(
  layout: CgroupLayout,
  start: Record<string, FakeStart>,
  record: CgroupRecord = plannedScope(layout, SCOPE, false),
): { manager: CgroupManager; units: FakeUnits; files: FakeFiles[] } {
  const files = Object.entries(start).map(([mountPoint, rest]) =>
    new FakeFiles({ mountPoint, ...rest })
  );
  const units = new FakeUnits();
  const open = (mountPoint: string): FakeFiles =>
    files.find((one) => one.mountPoint === mountPoint)!;
  const manager = new SystemdManager(
    { ...record, systemd: record.systemd ?? SCOPE },
    {
      openCgroup: (made) => openManager(made, open),
      open,
      units: () => Promise.resolve(units),
      cgroupOf: () => `0::/${DIRECTORY}\n`,
    },
    record.planned ? { id: "web", layout } : undefined,
  );
  return { manager, units, files };
}

const V2_FILES: Record<string, FakeStart> = {
  "/cg": {
    anyFile: true,
    directories: ["system.slice", DIRECTORY],
    files: {
      [`${DIRECTORY}/cgroup.controllers`]: "cpu memory pids\n",
      [`${DIRECTORY}/cgroup.procs`]: "",
    },
  },
};
const LIMITS = {
  memory: { limit: 5_000_000 },
  cpu: { quota: 33_333, period: 100_000 },
};

function named(units: FakeUnits): Record<string, unknown> {
  return Object.fromEntries(
    units.properties.map(({ name, value }) => [name, value]),
  );
}

Deno.test("SystemdManager on v2: systemd makes the cgroup around the process", async () => {
  const { manager, units, files } = fakeScope(V2, V2_FILES);
  await manager.create({});
  assertEquals(manager.toJSON().planned, true);
  assertEquals(manager.openDirectory(), undefined);
  await manager.join(42);
  assertEquals(units.log, [`start ${UNIT} 42`]);
  assertEquals(manager.toJSON(), {
    mode: "v2",
    paths: { "": `/cg/${DIRECTORY}` },
    mountPoints: { "": "/cg" },
    existing: [],
    rootless: false,
    systemd: SCOPE,
  });
  assertEquals(files[0]!.log, []);
  await manager.join(43);
  assertEquals(files[0]!.log, [`write ${DIRECTORY}/cgroup.procs=43`]);
});

Deno.test("SystemdManager tells systemd of limits, and writes them as well", async () => {
  const { manager, units, files } = fakeScope(V2, V2_FILES);
  await manager.create(LIMITS);
  await manager.join(42);
  await manager.apply(LIMITS, { devices: false });
  assertEquals(named(units), {
    MemoryMax: 5_000_000n,
    CPUQuotaPerSecUSec: 340_000n,
    CPUQuotaPeriodUSec: 100_000n,
  });
  assertEquals(files[0]!.log.filter((line) => line !== "close"), [
    `write ${DIRECTORY}/memory.max=5000000`,
    `write ${DIRECTORY}/cpu.max=34000 100000`,
  ]);
  assertEquals(manager.warnings.length, 1);
});

Deno.test("SystemdManager updates only what is given", async () => {
  const made = {
    ...plannedScope(V2, SCOPE, false),
    paths: { "": `/cg/${DIRECTORY}` },
    mountPoints: { "": "/cg" },
  };
  delete made.planned;
  const { manager, units, files } = fakeScope(V2, V2_FILES, made);
  await manager.update({ pids: { limit: 9 } });
  assertEquals(named(units), { TasksMax: 9n });
  assertEquals(files[0]!.log.filter((line) => line !== "close"), [
    `write ${DIRECTORY}/pids.max=9`,
  ]);
});

Deno.test("SystemdManager tells systemd nothing that the kernel refuses", async () => {
  const line = `write ${DIRECTORY}/memory.max=5000000`;
  const { manager, units } = fakeScope(V2, {
    "/cg": { ...V2_FILES["/cg"], refuse: { [line]: ["EINVAL"] } },
  });
  await manager.create(LIMITS);
  await manager.join(42);
  await assertRejects(
    async () => await manager.apply(LIMITS, { devices: false }),
    CgroupError,
    "memory.max",
  );
  assertEquals(units.log, [`start ${UNIT} 42`]);
});

Deno.test("SystemdManager fails when systemd refuses", async () => {
  const { manager, units } = fakeScope(V2, V2_FILES);
  await manager.create(LIMITS);
  await manager.join(42);
  units.fails["set"] = new CgroupError(UNIT, "no such property");
  await assertRejects(
    async () => await manager.apply(LIMITS, { devices: false }),
    CgroupError,
    "no such property",
  );
});

Deno.test("SystemdManager on v1 tells systemd nothing that the kernel refuses", async () => {
  const line = `write ${DIRECTORY}/pids.max=9`;
  const { manager, units } = fakeScope(V1, {
    "/cg/devices": {
      anyFile: true,
      files: { [`${DIRECTORY}/devices.list`]: "a *:* rwm\n" },
    },
    "/cg/pids": { anyFile: true, refuse: { [line]: ["EINVAL"] } },
  });
  await manager.create({});
  await manager.join(42);
  const update = async (): Promise<void> =>
    await manager.update({ pids: { limit: 9 } }, { devices: ALL_BUT_ONE });
  await assertRejects(update, CgroupError, "pids.max");
  assertEquals(units.log, [`start ${UNIT} 42`]);
  await update();
  assertEquals(named(units), { TasksMax: 9n });
});

/** A container of v1 that is started, with what happens in its freezer and to its devices while systemd is told. */
async function startedOnV1(
  state: string,
): Promise<{ manager: CgroupManager; log: string[]; units: FakeUnits }> {
  const layout: CgroupLayout = {
    ...V1,
    mounts: ["devices", "pids", "freezer"].map((name) => ({
      controllers: [name],
      mountPoint: `/cg/${name}`,
      root: "/",
    })),
  };
  const freezerState = { [`${DIRECTORY}/freezer.state`]: `${state}\n` };
  const { manager, units, files } = fakeScope(layout, {
    "/cg/devices": {
      anyFile: true,
      files: { [`${DIRECTORY}/devices.list`]: "a *:* rwm\n" },
    },
    "/cg/pids": { anyFile: true },
    "/cg/freezer": { anyFile: true, files: freezerState },
  });
  await manager.create({});
  await manager.join(42);
  const [devices, , freezer] = files;
  const log: string[] = [];
  for (const each of [devices!, freezer!]) {
    const { log: own } = each;
    const push = own.push.bind(own);
    own.push = (...lines) => {
      log.push(...lines.filter((line) => line.startsWith("write")));
      return push(...lines);
    };
  }
  const set = units.set.bind(units);
  units.set = async (unit, given) => {
    log.push("systemd");
    await set(unit, given);
  };
  return { manager, log, units };
}

const DENIED = { allow: false, type: "c", major: 1, minor: 11, access: "rwm" };
const ALL_BUT_ONE = [{ allow: true }, DENIED];

Deno.test("SystemdManager on v1 freezes while systemd forbids all devices, and sets the rules again", async () => {
  const { manager, log } = await startedOnV1("THAWED");
  await manager.update({ pids: { limit: 9 } }, { devices: ALL_BUT_ONE });
  assertEquals(log, [
    `write ${DIRECTORY}/freezer.state=FROZEN`,
    "systemd",
    `write ${DIRECTORY}/devices.allow=a`,
    `write ${DIRECTORY}/devices.deny=c 1:11 rwm`,
    `write ${DIRECTORY}/freezer.state=THAWED`,
  ]);
});

Deno.test("SystemdManager on v1 leaves what is frozen frozen, and what is being made alone", async () => {
  const frozen = await startedOnV1("FROZEN");
  await frozen.manager.update({ pids: { limit: 9 } }, { devices: ALL_BUT_ONE });
  assertEquals(frozen.log, [
    "systemd",
    `write ${DIRECTORY}/devices.allow=a`,
    `write ${DIRECTORY}/devices.deny=c 1:11 rwm`,
  ]);
  const { manager, log } = await startedOnV1("THAWED");
  await manager.apply({ devices: ALL_BUT_ONE });
  assertEquals(log.filter((line) => line.includes("freezer")), []);
});

Deno.test("SystemdManager on v1 thaws when systemd refuses", async () => {
  const { manager, log, units } = await startedOnV1("THAWED");
  units.fails["set"] = new CgroupError(UNIT, "no such property");
  await assertRejects(
    async () => await manager.update({ pids: { limit: 9 } }),
    CgroupError,
    "no such property",
  );
  assertEquals(log, [
    `write ${DIRECTORY}/freezer.state=FROZEN`,
    "systemd",
    `write ${DIRECTORY}/freezer.state=THAWED`,
  ]);
});

Deno.test("SystemdManager on v1 leaves nothing of a scope whose making was cut off", async () => {
  const files = ["devices", "pids"].map((name) =>
    new FakeFiles({
      mountPoint: `/cg/${name}`,
      directories: ["system.slice", DIRECTORY],
    })
  );
  const units = new FakeUnits();
  const open = (mountPoint: string): FakeFiles =>
    files.find((one) => one.mountPoint === mountPoint)!;
  const record = JSON.parse(JSON.stringify(plannedScope(V1, SCOPE, false)));
  const manager = new SystemdManager(record, {
    openCgroup: (made) => openManager(made, open),
    open,
    units: () => Promise.resolve(units),
  });
  assertEquals(await manager.kill(), true);
  await manager.destroy();
  // The scope may be another's, and ends by itself when it is empty.
  assertEquals(units.log, []);
  for (const { log } of files) {
    assertEquals(log.filter((line) => line !== "close"), [
      `rmdir ${DIRECTORY}`,
    ]);
  }
});

Deno.test("SystemdManager has a user's manager move what the user may not, and where to", async () => {
  const made: CgroupRecord & { systemd: ScopeRecord } = {
    ...plannedScope(V2, { ...SCOPE, user: true }, true),
    paths: { "": `/cg/${DIRECTORY}` },
    mountPoints: { "": "/cg" },
  };
  delete made.planned;
  const init = `${DIRECTORY}/init`;
  for (const [place, subtree] of [["/", ""], ["/init", "pids"]] as const) {
    const directory = place === "/" ? DIRECTORY : init;
    const line = `write ${directory}/cgroup.procs=43`;
    const { manager, units } = fakeScope(V2, {
      "/cg": {
        directories: ["system.slice", DIRECTORY, init],
        files: {
          [`${DIRECTORY}/cgroup.subtree_control`]: `${subtree}\n`,
          [`${DIRECTORY}/cgroup.procs`]: "",
          [`${init}/cgroup.procs`]: `${Deno.pid}\n`,
        },
        refuse: { [line]: ["EACCES"] },
      },
    }, made);
    await manager.join(43, place === "/" ? {} : { below: { "": "init" } });
    assertEquals(units.log, [`attach ${UNIT} ${place} 43`]);
  }
});

Deno.test("SystemdManager stops the scope when it is destroyed", async () => {
  const { manager, units } = fakeScope(V2, V2_FILES);
  await manager.create({});
  await manager.join(42);
  await manager.destroy();
  assertEquals(units.log, [`start ${UNIT} 42`, `stop ${UNIT}`, "close"]);
});

Deno.test("SystemdManager stops a scope that may have been made in spite of an error", async () => {
  const { manager, units } = fakeScope(V2, V2_FILES);
  await manager.create({});
  units.fails["start"] = new CgroupError(UNIT, "no answer");
  await assertRejects(async () => await manager.join(42), CgroupError);
  await manager.destroy();
  assertEquals(units.log.slice(1), [`stop ${UNIT}`, "close"]);
});

Deno.test("SystemdManager does not stop another's scope of the same name", async () => {
  const { manager, units } = fakeScope(V2, V2_FILES);
  await manager.create({});
  units.fails["start"] = new CgroupError(UNIT, "exists", undefined, {
    cause: new BusError("org.freedesktop.systemd1.UnitExists", "exists"),
  });
  await assertRejects(async () => await manager.join(42), CgroupError);
  await manager.destroy();
  assertEquals(units.log.slice(1), ["close"]);
});

Deno.test("SystemdManager does not touch a scope that is only planned", async () => {
  const planned = plannedScope(V2, SCOPE, false);
  using manager = openManager(planned);
  assertEquals(manager.pids(), []);
  assertEquals(await manager.kill(), true);
  await manager.destroy();
  assertEquals(manager.toJSON(), planned);
});

Deno.test("SystemdManager starts a scope anew that ended with its first process", async () => {
  const { manager, units, files } = fakeScope(V2, V2_FILES);
  await manager.create({});
  await manager.join(42);
  files[0]!.removeDirectory(DIRECTORY);
  files[0]!.write = () => {
    throw new CgroupError(DIRECTORY, "it is gone");
  };
  await manager.join(43);
  assertEquals(units.log, [`start ${UNIT} 42`, `start ${UNIT} 43`]);
});

Deno.test("SystemdManager on v1 makes all directories, and enters them", async () => {
  const { manager, units, files } = fakeScope(V1, {
    "/cg/devices": {
      anyFile: true,
      files: { [`${DIRECTORY}/devices.list`]: "a *:* rwm\n" },
    },
    "/cg/pids": { anyFile: true },
  });
  await manager.create({});
  // Of those that it knows, systemd removes what it has no use for.
  units.onStart = () => files[1]!.removeDirectory(DIRECTORY);
  await manager.join(42);
  assertEquals(units.log, [`start ${UNIT} 42`]);
  const [devices, pids] = files.map(({ log }) =>
    log.filter((line) => line !== "close")
  );
  const made = [
    `mkdir ${DIRECTORY}: ENOENT`,
    "mkdir system.slice",
    `mkdir ${DIRECTORY}`,
  ];
  const entered = `write ${DIRECTORY}/cgroup.procs=42`;
  assertEquals(devices, [...made, entered]);
  assertEquals(pids, [
    ...made,
    `rmdir ${DIRECTORY}`,
    `mkdir ${DIRECTORY}`,
    entered,
  ]);
  assertEquals(manager.paths, {
    devices: `/cg/devices/${DIRECTORY}`,
    pids: `/cg/pids/${DIRECTORY}`,
  });
  assertEquals(manager.toJSON().systemd, SCOPE);
});

Deno.test("createManager() with a scope forgets what was before", () => {
  using manager = createManager(V2, { id: "web", scope: SCOPE });
  assertEquals(manager.toJSON(), plannedScope(V2, SCOPE, false));
});

Deno.test("newScopeRecord() plans the scope", () => {
  const of = (rootless: boolean): CgroupRecord["systemd"] =>
    newScopeRecord(V2, { id: "web", rootless }, true).systemd;
  assertEquals(of(false), SCOPE);
  const { unit, slice, user } = of(true)!;
  assertEquals({ unit, slice, user }, {
    unit: UNIT,
    slice: "user.slice",
    user: true,
  });
});

Deno.test("newScopeRecord() refuses hosts that can't have scopes, and says why", () => {
  const none: CgroupLayout = { mode: "none", mounts: [], own: {} };
  const cases: [CgroupLayout, rootless: boolean, booted: boolean, string][] = [
    [V2, false, false, "systemd is not running here"],
    [none, false, true, "no cgroup file system is mounted"],
    [V1, true, true, "on cgroup v1 a user's manager"],
  ];
  for (const [layout, rootless, booted, text] of cases) {
    assertEquals(
      errorOf(() => newScopeRecord(layout, { id: "x", rootless }, booted)),
      `systemd cgroup flag passed, but systemd support for managing cgroups is not available: ${text}`,
    );
  }
});

Deno.test("newScopeRecord() refuses bad paths and annotations", () => {
  for (
    const location of [
      { cgroupsPath: "/a/b" },
      { annotations: { "org.systemd.property.Foo": "<5>" } },
    ]
  ) {
    const make = (): unknown =>
      newScopeRecord(V2, { id: "x", rootless: false, ...location }, true);
    try {
      make();
    } catch (error) {
      assertEquals(error instanceof ConfigError, true);
      continue;
    }
    throw new Error("not refused");
  }
});

Deno.test("userRoot() is the cgroup of the user's manager", () => {
  const root = "/user.slice/user-7.slice/user@7.service";
  for (
    const own of [root, `${root}/app.slice/a.service`, "/user.slice/x", "/"]
  ) {
    assertEquals(userRoot(own, 7), root);
  }
  assertEquals(
    userRoot("/nested/user@7.service/x", 7),
    "/nested/user@7.service",
  );
  assertEquals(userRoot("/user@7.serviceable", 7), root);
  // As root of a user namespace.
  assertEquals(userRoot(`${root}/app.slice/a.service`, 0), root);
  assertEquals(userRoot("/user.slice/user-7.slice/session-1.scope", 0), root);
});

/** The beginning of an error's message, up to what helps. */
function errorOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof CgroupError) {
      return error.message.replace(/( here)? \(no .*$|; .*$/, "$1").replace(
        /(user's manager) .*/,
        "$1",
      );
    }
    throw error;
  }
  return "no error";
}
