/**
 * Real cgroups: on the hierarchies of this host, whichever version they have, and again in a private view of pure v2.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../deps/assert.ts";
import { CgroupError } from "../errors.ts";
import type { Resources } from "../spec/types.ts";
import { createManager, openManager } from "./create_manager.ts";
import { parseCgroupLayout } from "./layout.ts";
import {
  claim,
  claimInView,
  inCgroup,
  layout,
  VIEW,
} from "./testdata/real_cgroups.ts";
import { warmUpJoin } from "./warm_up.ts";

claim(
  "a process that joined is in the cgroup in every hierarchy, and is listed",
  async () => {
    await inCgroup({}, "true", (manager, _, pid) => {
      assertEquals(manager.pids(), [pid]);
      assertEquals([
        manager.exists(),
        manager.freezerState(),
        manager.oomKillCount(),
      ], [true, "thawed", 0]);
      const own =
        parseCgroupLayout("", Deno.readTextFileSync(`/proc/${pid}/cgroup`)).own;
      for (const [controller, path] of Object.entries(manager.paths)) {
        assert(
          path.endsWith(own[controller] ?? "?"),
          `${controller}: ${path}, ${own[controller]}`,
        );
      }
      const directory = manager.openDirectory();
      assertEquals(directory !== undefined, layout.mode === "v2");
      directory?.close();
    });
  },
);

claim(
  "devices that were not allowed can't be opened, those of every container can",
  async () => {
    const script =
      "for d in null kmsg; do if (: < /dev/$d) 2> /dev/null; then echo $d yes; else echo $d no; fi; done";
    const open = async (resources: Resources): Promise<string[]> => {
      let lines = "";
      await inCgroup(resources, script, async (_, finish) => {
        lines = await finish();
      });
      return lines.split("\n");
    };
    assertEquals(await open({}), ["null yes", "kmsg no"]);
    assertEquals(await open({ devices: [{ allow: true }] }), [
      "null yes",
      "kmsg yes",
    ]);
    const kmsg = { type: "c", major: 1, minor: 11, access: "rwm" };
    assertEquals(
      await open({ devices: [{ allow: false }, { allow: true, ...kmsg }] }),
      ["null yes", "kmsg yes"],
    );
    assertEquals(
      await open({
        devices: [{ allow: true }, { allow: false, ...kmsg, access: "r" }],
      }),
      [
        "null yes",
        "kmsg no",
      ],
    );
  },
);

claim("device rules can be changed while the container runs", async () => {
  const script = "(: < /dev/kmsg) 2> /dev/null && echo yes || echo no";
  await inCgroup(
    { devices: [{ allow: true }] },
    script,
    async (manager, finish) => {
      manager.apply({ devices: [{ allow: false }] });
      manager.apply({}, { devices: false });
      assertEquals(await finish(), "no");
    },
  );
});

claim(
  "kill() ends all processes, below the cgroup and frozen ones too",
  async () => {
    await inCgroup({}, "sleep 100", async (manager, _, pid) => {
      const main = manager.paths["freezer"] ?? manager.paths[""]!;
      const file = layout.mode === "v2" ? "cgroup.freeze" : "freezer.state";
      Deno.mkdirSync(`${main}/below`);
      Deno.writeTextFileSync(`${main}/below/cgroup.procs`, `${pid}`);
      Deno.writeTextFileSync(
        `${main}/below/${file}`,
        layout.mode === "v2" ? "1" : "FROZEN",
      );
      assertEquals(manager.freezerState(), "thawed");
      assertEquals(manager.pids(), [pid]);
      const opened = openManager(JSON.parse(JSON.stringify(manager)));
      assertEquals(await opened.kill(), true);
      assertEquals(opened.pids(), []);
      opened.close();
    });
  },
  layout.mode === "v2" ? undefined : "freezer",
);

claim(
  "a frozen cgroup says so, and can't be used for a new container",
  async () => {
    await inCgroup({}, "true", async (manager, _, pid) => {
      const main = manager.paths["freezer"] ?? manager.paths[""]!;
      const file = layout.mode === "v2" ? "cgroup.freeze" : "freezer.state";
      Deno.writeTextFileSync(
        `${main}/${file}`,
        layout.mode === "v2" ? "1" : "FROZEN",
      );
      for (
        let tries = 0;
        manager.freezerState() === "freezing" && tries < 100;
        tries++
      ) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assertEquals(manager.freezerState(), "frozen");
      const again = createManager(layout, {
        id: main.slice(main.lastIndexOf("/") + 1),
      });
      assertThrows(
        () => again.create(),
        CgroupError,
        "container's cgroup is not empty: 1 process(es) found",
      );
      Deno.kill(pid, "SIGKILL");
      await manager.kill();
      Deno.writeTextFileSync(
        `${main}/${file}`,
        layout.mode === "v2" ? "1" : "FROZEN",
      );
      assertThrows(
        () => again.create(),
        CgroupError,
        "container's cgroup unexpectedly frozen",
      );
      Deno.writeTextFileSync(
        `${main}/${file}`,
        layout.mode === "v2" ? "0" : "THAWED",
      );
      again.close();
    });
  },
  layout.mode === "v2" ? undefined : "freezer",
);

claim(
  "destroy() takes cgroups away that the container made below its own",
  async () => {
    await inCgroup({}, "true", (manager) => {
      for (const path of new Set(Object.values(manager.paths))) {
        Deno.mkdirSync(`${path}/a/b`, { recursive: true });
      }
    });
  },
);

claim(
  "destroy() fails with the path while a process stays, and leaves what was there before",
  async () => {
    const id = `nsinit-test-${Deno.pid}-busy`;
    const before = createManager(layout, { id });
    before.create();
    const child = new Deno.Command("sleep", { args: ["100"] }).spawn();
    const manager = createManager(layout, { id });
    try {
      manager.create();
      manager.join(child.pid);
      await assertRejects(
        () => before.destroy(),
        CgroupError,
        "process(es) still in it",
      );
      await manager.destroy();
      assertEquals(before.exists(), true);
    } finally {
      child.kill("SIGKILL");
      await child.status;
      await before.destroy();
    }
    assertEquals(before.exists(), false);
  },
);

claim(
  "a limit of tasks keeps a process from forking, and without it, it forks",
  async () => {
    const script = "if (true) 2> /dev/null; then echo forked; fi";
    await inCgroup(
      { pids: { limit: 100 } },
      script,
      async (_, finish) => assertEquals(await finish(), "forked"),
    );
    await inCgroup(
      { pids: { limit: 0 } },
      script,
      async (_, finish) => assertEquals(await finish(), ""),
    );
  },
  "pids",
);

claim(
  "a process that needs more than its memory limit is killed, and counted",
  async () => {
    const limit = 30_000_000;
    await inCgroup(
      { memory: { limit, swap: limit } },
      "tail /dev/zero",
      async (manager, finish) => {
        assertEquals(await finish(), "");
        assert(manager.oomKillCount() > 0);
      },
    );
  },
  "memory",
);

claim(
  "CPU limits are in the cgroup's files, and one out of range is refused",
  async () => {
    const cpu = { shares: 512, quota: 20_000, period: 50_000 };
    await inCgroup({ cpu }, "true", (manager) => {
      const path = manager.paths["cpu"] ?? manager.paths[""]!;
      const read = (file: string): string =>
        Deno.readTextFileSync(`${path}/${file}`).trim();
      if (layout.mode === "v2") {
        assertEquals([read("cpu.weight"), read("cpu.max")], [
          "59",
          "20000 50000",
        ]);
      } else {
        const files = ["cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us"];
        assertEquals(files.map(read), ["512", "20000", "50000"]);
        assertThrows(
          () => manager.apply({ cpu: { shares: 1 } }),
          CgroupError,
          "the minimum allowed cpu-shares is 2",
        );
      }
      assertThrows(
        () => manager.apply({ cpu: { quota: 1 } }),
        CgroupError,
        "invalid argument (EINVAL)",
      );
    });
  },
  "cpu",
);

claim(
  "CPUs that do not exist are refused in words, those that do are set",
  async () => {
    await inCgroup({ cpu: { cpus: "0", mems: "0" } }, "true", (manager) => {
      const path = manager.paths["cpuset"] ?? manager.paths[""]!;
      assertEquals(Deno.readTextFileSync(`${path}/cpuset.cpus`).trim(), "0");
      const error = assertThrows(
        () => manager.apply({ cpu: { cpus: "100000" } }),
        CgroupError,
      );
      assertMatch(
        error.message,
        /^Cannot write "100000" to .*\/cpuset.cpus: .*\((ERANGE|EINVAL|E2BIG)\)/,
      );
    });
  },
  "cpuset",
);

claim("warmUpJoin() leaves this process where it is", async () => {
  const before = Deno.readTextFileSync("/proc/self/cgroup");
  await warmUpJoin(layout);
  assertEquals(Deno.readTextFileSync("/proc/self/cgroup"), before);
});

// A host of pure v2 has the controllers the private view lacks.
if (Deno.env.has(VIEW)) {
  claim(
    "a limit without its controller names the file and where to enable it",
    () => {
      const manager = createManager(layout, {
        id: `nsinit-test-${Deno.pid}-none`,
      });
      manager.create();
      try {
        const error = assertThrows(
          () => manager.apply({ memory: { limit: 5_000_000 } }),
          CgroupError,
        );
        assertMatch(
          error.message,
          /memory.max: no such file or directory \(ENOENT\); .*cgroup.subtree_control/,
        );
      } finally {
        Deno.removeSync(manager.paths[""]!);
        manager.close();
      }
    },
  );
}

claimInView(import.meta.filename!, 9);
