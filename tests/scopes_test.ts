/**
 * What is asked of systemd for a container's scope, and what becomes of it when something goes wrong: with a systemd that
 * answers as it is told, so on both versions of cgroups. What the real one does with it: systemd_test.ts.
 */
import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import { failure, ok, until } from "./command.ts";
import { FakeScopes, sleep } from "./fake_scopes.ts";
import { exists, hierarchies, isPureV2, SLOWNESS } from "./host.ts";
import { limited, without } from "./limits.ts";

const V1 = {
  skip: exists("/run/systemd/system")
    ? "a systemd runs here"
    : isPureV2()
    ? "cgroup v1 only"
    : without("freezer"),
};
const V2 = {
  skip: exists("/run/systemd/system")
    ? "a systemd runs here"
    : hierarchies().some(({ controllers }) => controllers.length === 0)
    ? undefined
    : "no cgroup v2 hierarchy here",
};
const KMSG = { allow: true, type: "c", major: 1, minor: 11, access: "rw" };

claim("a scope on v1: limits, devices, place and end", async (box) => {
  await using systemd = new FakeScopes(box);
  const { container, unit } = await systemd.create((spec) => {
    spec.linux.resources = {
      memory: { limit: 268_435_456 },
      cpu: { shares: 512, quota: 33_333, period: 100_000 },
      pids: { limit: 23 },
      devices: [{ allow: false, access: "rwm" }, KMSG],
    };
    spec.annotations = { "org.systemd.property.RuntimeMaxSec": "60" };
  });
  const pid = await container.pid();
  assertEquals(systemd.log, [
    `StartTransientUnit ${unit}`,
    `SetUnitProperties ${unit}`,
  ]);
  const [start, set] = systemd.calls.map(({ properties }) =>
    Object.fromEntries(properties)
  );
  const { DeviceAllow: first, ...given } = start!;
  assertEquals(given, {
    Description: `nsinit container ${container.id}`,
    Slice: "system.slice",
    Delegate: true,
    PIDs: [pid],
    MemoryAccounting: true,
    CPUAccounting: true,
    BlockIOAccounting: true,
    TasksAccounting: true,
    DefaultDependencies: false,
    CollectMode: "inactive-or-failed",
    DevicePolicy: "strict",
    RuntimeMaxUSec: 60_000_000n,
  });
  const { DeviceAllow, ...others } = set!;
  assertEquals(DeviceAllow, first);
  assertEquals(others, {
    MemoryLimit: 268_435_456n,
    CPUShares: 512n,
    CPUQuotaPerSecUSec: 340_000n,
    CPUQuotaPeriodUSec: 100_000n,
    TasksMax: 23n,
    DevicePolicy: "strict",
  });
  assert(
    (DeviceAllow as string[][]).some(([node, access]) =>
      node === "/dev/char/1:11" && access === "rw"
    ),
  );
  for (const line of readLines(`/proc/${pid}/cgroup`)) {
    assert(/:\/$/.test(line) || line.endsWith(`/system.slice/${unit}`), line);
  }
  const read = (controller: string, file: string): string =>
    Deno.readTextFileSync(`${systemd.directory(unit, controller)}/${file}`)
      .trim();
  assertEquals(read("pids", "pids.max"), "23");
  assertEquals(read("cpu", "cpu.cfs_quota_us"), "34000");
  assertStringIncludes(read("devices", "devices.list"), "c 1:11 rw");
  await container.kill();
  await container.delete();
  assertEquals(systemd.log.slice(2), [
    `StopUnit ${unit}`,
    `ResetFailedUnit ${unit}`,
  ]);
  assertEquals(box.leaks(), []);
}, V1);

