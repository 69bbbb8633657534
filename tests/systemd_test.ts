/** Containers that systemd keeps in scopes: their life, on a machine where it is process 1. */
import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import { failure, ok, until } from "./command.ts";
import { exists, hierarchies, isPureV2 } from "./host.ts";
import { limited } from "./limits.ts";
import {
  cgroupOf,
  cgroupOfPid,
  create,
  creation,
  NAMES,
  refusal,
  show,
  SKIP,
  units,
} from "./systemd_scopes.ts";

claim("systemd: a container is in a scope of its own", async (box) => {
  const { container, unit } = await create(box);
  assertEquals(await cgroupOf(container), `/system.slice/${unit}`);
  assertEquals(
    await show(
      box,
      unit,
      ...["ActiveState", "Slice", "Delegate", "ControlGroup", "Description"],
      ...["Transient", NAMES.memory, "CPUQuotaPerSecUSec"],
    ),
    {
      ActiveState: "active",
      Slice: "system.slice",
      Delegate: "yes",
      ControlGroup: `/system.slice/${unit}`,
      Description: `nsinit container ${container.id}`,
      Transient: "yes",
      [NAMES.memory]: "infinity",
      CPUQuotaPerSecUSec: "infinity",
    },
  );
  await container.start();
  assertEquals((await container.state()).status, "running");
  for (const dir of directories(unit)) assertEquals(exists(dir), true, dir);
}, SKIP);

/** Where a scope's cgroup is, in each hierarchy. */
function directories(unit: string): string[] {
  return hierarchies().map(({ mountPoint }) =>
    `${mountPoint}/system.slice/${unit}`
  );
}

claim(
  "systemd: delete, delete --force and run leave no unit and no cgroup",
  async (box) => {
    const { container, unit } = await create(box);
    await container.start();
    assertNotEquals(await units(box), []);
    await container.kill();
    await container.delete();
    assertEquals(await units(box), []);
    for (const dir of directories(unit)) assertEquals(exists(dir), false, dir);
    const { container: forced } = await create(box);
    ok(await forced.try("delete", "--force"));
    assertEquals(await units(box), []);
    const { dir } = await box.bundle((spec) => {
      spec.process.args = ["cat", "/proc/self/cgroup"];
      const { namespaces } = spec.linux;
      spec.linux.namespaces = namespaces.filter(({ type }) =>
        type !== "cgroup"
      );
    });
    const id = box.newId();
    const { stdout } = ok(
      await box.nsinit(["--systemd-cgroup", "run", "--bundle", dir, id]),
    );
    assertStringIncludes(stdout, `/system.slice/nsinit-${id}.scope`);
    assertEquals(await units(box), []);
    assertEquals(box.leaks(), []);
  },
  SKIP,
);

claim("systemd: a failed create leaves no unit", async (box) => {
  const text = await refusal(box, (spec) => {
    spec.process.args = ["no-such-program"];
  });
  assertStringIncludes(text, "no-such-program");
  assertEquals(await units(box), []);
  assertEquals(box.leaks(), []);
}, SKIP);

