/** Containers that systemd keeps in scopes, on a machine where it is process 1. */
import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { type CommandOptions, failure, ok, until } from "./command.ts";
import { Container } from "./container.ts";
import { exists, isPureV2 } from "./host.ts";
import { limited } from "./limits.ts";
import { rootlessBundle } from "./rootless.ts";
import type { Resources } from "./spec.ts";

const SKIP = {
  skip: exists("/run/systemd/system")
    ? undefined
    : "needs systemd as process 1",
};

/** The arguments of `create`, and what the container is to be known by. */
async function creation(
  box: Box,
  edit?: Edit,
): Promise<{ args: string[]; make: (outFile: string) => Container }> {
  const bundle = await box.bundle((spec, bundle) => {
    spec.process.args = ["sleep", "1000"];
    edit?.(spec, bundle);
  });
  const id = box.newId();
  const pidFile = `${bundle.dir}/pid`;
  const args = [
    "--systemd-cgroup",
    "create",
    "--bundle",
    bundle.dir,
    "--pid-file",
    pidFile,
    id,
  ];
  const make = (outFile: string): Container =>
    new Container(box, { id, bundle, outFile, pidFile });
  return { args, make };
}

/** A created container in a scope, and what the command wrote. */
async function create(
  box: Box,
  edit?: Edit,
  options?: CommandOptions,
): Promise<{ container: Container; stderr: string; unit: string }> {
  const { args, make } = await creation(box, edit);
  const { outFile, stderr } = ok(await box.nsinit(args, options));
  const container = make(outFile);
  return { container, stderr, unit: `nsinit-${container.id}.scope` };
}

/** What `create` says that must fail. */
async function refusal(
  box: Box,
  edit?: Edit,
  options?: CommandOptions,
): Promise<string> {
  const { args } = await creation(box, edit);
  return failure(await box.nsinit(args, options));
}

/** Properties of a unit, as systemd has them. */
async function show(
  box: Box,
  unit: string,
  ...names: string[]
): Promise<Record<string, string>> {
  const { stdout } = ok(
    await box.command(["systemctl", "show", unit, "-p", names.join(",")]),
  );
  const found: Record<string, string> = {};
  for (const line of stdout.trim().split("\n")) {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
    found[name] = found[name] === undefined ? value : `${found[name]};${value}`;
  }
  return found;
}

/** Units of this test that systemd knows of, in whatever state. */
async function units(box: Box, pattern = `*${box.mark}*`): Promise<string[]> {
  const { stdout } = ok(
    await box.command([
      "systemctl",
      "list-units",
      "--all",
      "--plain",
      "--no-legend",
      pattern,
    ]),
  );
  return stdout.split("\n").filter((line) => line !== "");
}

/** The cgroup of a container's first process: that of v2, or systemd's own of v1. */
async function cgroupOf(container: Container): Promise<string> {
  const text = Deno.readTextFileSync(`/proc/${await container.pid()}/cgroup`);
  const name = isPureV2() ? "" : "name=systemd";
  return new RegExp(`^\\d+:${name}:(.*)$`, "m").exec(text)?.[1] ?? text;
}

claim("systemd: a container is in a scope of its own", async (box) => {
  const { container, unit } = await create(box);
  assertEquals(await cgroupOf(container), `/system.slice/${unit}`);
  assertEquals(
    await show(
      box,
      unit,
      "ActiveState",
      "Slice",
      "Delegate",
      "ControlGroup",
      "Description",
      "Transient",
    ),
    {
      ActiveState: "active",
      Slice: "system.slice",
      Delegate: "yes",
      ControlGroup: `/system.slice/${unit}`,
      Description: `nsinit container ${container.id}`,
      Transient: "yes",
    },
  );
  await container.start();
  assertEquals((await container.state()).status, "running");
}, SKIP);

claim("systemd: delete leaves no unit and no cgroup", async (box) => {
  const { container, unit } = await create(box);
  await container.start();
  assertNotEquals(await units(box), []);
  await container.kill();
  await container.delete();
  assertEquals(await units(box), []);
  assertEquals(exists(`/sys/fs/cgroup/system.slice/${unit}`), false);
  assertEquals(box.leaks(), []);
}, SKIP);