claim("a scope on v2: devices, place and end", async (box) => {
  await using systemd = new FakeScopes(box, { v2: true });
  const { container, unit } = await systemd.create((spec) => {
    spec.linux.resources = {
      devices: [{ allow: false, access: "rwm" }, KMSG],
    };
  });
  assertEquals(systemd.log, [
    `StartTransientUnit ${unit}`,
    `SetUnitProperties ${unit}`,
  ]);
  assertEquals(systemd.values("IOAccounting"), [true]);
  assertEquals(systemd.values("DevicePolicy"), ["strict"]);
  const [line] = readLines(`/proc/${await container.pid()}/cgroup`).filter((
    line,
  ) => line.startsWith("0:"));
  assertEquals(line, `0::/system.slice/${unit}`);
  await container.start();
  ok(await container.try("pause"));
  assertEquals((await container.state()).status, "paused");
  ok(await container.try("delete", "--force"));
  assertEquals(systemd.log.slice(2), [
    `StopUnit ${unit}`,
    `ResetFailedUnit ${unit}`,
  ]);
  assertEquals(exists(systemd.directory(unit)), false);
}, V2);

/** Opens a device as often as it can, and says so when that is refused. */
const WATCH = "echo on; while :; do : </dev/zero || echo refused; done";

claim(
  "a scope on v1: a container that runs does not see systemd forbid all devices while it is told of limits",
  async (box) => {
    const states: string[] = [];
    let isRunning = false;
    await using systemd: FakeScopes = new FakeScopes(box, {
      onCall({ member, unit }) {
        if (member !== "SetUnitProperties" || !isRunning) return;
        states.push(stateOf(systemd, unit));
        const devices = systemd.directory(unit, "devices");
        // As systemd does, whatever it is told.
        Deno.writeTextFileSync(`${devices}/devices.deny`, "a");
        sleep(100);
        Deno.writeTextFileSync(`${devices}/devices.allow`, "c *:* m");
      },
    });
    const { container, unit } = await systemd.create((spec) => {
      spec.process.args = ["sh", "-c", WATCH];
    });
    const list = (): string[] =>
      readLines(`${systemd.directory(unit, "devices")}/devices.list`).sort();
    const before = list();
    await container.start();
    await container.outputWith("on");
    isRunning = true;
    ok(await container.try("update", "--pids-limit", "50"));
    assertEquals(list(), before);
    assertEquals(stateOf(systemd, unit), "THAWED");
    ok(await container.try("pause"));
    ok(await container.try("update", "--pids-limit", "60"));
    assertEquals(stateOf(systemd, unit), "FROZEN");
    assertEquals(states, ["FROZEN", "FROZEN"]);
    ok(await container.try("resume"));
    // It has had time to see the rules of now.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await container.kill();
    assertEquals(container.output(), "on\n");
    await container.delete();
  },
  V1,
);

/** What the freezer of v1 says of a scope. */
function stateOf(systemd: FakeScopes, unit: string): string {
  const [state = ""] = readLines(
    `${systemd.directory(unit, "freezer")}/freezer.state`,
  );
  return state;
}

/** Kills a `create` at a call that systemd then does not answer. */
async function killedAt(
  member: string,
  systemd: FakeScopes,
): Promise<{ id: string; unit: string; pid: string }> {
  const { args, id, unit } = await systemd.plan();
  const running = systemd.spawn(args);
  await until(
    () => systemd.calls.some((call) => call.member === member),
    member,
  );
  running.kill("SIGKILL");
  await running.result();
  const [pids] = systemd.values("PIDs");
  return { id, unit, pid: String(pids) };
}

for (const member of ["StartTransientUnit", "SetUnitProperties"]) {
  for (const v2 of [false, true]) {
    claim(
      `a create that is killed at ${member} leaves nothing, on v${v2 ? 2 : 1}`,
      async (box) => {
        await using systemd = new FakeScopes(box, { v2, mute: [member] });
        const { id, unit, pid } = await killedAt(member, systemd);
        // Nobody tells init to go on, so it goes; and a scope that nobody is in ends.
        await until(() => !exists(`/proc/${pid}`), "the end of init");
        ok(await systemd.run(["delete", "--force", id]));
        const isOurs = member === "SetUnitProperties";
        assertEquals(systemd.log.includes(`StopUnit ${unit}`), isOurs);
        if (!isOurs && v2) Deno.removeSync(systemd.directory(unit));
        assertEquals(box.leaks(), []);
      },
      { ...(v2 ? V2 : V1), isRace: true },
    );
  }
}

