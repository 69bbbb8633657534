/** Limits of containers that systemd keeps in scopes: as it sees them, as the kernel does, and after a daemon-reload. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { ok } from "./command.ts";
import type { Container } from "./container.ts";
import { cgroupDir, isPureV2 } from "./host.ts";
import { limited, V2, without } from "./limits.ts";
import { cgroupOf, create, NAMES, show, SKIP } from "./systemd_scopes.ts";
import type { Resources } from "./spec.ts";

const WITH_CONTROLLERS = {
  skip: SKIP.skip ?? without("memory") ?? without("pids") ?? without("cpu"),
};
const LIMITS = limited({
  memory: { limit: 268_435_456 },
  pids: { limit: 23 },
  cpu: { shares: 512, quota: 25_000, period: 50_000 },
});

/** Contents of a scope's files: by controller, those of v1, and those of v2. */
function files(
  unit: string,
  names: Readonly<Record<string, readonly [v1: string[], v2: string[]]>>,
): string[] {
  return Object.entries(names).flatMap(([controller, [v1, v2]]) =>
    (isPureV2() ? v2 : v1).map((name) =>
      Deno.readTextFileSync(
        `${cgroupDir(controller, `/system.slice/${unit}`)}/${name}`,
      ).trim()
    )
  );
}

const FILES: Parameters<typeof files>[1] = {
  memory: [["memory.limit_in_bytes"], ["memory.max"]],
  pids: [["pids.max"], ["pids.max"]],
  cpu: [["cpu.cfs_quota_us", "cpu.shares"], ["cpu.max", "cpu.weight"]],
};
const CPU = [
  ["25000", "512"],
  ["25000 50000", "59"],
] as const;

claim(
  "systemd: limits are the scope's, and a daemon-reload takes none away [v2]",
  async (box) => {
    const { unit } = await create(box, LIMITS);
    const read = (): Promise<Record<string, string>> =>
      show(
        box,
        unit,
        NAMES.memory,
        "TasksMax",
        "CPUQuotaPerSecUSec",
        "CPUQuotaPeriodUSec",
        NAMES.weight,
      );
    const before = await read();
    assertEquals(before, {
      [NAMES.memory]: "268435456",
      TasksMax: "23",
      CPUQuotaPerSecUSec: "500ms",
      CPUQuotaPeriodUSec: "50ms",
      [NAMES.weight]: isPureV2() ? "59" : "512",
    });
    const written = files(unit, FILES);
    assertEquals(written, ["268435456", "23", ...CPU[isPureV2() ? 1 : 0]]);
    ok(await box.command(["systemctl", "daemon-reload"]));
    assertEquals(await read(), before);
    assertEquals(files(unit, FILES), written);
  },
  WITH_CONTROLLERS,
);

claim(
  "systemd: a running container's limits are changed in the scope, too [v2]",
  async (box) => {
    const { container, unit } = await create(box, LIMITS);
    await container.start();
    const { stderr } = ok(
      await container.try(
        "update",
        ...["--pids-limit", "17", "--memory", "134217728"],
        ...["--cpu-share", "1024", "--cpu-quota", "16666"],
      ),
    );
    assertMatch(stderr, /level=warning .*quota of 16666.*becomes 17000/);
    const read = (): Promise<Record<string, string>> =>
      show(box, unit, "TasksMax", NAMES.memory, "CPUQuotaPerSecUSec");
    const told = {
      TasksMax: "17",
      [NAMES.memory]: "134217728",
      CPUQuotaPerSecUSec: "340ms",
    };
    assertEquals(await read(), told);
    const cpu = isPureV2() ? ["17000 50000", "100"] : ["17000", "1024"];
    const now = ["134217728", "17", ...cpu];
    assertEquals(files(unit, FILES), now);
    ok(await box.command(["systemctl", "daemon-reload"]));
    assertEquals(await read(), told);
    assertEquals(files(unit, FILES), now);
  },
  WITH_CONTROLLERS,
);