claim("systemd: delete --force and run leave no unit", async (box) => {
  const { container } = await create(box);
  ok(await container.try("delete", "--force"));
  assertEquals(await units(box), []);
  const { dir } = await box.bundle((spec) => {
    spec.process.args = ["cat", "/proc/self/cgroup"];
    const { namespaces } = spec.linux;
    spec.linux.namespaces = namespaces.filter(({ type }) => type !== "cgroup");
  });
  const id = box.newId();
  const { stdout } = ok(
    await box.nsinit(["--systemd-cgroup", "run", "--bundle", dir, id]),
  );
  assertStringIncludes(stdout, `/system.slice/nsinit-${id}.scope`);
  assertEquals(await units(box), []);
}, SKIP);

claim("systemd: a failed create leaves no unit", async (box) => {
  const text = await refusal(box, (spec) => {
    spec.process.args = ["no-such-program"];
  });
  assertStringIncludes(text, "no-such-program");
  assertEquals(await units(box), []);
  assertEquals(box.leaks(), []);
}, SKIP);

claim("systemd: slice and prefix are those of cgroupsPath", async (box) => {
  const slice = `${box.mark.replaceAll("-", "")}-inner.slice`;
  const outer = slice.replace(/-inner/, "");
  try {
    const { container } = await create(box, (spec) => {
      spec.linux.cgroupsPath = `${slice}:pre:${box.mark}`;
    });
    assertEquals(
      await cgroupOf(container),
      `/${outer}/${slice}/pre-${box.mark}.scope`,
    );
    await container.kill();
    await container.delete();
    assertEquals(await units(box), []);
  } finally {
    await box.command(["systemctl", "stop", slice, outer]);
  }
}, SKIP);

claim("systemd: a path or slice of another form is refused", async (box) => {
  const cases = [
    ["/a/b", /format .*slice:prefix:name/],
    ["a--b.slice:p:n", /invalid slice name: a--b\.slice/],
    ["../x.slice:p:n", /invalid slice name/],
    ["a.slice:p:x/y", /no name of a unit/],
  ] as const;
  for (const [path, pattern] of cases) {
    const text = await refusal(box, (spec) => {
      spec.linux.cgroupsPath = path;
    });
    assertMatch(text, pattern);
    assertStringIncludes(text, "/linux/cgroupsPath");
  }
}, SKIP);

const LIMITS = limited({
  memory: { limit: 268_435_456 },
  pids: { limit: 23 },
  cpu: { shares: 512, quota: 25_000, period: 50_000 },
});
const NAMES = isPureV2()
  ? { memory: "MemoryMax", weight: "CPUWeight" }
  : { memory: "MemoryLimit", weight: "CPUShares" };

claim(
  "systemd: limits are the scope's, and a daemon-reload takes none away",
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
    const dir = `/sys/fs/cgroup/system.slice/${unit}`;
    const files = (): string[] =>
      isPureV2()
        ? ["memory.max", "pids.max", "cpu.max", "cpu.weight"].map((name) =>
          Deno.readTextFileSync(`${dir}/${name}`).trim()
        )
        : [];
    const written = files();
    if (isPureV2()) {
      assertEquals(written, ["268435456", "23", "25000 50000", "59"]);
    }
    ok(await box.command(["systemctl", "daemon-reload"]));
    assertEquals(await read(), before);
    assertEquals(files(), written);
  },
  SKIP,
);

claim("systemd: without limits the scope has none", async (box) => {
  const { unit } = await create(box);
  assertEquals(
    await show(box, unit, NAMES.memory, "CPUQuotaPerSecUSec"),
    { [NAMES.memory]: "infinity", CPUQuotaPerSecUSec: "infinity" },
  );
}, SKIP);