claim("a create that systemd refuses leaves nothing", async (box) => {
  const name = "org.freedesktop.systemd1.Nonsense";
  for (const member of ["StartTransientUnit", "SetUnitProperties"]) {
    const errors = { [member]: [name, `no ${member} today`] as const };
    await using systemd = new FakeScopes(box, { errors });
    const { args, unit } = await systemd.plan(limited({ pids: { limit: 5 } }));
    const text = failure(await systemd.run(args));
    assertStringIncludes(text, `systemd: ${unit}: ${member}: no ${member}`);
    assertEquals(systemd.log.includes(`StopUnit ${unit}`), true);
    assertEquals(box.leaks(), []);
  }
}, V1);

claim(
  "a systemd that can't be reached: socket and remedy are named",
  async (box) => {
    await using systemd = new FakeScopes(box);
    const { args } = await systemd.plan();
    const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${box.dir}/no-bus` };
    const text = failure(await systemd.run(args, { env }));
    assertStringIncludes(text, `D-Bus at unix:path=${box.dir}/no-bus: `);
    assertStringIncludes(text, "D-Bus at unix:path=/run/systemd/private: ");
    assertMatch(
      text,
      /start it, name its bus \(DBUS_SYSTEM_BUS_ADDRESS.*or manage cgroups without it/,
    );
    assertEquals(box.leaks(), []);
  },
  V1,
);

claim("a bus that never answers is given up after ten seconds", async (box) => {
  await using systemd = new FakeScopes(box);
  systemd.systemd.peer.isSilent = true;
  const { args } = await systemd.plan();
  const begin = performance.now();
  const text = failure(await systemd.run(args));
  assertLess(performance.now() - begin, 20_000 * SLOWNESS);
  const { address } = systemd.systemd.peer;
  assertStringIncludes(text, `D-Bus at ${address}: no answer within 10 s; `);
  assertStringIncludes(text, "start it, name its bus");
  assertEquals(box.leaks(), []);
}, V1);

claim(
  "plan shows what systemd would be asked for, without one",
  async (box) => {
    const { dir } = await box.bundle((spec) => {
      spec.linux.cgroupsPath = "a-b.slice:p:n";
      spec.linux.resources = { pids: { limit: 5 } };
    });
    const { stdout } = ok(
      await box.nsinit(["--systemd-cgroup", "plan", "--bundle", dir, "web"]),
    );
    for (
      const line of [
        "have systemd set Slice='a-b.slice' of p-n.scope",
        "have systemd set Delegate=true of p-n.scope",
        "have systemd set TasksMax=5 of p-n.scope",
        "have systemd set DevicePolicy='strict' of p-n.scope",
        "/a.slice/a-b.slice/p-n.scope/pids.max",
      ]
    ) assertStringIncludes(stdout, line);
  },
  V1,
);

/** Where the linker finds libsystemd. */
const LIBRARY = `/usr/lib/${Deno.build.arch}-linux-gnu/libsystemd.so.0`;

claim(
  "libsystemd is loaded by who has systemd manage cgroups, and by nobody else",
  async (box) => {
    const hidden = (...args: string[]): string[] => [
      ...["unshare", "-m", "sh", "-c"],
      `mount --bind /dev/null "$(readlink -f ${LIBRARY})" && mount -t tmpfs tmpfs /run && ` +
      'mkdir -p /run/systemd/system && exec "$@"',
      ...["sh", ...box.argv(...args)],
    ];
    const { dir } = await box.bundle((spec) => {
      spec.process.args = ["true"];
    });
    ok(await box.command(hidden("run", "--bundle", dir, box.newId())));
    const text = failure(
      await box.command(
        hidden("--systemd-cgroup", "run", "--bundle", dir, box.newId()),
      ),
    );
    assertStringIncludes(
      text,
      "Cannot talk to systemd: libsystemd.so.0 can't be loaded; install it",
    );
    assertStringIncludes(text, "or manage cgroups without systemd");
    assertEquals(box.leaks(), []);
  },
  {
    skip: V1.skip ??
      (exists(LIBRARY) ? undefined : `libsystemd is not at ${LIBRARY}`),
  },
);

function readLines(path: string): string[] {
  return Deno.readTextFileSync(path).trim().split("\n");
}
