/** What statistics say. */
import { assertEquals, assertGreater } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { ok } from "./command.ts";
import type { Container } from "./container.ts";
import { cgroupDir, readIfPresent } from "./host.ts";
import { both, directory, limited, V2, without } from "./limits.ts";

/** Reads one number from the cgroup of a controller. */
type Figure = (read: (controller: string, file: string) => string) => unknown;

function only(controller: string, file: string): Figure {
  return (read) => {
    const text = read(controller, file).trim();
    return text === "max" ? 2 ** 64 : Number(text);
  };
}

/** A line `name number` of a table; @param unit what its number is to be multiplied with */
function row(controller: string, file: string, name: string, unit = 1): Figure {
  return (read) => {
    const [, number] = read(controller, file)
      .match(new RegExp(`^${name} (\\d+)$`, "m")) ?? [];
    return number === undefined ? undefined : Number(number) * unit;
  };
}

/** `total` of a line of a pressure file. */
function total(controller: string, line: string): Figure {
  return (read) => {
    const [, number] = read("pressure", `${controller}.pressure`)
      .match(new RegExp(`^${line} .*total=(\\d+)$`, "m")) ?? [];
    return number === undefined ? undefined : Number(number);
  };
}

function sum(...figures: Figure[]): Figure {
  return (read) => figures.reduce((sum, one) => sum + Number(one(read)), 0);
}

/** Time of all CPUs in a column of cpuacct.usage_all. */
function column(index: number): Figure {
  return (read) =>
    read("cpuacct", "cpuacct.usage_all").trim().split("\n").slice(1)
      .map((line) => Number(line.split(" ")[index]));
}

const TICK = 10_000_000;

/** Members of the JSON, and the files of the kernel that they come from. */
const FIGURES_V1: Readonly<Record<string, Figure>> = {
  "cpu.usage.total": only("cpuacct", "cpuacct.usage"),
  "cpu.usage.user": row("cpuacct", "cpuacct.stat", "user", TICK),
  "cpu.usage.kernel": row("cpuacct", "cpuacct.stat", "system", TICK),
  "cpu.usage.percpu": (read) =>
    read("cpuacct", "cpuacct.usage_percpu").trim().split(" ").map(Number),
  "cpu.usage.percpu_user": column(1),
  "cpu.usage.percpu_kernel": column(2),
  "cpu.throttling.periods": row("cpu", "cpu.stat", "nr_periods"),
  "cpu.throttling.throttledPeriods": row("cpu", "cpu.stat", "nr_throttled"),
  "cpu.throttling.throttledTime": row("cpu", "cpu.stat", "throttled_time"),
  "memory.cache": row("memory", "memory.stat", "cache"),
  "memory.raw.rss": row("memory", "memory.stat", "rss"),
  "memory.raw.total_pgfault": row("memory", "memory.stat", "total_pgfault"),
  "memory.usage.usage": only("memory", "memory.usage_in_bytes"),
  "memory.usage.max": only("memory", "memory.max_usage_in_bytes"),
  "memory.usage.limit": only("memory", "memory.limit_in_bytes"),
  "memory.usage.failcnt": only("memory", "memory.failcnt"),
  "memory.swap.usage": only("memory", "memory.memsw.usage_in_bytes"),
  "memory.swap.max": only("memory", "memory.memsw.max_usage_in_bytes"),
  "memory.swap.limit": only("memory", "memory.memsw.limit_in_bytes"),
  "memory.kernel.usage": only("memory", "memory.kmem.usage_in_bytes"),
  "memory.kernel.max": only("memory", "memory.kmem.max_usage_in_bytes"),
  "memory.kernelTCP.limit": only("memory", "memory.kmem.tcp.limit_in_bytes"),
  "pids.current": only("pids", "pids.current"),
  "pids.limit": only("pids", "pids.max"),
  "cpuset.sched_load_balance": only("cpuset", "cpuset.sched_load_balance"),
  "cpuset.sched_relax_domain_level": only(
    "cpuset",
    "cpuset.sched_relax_domain_level",
  ),
  "cpu.psi.some.total": total("cpu", "some"),
  "memory.psi.full.total": total("memory", "full"),
};