claim(
  "systemd: a quota that it can't keep is rounded up, and the log says so",
  async (box) => {
    const { unit, stderr } = await create(
      box,
      limited({ cpu: { quota: 33_333, period: 100_000 } }),
    );
    assertMatch(stderr, /level=warning .*quota of 33333.*becomes 34000/);
    const { CPUQuotaPerSecUSec } = await show(box, unit, "CPUQuotaPerSecUSec");
    assertEquals(CPUQuotaPerSecUSec, "340ms");
  },
  SKIP,
);

claim(
  "systemd: a running container's limits are changed in the scope, too",
  async (box) => {
    const { container, unit } = await create(box, LIMITS);
    await container.start();
    ok(await container.try("update", "--pids-limit", "17"));
    const { TasksMax, [NAMES.memory]: memory } = await show(
      box,
      unit,
      "TasksMax",
      NAMES.memory,
    );
    assertEquals([TasksMax, memory], ["17", "268435456"]);
    ok(await box.command(["systemctl", "daemon-reload"]));
    if (isPureV2()) {
      const dir = `/sys/fs/cgroup/system.slice/${unit}`;
      assertEquals(Deno.readTextFileSync(`${dir}/pids.max`), "17\n");
    }
  },
  SKIP,
);

/** Says whether a device node can be opened; again when there is a file `/go`. */
const OPENS = [
  "t() { (: >/dev/node) 2>/dev/null && echo opened || echo refused; }",
  "t; echo first; while [ ! -e /go ]; do usleep 100000; done; t; echo second",
  "sleep 1000",
].join("\n");

/** Whether the kernel log's node can be opened for writing, before a daemon-reload and after. */
async function opens(
  box: Box,
  rules: Resources["devices"],
): Promise<{ unit: string; output: string[] }> {
  const { container, unit } = await create(box, (spec) => {
    spec.process.args = ["sh", "-c", OPENS];
    spec.linux.devices = [
      { path: "/dev/node", type: "c", major: 1, minor: 11, fileMode: 0o666 },
    ];
    spec.linux.resources = {
      devices: [{ allow: false, access: "rwm" }, ...rules ?? []],
    };
  });
  await container.start();
  await container.outputWith("first");
  ok(await box.command(["systemctl", "daemon-reload"]));
  Deno.writeTextFileSync(`${container.bundle.rootfs}/go`, "");
  const output = await container.outputWith("second");
  return { unit, output: output.match(/opened|refused/g) ?? [] };
}

claim("systemd: a daemon-reload keeps device rules", async (box) => {
  const rule = { allow: true, type: "c", major: 1, minor: 11, access: "rw" };
  const { unit, output } = await opens(box, [rule]);
  assertEquals(output, ["opened", "opened"]);
  const { DevicePolicy, DeviceAllow = "" } = await show(
    box,
    unit,
    "DevicePolicy",
    "DeviceAllow",
  );
  assertEquals(DevicePolicy, "strict");
  assertStringIncludes(DeviceAllow, "/dev/char/1:11 rw");
}, SKIP);

claim("systemd: a daemon-reload permits no device", async (box) => {
  const { output } = await opens(box, []);
  assertEquals(output, ["refused", "refused"]);
}, SKIP);

claim("systemd: annotations are properties of the scope", async (box) => {
  const { unit } = await create(box, (spec) => {
    spec.annotations = {
      "org.systemd.property.TimeoutStopUSec": "uint64 7000000",
      "org.systemd.property.RuntimeMaxSec": "3600",
    };
  });
  assertEquals(
    await show(box, unit, "TimeoutStopUSec", "RuntimeMaxUSec"),
    { TimeoutStopUSec: "7s", RuntimeMaxUSec: "1h" },
  );
  const unknown = await refusal(box, (spec) => {
    spec.annotations = { "org.systemd.property.NoSuchThing": "true" };
  });
  assertMatch(unknown, /StartTransientUnit: .*NoSuchThing/);
  const bad = await refusal(box, (spec) => {
    spec.annotations = { "org.systemd.property.MemoryMax": "1G" };
  });
  assertMatch(
    bad,
    /annotations\/org\.systemd\.property\.MemoryMax: .*unexpected G/,
  );
}, SKIP);

