/**
 * Limits of memory, tasks and CPU: as the kernel's files have them, and as the program feels them. What is tested with
 * a limit is tested without it, too, where it then must not hold.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotEquals,
} from "../lib/deps/assert.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, until } from "./command.ts";
import type { Container } from "./container.ts";
import { exists, kernelBefore, readIfPresent } from "./host.ts";
import {
  directory,
  limited,
  ONLY_V1,
  refusal,
  V2,
  value,
  without,
} from "./limits.ts";
import type { Resources } from "./spec.ts";

claim(
  "memory: swap is limited with memory on v1, and by itself on v2 [v2]",
  async (box) => {
    const [limit, swap] = [33_554_432, 50_331_648];
    const read = (container: Container) =>
      value(
        container,
        "memory",
        "memory.memsw.limit_in_bytes",
        "memory.swap.max",
      );
    const small = await box.create(limited({ memory: { limit, swap } }));
    const free = await box.create(limited({ memory: { limit } }));
    assertEquals(await read(small), String(V2 ? swap - limit : swap));
    assertNotEquals(await read(free), await read(small));
  },
  { skip: without("memory") },
);

claim("memory: swappiness is seen in the file", async (box) => {
  const read = (container: Container) =>
    value(container, "memory", "memory.swappiness", "");
  const set = await box.create(limited({ memory: { swappiness: 37 } }));
  const free = await box.create();
  assertEquals(await read(set), "37");
  assertNotEquals(await read(free), "37");
}, { skip: ONLY_V1 ?? without("memory") });

claim("memory: TCP buffers are limited", async (box) => {
  const read = (container: Container) =>
    value(container, "memory", "memory.kmem.tcp.limit_in_bytes", "");
  const set = await box.create(limited({ memory: { kernelTCP: 4_194_304 } }));
  const free = await box.create();
  assertEquals(await read(set), "4194304");
  assertNotEquals(await read(free), "4194304");
}, { skip: ONLY_V1 ?? without("memory") });

/** A program that needs 48 MiB, and a shell that survives it. */
const HOG =
  "dd if=/dev/zero of=/dev/null bs=48M count=1 2>/dev/null; echo ended with $?; sleep 1000";

claim(
  "memory: the killing of a program that wants too much is counted [v2]",
  async (box) => {
    const limit = 16_777_216;
    const run = (memory: Resources["memory"]) =>
      box.start((spec, bundle) => {
        limited(memory === undefined ? {} : { memory })(spec, bundle);
        spec.process.args = ["sh", "-c", HOG];
      });
    const kills = async (container: Container) => {
      const text = await value(
        container,
        "memory",
        "memory.oom_control",
        "memory.events",
      );
      return Number(text.match(/^oom_kill (\d+)$/m)?.[1]);
    };
    const small = await run({ limit, swap: limit });
    assertEquals(await small.outputWith("ended"), "ended with 137\n");
    assertEquals(await kills(small), 1);
    const free = await run(undefined);
    assertEquals(await free.outputWith("ended"), "ended with 0\n");
    assertEquals(await kills(free), 0);
  },
  { skip: without("memory") },
);

/** A shell that writes 48 MiB itself: what the kernel writes for it, in a read, fails instead of waiting. */
const WRITER =
  "x=0123456789abcdef; while [ ${#x} -lt 50000000 ]; do x=$x$x; done; echo ended; sleep 1000";

claim(
  "memory: without the OOM killer, a program that wants too much waits",
  async (box) => {
    const limit = 16_777_216;
    const container = await box.start((spec, bundle) => {
      const memory = { limit, swap: limit, disableOOMKiller: true };
      limited({ memory })(spec, bundle);
      spec.process.args = ["sh", "-c", WRITER];
    });
    const dir = await directory(container, "memory");
    const control = () => Deno.readTextFileSync(`${dir}/memory.oom_control`);
    await until(() => /^under_oom 1$/m.test(control()), "want of memory");
    assertMatch(control(), /^oom_kill_disable 1$/m);
    assertMatch(control(), /^oom_kill 0$/m);
    assertEquals(container.output(), "");
  },
  { skip: ONLY_V1 ?? without("memory") },
);

// Tasks

claim(
  "pids: a fork bomb meets the limit, and goes beyond it without [v2]",
  async (box) => {
    const script =
      "n=0; while [ $n -lt 40 ]; do sleep 1000 & n=$((n+1)); done 2>/dev/null; echo done; wait";
    const run = (pids?: Resources["pids"]) =>
      box.start((spec, bundle) => {
        limited(pids === undefined ? {} : { pids })(spec, bundle);
        // The shell ends at the first fork that fails.
        spec.process.args = ["sh", "-c", `(${script}) || true; sleep 1000`];
      });
    const tasks = async (container: Container) =>
      Number(await value(container, "pids", "pids.current", "pids.current"));
    const refused = async (container: Container) => {
      const text = await value(container, "pids", "pids.events", "pids.events");
      return Number(text.match(/^max (\d+)$/m)?.[1]);
    };
    const small = await run({ limit: 20 });
    const dir = await directory(small, "pids");
    await until(
      () => !/^max 0$/m.test(readIfPresent(`${dir}/pids.events`) ?? ""),
      "a fork that is refused",
    );
    assert(await tasks(small) <= 20);
    assertGreater(await refused(small), 0);
    const free = await run();
    await free.outputWith("done");
    assertGreater(await tasks(free), 40);
    assertEquals(await refused(free), 0);
  },
  { skip: without("pids") },
);