claim("systemd: a create that is killed leaves no unit", async (box) => {
  const { args, id } = await creation(box, (spec) => {
    // The hook's parent is the executable.
    spec.hooks = {
      createRuntime: [{
        path: "/bin/sh",
        args: ["sh", "-c", "kill -9 $PPID"],
        env: [`NSINIT_TEST=${box.mark}.`],
        timeout: 60,
      }],
    };
  });
  const { code } = await box.nsinit(args);
  assertEquals(code, 137);
  // Nobody tells init to go on, and a scope ends with its last process; this one's is not there any more.
  const isActive = async (): Promise<boolean> =>
    (await show(box, `nsinit-${id}.scope`, "ActiveState"))["ActiveState"] ===
      "active";
  for (let n = 0; n < 100 && await isActive(); n++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assertEquals(await units(box), []);
  ok(await box.nsinit(["delete", "--force", id]));
  assertEquals(await units(box), []);
}, { ...SKIP, isRace: true });

claim("systemd: slice and prefix are those of cgroupsPath", async (box) => {
  const outer = `${box.mark.replaceAll("-", "")}.slice`;
  const middle = outer.replace(".slice", "-b.slice");
  const slice = outer.replace(".slice", "-b-inner.slice");
  try {
    const { container } = await create(box, (spec) => {
      spec.linux.cgroupsPath = `${slice}:pre:${box.mark}`;
    });
    assertEquals(
      await cgroupOf(container),
      `/${outer}/${middle}/${slice}/pre-${box.mark}.scope`,
    );
    await container.kill();
    await container.delete();
    assertEquals(await units(box), []);
  } finally {
    await box.command(["systemctl", "stop", slice, middle, outer]);
    // Of hierarchies that systemd does not know, it removes nothing.
    for (const { mountPoint } of hierarchies()) {
      for (const path of [`${middle}/${slice}`, middle, ""]) {
        const dir = `${mountPoint}/${outer}/${path}`;
        if (exists(dir)) Deno.removeSync(dir);
      }
    }
  }
}, SKIP);

claim("systemd: a path of another form is refused", async (box) => {
  const text = await refusal(box, (spec) => {
    spec.linux.cgroupsPath = "/a/b";
  });
  assertMatch(text, /linux\/cgroupsPath.*format .*slice:prefix:name/);
  assertEquals(await units(box), []);
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
    assertMatch(
      text,
      isPureV2() ? /already exists|already loaded/ : /is not empty: 1 process/,
    );
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
    assertStringIncludes(text, "start it, name its bus");
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
  "systemd: pause, resume, ps and events find the container in its scope",
  async (box) => {
    const { container, unit } = await create(box, limited({}));
    await container.start();
    ok(await container.try("pause"));
    assertEquals((await container.state()).status, "paused");
    if (isPureV2()) {
      const { FreezerState = "" } = await show(box, unit, "FreezerState");
      assertNotEquals(FreezerState, "");
    }
    ok(await container.try("resume"));
    assertEquals((await container.state()).status, "running");
    const pids = ok(
      await box.nsinit(["ps", "--format", "json", container.id]),
    ).stdout;
    assertEquals(JSON.parse(pids), [await container.pid()]);
    const { stdout } = ok(
      await box.nsinit(["events", "--stats", container.id]),
    );
    const { type, id, data } = JSON.parse(stdout);
    assertEquals([type, id], ["stats", container.id]);
    if (!isPureV2()) assertEquals(data.pids.current, 1);
  },
  { ...SKIP, isRace: true },
);

claim(
  "systemd: a process that joins goes into the scope, beside init",
  async (box) => {
    // systemd knows nothing of huge pages: on v2 we hand them down to the scope.
    const hugepageLimits = [{ pageSize: "2MB", limit: 0 }];
    const { container, unit } = await create(
      box,
      isPureV2() ? limited({ hugepageLimits }) : undefined,
    );
    await container.start();
    const pidFile = `${box.dir}/joined`;
    const join = async (): Promise<string> => {
      const flags = ["--detach", "--pid-file", pidFile];
      ok(await box.nsinit(["exec", ...flags, container.id, "sleep", "1000"]));
      return cgroupOfPid(Number(Deno.readTextFileSync(pidFile)));
    };
    assertEquals(await join(), `/system.slice/${unit}`);
    if (!isPureV2()) return;
    // Whoever manages cgroups in the container has handed controllers on: no process can be in the scope's own any more.
    const dir = `/sys/fs/cgroup/system.slice/${unit}`;
    const inner = `${dir}/inner`;
    await Deno.mkdir(inner);
    for (
      const pid of Deno.readTextFileSync(`${dir}/cgroup.procs`).trim().split(
        "\n",
      )
    ) {
      Deno.writeTextFileSync(`${inner}/cgroup.procs`, pid);
    }
    Deno.writeTextFileSync(`${dir}/cgroup.subtree_control`, "+hugetlb");
    assertEquals(await join(), `/system.slice/${unit}/inner`);
  },
  SKIP,
);
