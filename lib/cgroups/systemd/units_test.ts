import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../../deps/assert.ts";
import { libsystemd } from "../../../ffi/libsystemd.ts";
import { CgroupError, RuntimeError } from "../../errors.ts";
import { FakeSystemd, type Whims } from "./testdata/fake_systemd.ts";
import {
  isUnitExists,
  managerAddresses,
  openUnits,
  type UnitManager,
} from "./units.ts";

const UNIT = "nsinit-web.scope";
const PATIENCE = { connectMs: 2000, callMs: 200, jobMs: 200 };

function missingLibrary(): string | undefined {
  try {
    libsystemd();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const missing = missingLibrary();

function units(
  name: string,
  whims: Whims,
  fn: (units: UnitManager, systemd: FakeSystemd) => Promise<void>,
): void {
  if (missing !== undefined) console.log(`SKIP ${name}: ${missing}`);
  Deno.test({
    name,
    ignore: missing !== undefined,
    async fn() {
      const systemd = new FakeSystemd(whims);
      try {
        const { address } = systemd.peer;
        using units = await openUnits([{ address, hasBus: true }], PATIENCE);
        await fn(units, systemd);
      } finally {
        systemd[Symbol.dispose]();
        await systemd.peer.ended;
      }
    },
  });
}

units("units are started, changed and stopped", {}, async (units, systemd) => {
  assertEquals(await units.version(), 252);
  assertEquals(await units.rootCgroup(), "");
  await units.start(UNIT, [
    { name: "Slice", signature: "s", value: "a.slice" },
    { name: "PIDs", signature: "au", value: [7] },
  ]);
  assertEquals(systemd.units.get(UNIT), "active");
  assertEquals(systemd.peer.calls.at(-1)?.body, [
    UNIT,
    "replace",
    [
      ["Slice", { signature: "s", value: "a.slice" }],
      ["PIDs", { signature: "au", value: [7] }],
    ],
    [],
  ]);
  const properties = [{ name: "TasksMax", signature: "t", value: 5n }];
  await units.set(UNIT, properties);
  assertEquals(systemd.peer.calls.at(-1)?.body, [
    UNIT,
    true,
    [["TasksMax", { signature: "t", value: 5n }]],
  ]);
  await units.attach(UNIT, "/init", [8, 9]);
  assertEquals(systemd.peer.calls.at(-1)?.body, [UNIT, "/init", [8, 9]]);
  await units.stop(UNIT);
  assertEquals([...systemd.units], []);
});

units("a change of nothing asks nobody", {}, async (units, systemd) => {
  await units.set(UNIT, []);
  assertEquals(systemd.log, []);
});

units("start() clears away one that failed", {}, async (units, systemd) => {
  systemd.units.set(UNIT, "failed");
  await units.start(UNIT, []);
  assertEquals(systemd.units.get(UNIT), "active");
  assertEquals(systemd.log, [
    `StartTransientUnit ${UNIT}`,
    `ResetFailedUnit ${UNIT}`,
    `StartTransientUnit ${UNIT}`,
  ]);
});

units("start() leaves one that is active alone", {}, async (units, systemd) => {
  systemd.units.set(UNIT, "active");
  const error = await assertRejects(
    () => units.start(UNIT, []),
    CgroupError,
    `systemd: ${UNIT}: StartTransientUnit: Unit ${UNIT} already exists.; another container uses it`,
  );
  assertEquals(isUnitExists(error), true);
  assertEquals(systemd.units.get(UNIT), "active");
});

units("stop() forgets one that failed", {}, async (units, systemd) => {
  systemd.units.set(UNIT, "failed");
  await units.stop(UNIT);
  assertEquals([...systemd.units], []);
});

units("stop() is content if there is none", {}, async (units, systemd) => {
  await units.stop(UNIT);
  assertEquals(systemd.log, [`StopUnit ${UNIT}`]);
});

units(
  "a job that fails is an error that names the unit and where to look",
  { result: "failed" },
  async (units) => {
    await assertRejects(
      () => units.start(UNIT, []),
      CgroupError,
      `systemd: ${UNIT}: the start job ended as "failed"; see systemctl status ${UNIT} and the journal`,
    );
  },
);

units(
  "a job that does not end is an error in time",
  { result: undefined },
  async (units) => {
    await assertRejects(
      () => units.start(UNIT, []),
      CgroupError,
      `systemd: ${UNIT}: the start job has not ended within 0.2 s; see systemctl list-jobs`,
    );
  },
);

units(
  "calls that are not answered are errors in time",
  {
    mute: [
      "Get",
      "StartTransientUnit",
      "SetUnitProperties",
      "StopUnit",
      "AttachProcessesToUnit",
    ],
  },
  async (units) => {
    const calls: [string, () => Promise<unknown>][] = [
      ["Get", () => units.version()],
      ["StartTransientUnit", () => units.start(UNIT, [])],
      [
        "SetUnitProperties",
        () => units.set(UNIT, [{ name: "A", signature: "b", value: true }]),
      ],
      ["StopUnit", () => units.stop(UNIT)],
      ["AttachProcessesToUnit", () => units.attach(UNIT, "/", [1])],
    ];
    for (const [member, call] of calls) {
      const error = await assertRejects(call, CgroupError);
      assertStringIncludes(error.message, `no answer to ${member} from `);
      assertStringIncludes(error.message, "within 0.2 s");
    }
  },
);

units(
  "a property that systemd does not know is told",
  {
    errors: {
      SetUnitProperties: [
        "org.freedesktop.DBus.Error.PropertyReadOnly",
        "Cannot set property Nonsense, or unknown property.",
      ],
    },
  },
  async (units) => {
    await assertRejects(
      () =>
        units.set(UNIT, [{ name: "Nonsense", signature: "b", value: true }]),
      CgroupError,
      `systemd: ${UNIT}: SetUnitProperties: Cannot set property Nonsense, or unknown property.`,
    );
  },
);

Deno.test({
  name: "openUnits() takes the first that answers, and tells what all said",
  ignore: missing !== undefined,
  async fn() {
    const systemd = new FakeSystemd();
    const nobody = { address: "unix:path=/nowhere/bus", hasBus: true };
    try {
      const direct = { address: systemd.peer.address, hasBus: false };
      using units = await openUnits([nobody, direct], PATIENCE);
      await units.start(UNIT, []);
      assertEquals(systemd.units.get(UNIT), "active");
    } finally {
      systemd[Symbol.dispose]();
      await systemd.peer.ended;
    }
    const error = await assertRejects(
      () => openUnits([nobody, { ...nobody, hasBus: false }], PATIENCE),
      RuntimeError,
      "Cannot reach systemd, which is to manage cgroups: Cannot connect to D-Bus at unix:path=/nowhere/bus: ",
    );
    assertStringIncludes(error.message, "start it, name its bus");
  },
});

Deno.test("managerAddresses() has the bus, and systemd's own socket", () => {
  const of = (user: boolean, variables: Record<string, string>): string[] =>
    managerAddresses(user, (name) => variables[name], 1000).map((
      { address, hasBus },
    ) => `${address} ${hasBus}`);
  assertEquals(of(false, { XDG_RUNTIME_DIR: "/x" }), [
    "unix:path=/run/dbus/system_bus_socket true",
    "unix:path=/run/systemd/private false",
  ]);
  assertEquals(of(false, { DBUS_SYSTEM_BUS_ADDRESS: "tcp:host=x" }), [
    "tcp:host=x true",
    "unix:path=/run/systemd/private false",
  ]);
  assertEquals(of(true, {}), [
    "unix:path=/run/user/1000/bus true",
    "unix:path=/run/user/1000/systemd/private false",
  ]);
  assertEquals(
    of(true, {
      XDG_RUNTIME_DIR: "/a b,c",
      DBUS_SESSION_BUS_ADDRESS: "unix:path=/s",
    }),
    [
      "unix:path=/s true",
      "unix:path=/a%20b%2cc/systemd/private false",
    ],
  );
});