const FIGURES_V2: Readonly<Record<string, Figure>> = {
  "cpu.usage.total": row("cpu", "cpu.stat", "usage_usec", 1000),
  "cpu.usage.user": row("cpu", "cpu.stat", "user_usec", 1000),
  "cpu.usage.kernel": row("cpu", "cpu.stat", "system_usec", 1000),
  "cpu.throttling.periods": row("cpu", "cpu.stat", "nr_periods"),
  "cpu.throttling.throttledPeriods": row("cpu", "cpu.stat", "nr_throttled"),
  "cpu.throttling.throttledTime": row(
    "cpu",
    "cpu.stat",
    "throttled_usec",
    1000,
  ),
  "memory.cache": row("memory", "memory.stat", "file"),
  "memory.raw.anon": row("memory", "memory.stat", "anon"),
  "memory.raw.pgfault": row("memory", "memory.stat", "pgfault"),
  "memory.usage.usage": only("memory", "memory.current"),
  "memory.usage.limit": only("memory", "memory.max"),
  "memory.usage.failcnt": row("memory", "memory.events", "max"),
  "memory.kernel.usage": row("memory", "memory.stat", "kernel"),
  "memory.swap.usage": sum(
    only("memory", "memory.current"),
    only("memory", "memory.swap.current"),
  ),
  "memory.swap.limit": sum(
    only("memory", "memory.max"),
    only("memory", "memory.swap.max"),
  ),
  "pids.current": only("pids", "pids.current"),
  "pids.limit": only("pids", "pids.max"),
  "cpu.psi.some.total": total("cpu", "some"),
  "memory.psi.full.total": total("memory", "full"),
  "blkio.psi.some.total": total("io", "some"),
};

const MIB = 1 << 20;
const LIMIT = 32 * MIB;

/** The member of an object that a path with dots names; what is zero may be left out, as runc does. */
// deno-lint-ignore no-explicit-any -- JSON of another program
function member(data: any, path: string): unknown {
  return path.split(".").reduce((at, name) => at?.[name], data) ?? 0;
}

/** The kernel's figures of a container. */
async function kernelFigures(
  container: Container,
  figures: Readonly<Record<string, Figure>>,
): Promise<Record<string, unknown>> {
  const cpu = await directory(container, "cpu");
  const directories: Record<string, string> = {
    // A hybrid host counts pressure in the v2 hierarchy beside.
    pressure: V2 ? cpu : `/sys/fs/cgroup/unified/${cpu.replace(/.*\//, "")}`,
  };
  for (const name of ["cpu", "cpuacct", "memory", "pids", "cpuset"]) {
    if (cgroupDir(name, "") === undefined) continue;
    directories[name] = await directory(container, name);
  }
  const read = (controller: string, file: string): string =>
    readIfPresent(`${directories[controller]}/${file}`) ?? "";
  return Object.fromEntries(
    Object.entries(figures).map((
      [name, figure],
    ) => [name, figure(read) ?? 0]),
  );
}

/** What the command says, and the kernel: the same before and after, for some counters come late. */
async function atRest(
  box: Box,
  container: Container,
  figures: Readonly<Record<string, Figure>>,
): Promise<Record<"told" | "kernel", Record<string, unknown>>> {
  for (let round = 0; round < 20; round++) {
    const kernel = await kernelFigures(container, figures);
    const result = await box.nsinit(["events", "--stats", container.id]);
    const { data } = JSON.parse(ok(result).stdout);
    const after = await kernelFigures(container, figures);
    if (JSON.stringify(kernel) !== JSON.stringify(after)) continue;
    const told = Object.fromEntries(
      Object.keys(figures).map((path) => [path, member(data, path)]),
    );
    return { told, kernel };
  }
  throw new Error("The kernel's figures do not stand still");
}

/** Works a little with all that is limited, then sleeps. */
const WORK = `
  dd if=/dev/zero of=/dev/null bs=20M count=3 2>/dev/null
  i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done
  echo done; exec sleep 1000`;

claim(
  "events --stats: each figure is that of the kernel's file [v2]",
  async (box) => {
    const figures = V2 ? FIGURES_V2 : FIGURES_V1;
    const container = await box.start(both(
      limited({
        memory: { limit: LIMIT, swap: LIMIT },
        cpu: { quota: 20_000, period: 100_000 },
        pids: { limit: 17 },
      }),
      (spec) => {
        spec.process.args = ["sh", "-c", WORK];
      },
    ));
    await container.outputWith("done");
    const { told, kernel } = await atRest(box, container, figures);
    assertEquals(told, kernel);
    for (
      const [name, least] of [
        ["cpu.usage.total", 1e6],
        ["cpu.throttling.throttledPeriods", 0],
        ["memory.usage.usage", 0],
      ] as const
    ) assertGreater(Number(told[name]), least, name);
    assertEquals(told["memory.usage.limit"], LIMIT);
    assertEquals(told["pids.limit"], 17);
  },
  { skip: without("memory") ?? without("cpu"), isRace: true },
);