claim(
  "pids: 0 is the least limit there is, and -1 none [v2]",
  async (box) => {
    const read = (container: Container) =>
      value(container, "pids", "pids.max", "pids.max");
    const least = await box.create(limited({ pids: { limit: 0 } }));
    const none = await box.create(limited({ pids: { limit: -1 } }));
    assertEquals([await read(least), await read(none)], ["1", "max"]);
  },
  { skip: without("pids") },
);

claim("pids: more than a kernel has is refused [v2]", async (box) => {
  const text = await refusal(box, { pids: { limit: 4_194_305 } });
  assertMatch(text, /pids\.max: invalid argument \(EINVAL\); .*-1 is no limit/);
}, { skip: without("pids") });

// CPU

/** The part of a CPU that a container's spinner gets, over some time. */
async function cpuShare(container: Container): Promise<number> {
  const used = async (): Promise<number> => {
    const text = await value(
      container,
      V2 ? "cpu" : "cpuacct",
      "cpuacct.usage",
      "cpu.stat",
    );
    return V2
      ? Number(text.match(/^usage_usec (\d+)$/m)?.[1]) / 1e6
      : Number(text) / 1e9;
  };
  const [before, start] = [await used(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const [after, end] = [await used(), performance.now()];
  return (after - before) / ((end - start) / 1000);
}

claim(
  "cpu: a spinner is held to its quota within a fifth, and to nothing without [v2]",
  async (box) => {
    const spin = (cpu?: Resources["cpu"]) =>
      box.start((spec, bundle) => {
        limited(cpu === undefined ? {} : { cpu })(spec, bundle);
        spec.process.args = ["sh", "-c", "while :; do :; done"];
      });
    const quota = 0.25;
    const held = await spin({ quota: 10_000, period: 40_000 });
    // What others do on this machine may take some of it away.
    let share = await cpuShare(held);
    for (let left = 5; left > 0 && share < quota * 0.8; left--) {
      share = await cpuShare(held);
    }
    assertLess(Math.abs(share - quota), quota / 5, `${share}`);
    await held.kill();
    const free = await spin();
    share = await cpuShare(free);
    for (let left = 5; left > 0 && share < quota * 1.2; left--) {
      share = await cpuShare(free);
    }
    assertGreater(share, quota * 1.2);
  },
  { skip: without("cpu") ?? (V2 ? undefined : without("cpuacct")) },
);

claim("cpu: burst and idling are seen in the files [v2]", async (box) => {
  const cpu = { quota: 20_000, period: 50_000, burst: 7_000, idle: 1 };
  const set = await box.create(limited({ cpu }));
  const free = await box.create();
  const read = async (container: Container) => [
    await value(container, "cpu", "cpu.cfs_burst_us", "cpu.max.burst"),
    await value(container, "cpu", "cpu.idle", "cpu.idle"),
  ];
  assertEquals(await read(set), ["7000", "1"]);
  assertEquals(await read(free), ["0", "0"]);
}, { skip: without("cpu") ?? kernelBefore(5, 15) });

claim(
  "cpu: a program sees the CPUs that it may use, and all without a limit [v2]",
  async (box) => {
    const nproc = (cpu?: Resources["cpu"]) =>
      box.out("nproc", limited(cpu === undefined ? {} : { cpu }));
    const all = navigator.hardwareConcurrency;
    assertEquals(await nproc({ cpus: "0", mems: "0" }), "1");
    assertEquals(await nproc(), `${all}`);
  },
  { skip: without("cpuset") },
);

claim("cpu: CPUs that are not there are refused [v2]", async (box) => {
  const text = await refusal(box, { cpu: { cpus: "1000-1001" } });
  assertMatch(text, /cpuset\.cpus: .*\((ERANGE|EINVAL|E2BIG)\)/);
}, { skip: without("cpuset") });

claim(
  "cpu: real-time scheduling needs real-time bandwidth, and works with it",
  async (box) => {
    const realtime =
      (path: string, cpu?: Resources["cpu"]): Edit => (spec, bundle) => {
        limited(cpu === undefined ? {} : { cpu })(spec, bundle);
        spec.process.scheduler = { policy: "SCHED_FIFO", priority: 1 };
        spec.linux.cgroupsPath = `/${box.mark}${path}`;
      };
    // The cgroup above is new as well.
    const cpu = { realtimeRuntime: 5_000, realtimePeriod: 500_000 };
    const container = await box.create(realtime("/a/b", cpu));
    const read = (file: string) => value(container, "cpu", file, "");
    assertEquals(
      [await read("cpu.rt_runtime_us"), await read("cpu.rt_period_us")],
      ["5000", "500000"],
    );
    await container.kill();
    await container.delete();
    Deno.removeSync(`/sys/fs/cgroup/cpu/${box.mark}/a`);
    for (const dir of Deno.readDirSync("/sys/fs/cgroup")) {
      const left = `/sys/fs/cgroup/${dir.name}/${box.mark}`;
      for (const path of [`${left}/a`, left]) {
        if (exists(path)) Deno.removeSync(path);
      }
    }
    const bundle = await box.bundle(realtime("-none"));
    failure(await box.nsinit(["create", "-b", bundle.dir, box.newId()]));
  },
  {
    skip: ONLY_V1 ?? without("cpu") ??
      (exists("/sys/fs/cgroup/cpu/cpu.rt_runtime_us")
        ? undefined
        : "the kernel has no real-time groups"),
  },
);
