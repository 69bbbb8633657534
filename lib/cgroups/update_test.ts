/**
 * Limits of cgroups in use, and processes that join them: on real cgroups.
 *
 * @module
 */
import { attachedDevicePrograms } from "../../ffi/bpf.ts";
import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { CgroupError } from "../errors.ts";
import { createManager, openManager } from "./create_manager.ts";
import type { CgroupManager } from "./manager.ts";
import {
  claim,
  claimInView,
  controllers,
  inCgroup,
  layout,
} from "./testdata/real_cgroups.ts";

const isV2 = layout.mode === "v2";

/** A file of one controller's cgroup. */
function read(
  manager: CgroupManager,
  controller: string,
  file: string,
): string {
  const path = manager.paths[controller] ?? manager.paths[""]!;
  return Deno.readTextFileSync(`${path}/${file}`).trim();
}

claim(
  "update() raises and lowers memory and swap in whichever order the kernel takes",
  async () => {
    const mega = 2 ** 20;
    await inCgroup(
      { memory: { limit: 50 * mega, swap: 80 * mega } },
      "true",
      (manager) => {
        const both: [number, number][] = [
          [200, 300],
          [20, 40],
          [40, 40],
          [39, 500],
          [499, 500],
          [10, 10],
        ];
        for (const [limit, swap] of both) {
          manager.update({
            memory: { limit: limit * mega, swap: swap * mega },
          });
          const [first, second] = isV2
            ? ["memory.max", "memory.swap.max"]
            : ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"];
          assertEquals(
            [read(manager, "memory", first!), read(manager, "memory", second!)],
            [`${limit * mega}`, `${(isV2 ? swap - limit : swap) * mega}`],
          );
        }
        if (isV2) return;
        const error = assertThrows(
          () => manager.update({ memory: { limit: 11 * mega } }),
          CgroupError,
        );
        assert(error.message.includes("change that as well"), error.message);
      },
    );
  },
  "memory",
);

claim(
  "update() changes one limit and leaves the others",
  async () => {
    const cpu = { quota: 20_000, period: 50_000, shares: 512 };
    await inCgroup({ cpu, pids: { limit: 9 } }, "true", (manager) => {
      manager.update({ cpu: { quota: 10_000 } });
      manager.update({ pids: { limit: -1 } });
      assertEquals(read(manager, "pids", "pids.max"), "max");
      if (isV2) {
        assertEquals(read(manager, "cpu", "cpu.max"), "10000 50000");
        assertEquals(read(manager, "cpu", "cpu.weight"), "59");
      } else {
        const files = ["cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares"];
        assertEquals(files.map((file) => read(manager, "cpu", file)), [
          "10000",
          "50000",
          "512",
        ]);
      }
      manager.update({ cpu: { burst: 10_000 } });
      manager.update({ cpu: { quota: 5_000, burst: 5_000 } });
      manager.update({ cpu: { quota: 30_000, burst: 30_000 } });
      const burst = isV2 ? "cpu.max.burst" : "cpu.cfs_burst_us";
      assertEquals(read(manager, "cpu", burst), "30000");
    });
  },
  "cpu",
);

claim(
  "update() replaces rules for devices, again and again, without a remainder",
  async () => {
    const script = "(: < /dev/kmsg) 2> /dev/null && echo yes || echo no";
    const kmsg = { type: "c", major: 1, minor: 11, access: "rwm" };
    for (const allow of [true, false]) {
      await inCgroup({}, script, async (manager, finish) => {
        for (let round = 0; round < 5; round++) {
          manager.update({
            devices: [{ ...kmsg, allow: round % 2 === 0 ? allow : !allow }],
          });
        }
        // What is not about devices leaves them alone.
        manager.update({});
        const directory = manager.openDirectory();
        if (directory !== undefined) {
          assertEquals(attachedDevicePrograms(directory).length, 1);
          directory.close();
        }
        assertEquals(await finish(), allow ? "yes" : "no");
      });
    }
  },
);

claim(
  "a process joins a container that has handed its controllers on, where the first process is",
  async () => {
    if (!isV2) return; // v1 has no such rule
    const controller = controllers.includes("memory") ? "memory" : "hugetlb";
    await inCgroup({}, "true", async (manager, _, pid) => {
      const main = manager.paths[""]!;
      Deno.mkdirSync(`${main}/init.scope`);
      Deno.writeTextFileSync(`${main}/init.scope/cgroup.procs`, `${pid}`);
      Deno.writeTextFileSync(
        `${main}/cgroup.subtree_control`,
        `+${controller}`,
      );
      const late = new Deno.Command("sleep", { args: ["100"] }).spawn();
      using opened = openManager(JSON.parse(JSON.stringify(manager)));
      try {
        assertThrows(
          () => opened.join(late.pid),
          CgroupError,
          "hands controllers on to its children and can't hold processes",
        );
        opened.join(late.pid, { beside: pid });
        const text = Deno.readTextFileSync(`/proc/${late.pid}/cgroup`);
        assert(text.includes("/init.scope"), text);
        const directory = opened.openDirectory({ beside: pid })!;
        assert(directory.path.endsWith("/init.scope"), directory.path);
        directory.close();
      } finally {
        late.kill("SIGKILL");
        await late.status;
      }
    });
  },
);

claim("cgroups that are made and removed 500 times leave nothing", async () => {
  for (let round = 0; round < 500; round++) {
    const id = `nsinit-test-${Deno.pid}-round-${round}`;
    const manager = createManager(layout, { id });
    manager.create();
    manager.apply({});
    assert(manager.exists());
    await manager.destroy();
    for (const path of Object.values(manager.paths)) {
      assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
    }
  }
});

claimInView(import.meta.filename!, 3);