claim("systemd: another's scope of that name is left alone", async (box) => {
  const unit = `nsinit-${box.mark}.scope`;
  const sleeper = box.spawn([
    "systemd-run",
    "--scope",
    `--unit=${unit}`,
    "sleep",
    "1000",
  ]);
  try {
    const isActive = async (): Promise<boolean> =>
      (await show(box, unit, "ActiveState"))["ActiveState"] === "active";
    for (let n = 0; n < 100 && !await isActive(); n++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const text = await refusal(box, (spec) => {
      spec.linux.cgroupsPath = `:nsinit:${box.mark}`;
    });
    assertStringIncludes(text, unit);
    assertMatch(text, /already exists|already loaded/);
    assertEquals(await isActive(), true);
  } finally {
    await box.command(["systemctl", "stop", unit]);
    await sleeper.result();
  }
}, SKIP);

claim(
  "systemd: without a message bus its own socket serves; without both there is a clear error",
  async (box) => {
    const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${box.dir}/no-bus` };
    const { container } = await create(box, undefined, { env });
    assertMatch(await cgroupOf(container), /\.scope$/);
    const { args } = await creation(box);
    const hidden = [
      "unshare",
      "-m",
      "sh",
      "-c",
      'mount --bind /dev/null /run/systemd/private && exec "$@"',
      "sh",
    ];
    const result = await box.command([...hidden, ...box.argv(...args)], {
      env,
    });
    const text = failure(result);
    assertMatch(text, /Cannot reach systemd, which is to manage cgroups: /);
    assertStringIncludes(text, `${box.dir}/no-bus`);
    assertStringIncludes(text, "/run/systemd/private");
  },
  SKIP,
);

claim(
  "systemd: a first process that another takes the place of is followed",
  async (box) => {
    const { container, unit } = await create(box, (spec) => {
      spec.linux.namespaces.push({ type: "time" });
      spec.linux.timeOffsets = { monotonic: { secs: 100 } };
    });
    assertEquals(await cgroupOf(container), `/system.slice/${unit}`);
    await container.start();
    const pid = await container.pid();
    await container.kill();
    await until(() => !exists(`/proc/${pid}`), "the end of init").catch(
      () => {},
    );
    await container.delete();
    assertEquals(await units(box), []);
  },
  SKIP,
);

claim(
  "systemd: a user's containers are in scopes of the user's own manager",
  async (box) => {
    const service = "user@65534.service";
    ok(await box.command(["systemctl", "start", "dbus.service", service]));
    try {
      const dir = await rootlessBundle(box, "sleep 1000", (spec) => {
        spec.linux.resources = { pids: { limit: 33 } };
      });
      const create = (id: string): string[] => [
        "--systemd-cgroup",
        "create",
        "--bundle",
        dir,
        "--pid-file",
        `${dir}/pid`,
        id,
      ];
      const id = box.newId();
      const asUser = (runtime: string): CommandOptions => ({
        asNobody: true,
        env: { XDG_RUNTIME_DIR: runtime },
      });
      const options = asUser("/run/user/65534");
      ok(await box.nsinit(create(id), options));
      const pid = Deno.readTextFileSync(`${dir}/pid`);
      const path =
        `/user.slice/user-65534.slice/${service}/user.slice/nsinit-${id}.scope`;
      assertEquals(
        Deno.readTextFileSync(`/proc/${pid}/cgroup`),
        `0::${path}\n`,
      );
      const limit = Deno.readTextFileSync(`/sys/fs/cgroup${path}/pids.max`);
      assertEquals(limit, "33\n");
      ok(await box.nsinit(["delete", "--force", id], options));
      assertEquals(exists(`/sys/fs/cgroup${path}`), false);
      const text = failure(
        await box.nsinit(create(box.newId()), asUser("/nowhere")),
      );
      assertStringIncludes(text, "unix:path=/nowhere/bus");
    } finally {
      await box.command(["systemctl", "stop", service]);
    }
  },
  {
    skip: SKIP.skip ??
      (isPureV2() ? undefined : "a user's manager has no cgroups on v1"),
  },
);