claim(
  "systemd: what only v2 has is told, too [v2]",
  async (box) => {
    const { unit } = await create(
      box,
      limited({
        memory: { limit: 1 << 28, reservation: 1 << 24, swap: 1 << 29 },
        cpu: { cpus: "0", mems: "0" },
        blockIO: { weight: 100 },
        unified: { "memory.high": "200M", "pids.max": "31" },
      }),
    );
    const told = {
      MemoryLow: "16777216",
      MemorySwapMax: "268435456",
      MemoryHigh: "209715200",
      TasksMax: "31",
      AllowedCPUs: "0",
      AllowedMemoryNodes: "0",
    };
    assertEquals(await show(box, unit, ...Object.keys(told)), told);
    assertMatch(
      (await show(box, unit, "IOWeight"))["IOWeight"] ?? "",
      /^(100|910)$/, // of BFQ's file, and without BFQ
    );
  },
  { skip: WITH_CONTROLLERS.skip ?? (V2 ? undefined : "cgroup v2 only") },
);

/** Says whether a device node can be opened; again each time there is a new file `/go…`. */
const OPENS = [
  "t() { (: >/dev/node) 2>/dev/null && echo opened || echo refused; }",
  "t; echo said0",
  "for n in 1 2; do while [ ! -e /go$n ]; do usleep 100000; done; t; echo said$n; done",
  "sleep 1000",
].join("\n");

/** A container that tries to open the kernel log's node for writing. */
async function opener(
  box: Box,
  devices: Resources["devices"] & object,
): Promise<{
  container: Container;
  unit: string;
  opens: (n: number) => Promise<string | undefined>;
}> {
  const { container, unit } = await create(box, (spec) => {
    spec.process.args = ["sh", "-c", OPENS];
    spec.linux.devices = [
      { path: "/dev/node", type: "c", major: 1, minor: 11, fileMode: 0o666 },
    ];
    spec.linux.resources = { devices };
  });
  await container.start();
  const opens = async (n: number): Promise<string | undefined> => {
    Deno.writeTextFileSync(`${container.bundle.rootfs}/go${n}`, "");
    const output = await container.outputWith(`said${n}`);
    return output.match(/opened|refused/g)?.[n];
  };
  return { container, unit, opens };
}

const NONE = { allow: false, access: "rwm" };
const KMSG = { allow: true, type: "c", major: 1, minor: 11, access: "rw" };

claim(
  "systemd: a daemon-reload keeps device rules, also those of an update",
  async (box) => {
    const { container, unit, opens } = await opener(box, [NONE, KMSG]);
    assertEquals(await opens(0), "opened");
    const { DevicePolicy, DeviceAllow = "" } = await show(
      box,
      unit,
      "DevicePolicy",
      "DeviceAllow",
    );
    assertEquals(DevicePolicy, "strict");
    assertStringIncludes(DeviceAllow, "/dev/char/1:11 rw");
    ok(await box.command(["systemctl", "daemon-reload"]));
    assertEquals(await opens(1), "opened");
    const file = `${container.bundle.dir}/resources`;
    Deno.writeTextFileSync(file, JSON.stringify({ devices: [NONE] }));
    ok(await container.try("update", "--resources", file));
    ok(await box.command(["systemctl", "daemon-reload"]));
    assertEquals(await opens(2), "refused");
  },
  SKIP,
);

claim(
  "systemd: a daemon-reload permits no device, and another container of the slice neither",
  async (box) => {
    const { container, unit, opens } = await opener(box, [NONE]);
    assertEquals(await opens(0), "refused");
    ok(await box.command(["systemctl", "daemon-reload"]));
    assertEquals(await opens(1), "refused");
    await create(box, (spec) => {
      spec.linux.resources = { devices: [{ allow: true, access: "rwm" }] };
    });
    assertEquals(await opens(2), "refused");
    for (const line of cgroupLines(await container.pid())) {
      assertStringIncludes(line, `/system.slice/${unit}`);
    }
    assertEquals(await cgroupOf(container), `/system.slice/${unit}`);
  },
  SKIP,
);

/** Lines of /proc/PID/cgroup, but for hierarchies that are not to be seen here. */
function cgroupLines(pid: number): string[] {
  return Deno.readTextFileSync(`/proc/${pid}/cgroup`).trim().split("\n")
    .filter((line) => !isPureV2() || line.startsWith("0:"));
}

claim(
  "systemd: what is allowed but for one device stays so when limits change",
  async (box) => {
    const { container, opens } = await opener(box, [
      { allow: true, access: "rwm" },
      { ...KMSG, allow: false, access: "rwm" },
    ]);
    assertEquals(await opens(0), "refused");
    ok(await container.try("update", "--pids-limit", "50"));
    assertEquals(await opens(1), "refused");
  },
  { skip: SKIP.skip ?? without("pids") },
);
