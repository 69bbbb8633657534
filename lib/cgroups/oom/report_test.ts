import type { KernelLogLine } from "../../../ffi/kernel_log.ts";
import { kernelLogTimeUs } from "../../../ffi/kernel_log.ts";
import { assertEquals } from "../../deps/assert.ts";
import type { CgroupRecord } from "../record.ts";
import { ancestors, oomKills } from "./counters.ts";
import { type OomQuestion, oomReport, reachedNow } from "./report.ts";
import { oomText } from "./text.ts";
import type { OomReport } from "./types.ts";

/** A directory that holds files like those of cgroups, and what is known of a container in it. */
class Tree implements Disposable {
  readonly mount: string = Deno.makeTempDirSync();
  readonly record: CgroupRecord;

  constructor(mode: "v1" | "v2", files: Record<string, string>) {
    const controller = mode === "v2" ? "" : "memory";
    this.record = {
      mode,
      paths: { [controller]: `${this.mount}/pod/box` },
      mountPoints: { [controller]: this.mount },
      existing: [],
      rootless: false,
    };
    Deno.mkdirSync(`${this.mount}/pod/box`, { recursive: true });
    for (const [file, text] of Object.entries(files)) {
      const path = `${this.mount}/${file}`;
      Deno.mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
      Deno.writeTextFileSync(path, text);
    }
  }

  /** Without what depends on where the tree is. */
  report(question: OomQuestion = {}): OomReport | undefined {
    const report = oomReport(this.record, {
      readLog: () => undefined,
      root: "",
      ...question,
    });
    if (report?.cgroup === undefined) return report;
    return { ...report, cgroup: report.cgroup.replace(this.mount, "") };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.mount, { recursive: true });
  }
}

const KILLED = "oom 0\noom_kill 2\n";
const COUNTED = { processes: [], source: "counters" as const };

Deno.test("oomReport() has nothing to tell of a container that nobody was killed in", () => {
  using calm = new Tree("v2", { "pod/box/memory.events": "oom_kill 0\n" });
  assertEquals(calm.report(), undefined);
  using empty = new Tree("v2", {});
  assertEquals(empty.report(), undefined);
  const none = { mode: "none" as const, paths: {}, mountPoints: {} };
  assertEquals(
    oomReport({ ...none, existing: [], rootless: true }),
    undefined,
  );
});

Deno.test("oomReport() concludes from v2's counters whose limit it was", () => {
  const base = {
    "pod/box/memory.events": KILLED,
    "pod/box/memory.events.local": "oom 0\n",
    "pod/memory.events.local": "oom 0\n",
    "pod/memory.max": "8192\n",
    "pod/box/memory.max": "max\n",
  };
  using own = new Tree("v2", {
    ...base,
    "pod/box/memory.events.local": "oom 1\n",
    "pod/box/memory.max": "4096\n",
    "pod/memory.events.local": "oom 7\n",
  });
  assertEquals(own.report(), {
    killed: 2,
    level: "container",
    cgroup: "/pod/box",
    limitBytes: 4096,
    ...COUNTED,
  });
  using above = new Tree("v2", {
    ...base,
    "pod/memory.events.local": "oom 7\n",
  });
  assertEquals(above.report(), {
    killed: 2,
    level: "ancestor",
    cgroup: "/pod",
    limitBytes: 8192,
    ...COUNTED,
  });
  const before = new Map([[`${above.mount}/pod`, 7]]);
  assertEquals(above.report({ before })?.level, "host");
  using inside = new Tree("v2", {
    ...base,
    "pod/box/a/b/memory.events.local": "oom 1\n",
    "pod/box/a/b/memory.max": "1024\n",
  });
  assertEquals(inside.report(), {
    killed: 2,
    level: "descendant",
    cgroup: "/pod/box/a/b",
    limitBytes: 1024,
    ...COUNTED,
  });
  using host = new Tree("v2", base);
  assertEquals(host.report(), { killed: 2, level: "host", ...COUNTED });
});

Deno.test("oomReport() concludes from v1's counters whose limit it was", () => {
  const base = {
    "pod/box/memory.oom_control":
      "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
    "pod/box/memory.failcnt": "0\n",
    "pod/memory.failcnt": "3\n",
    "pod/memory.limit_in_bytes": "8192\n",
    "pod/box/memory.limit_in_bytes": "9223372036854771712\n",
  };
  using above = new Tree("v1", base);
  assertEquals(above.report(), {
    killed: 1,
    level: "ancestor",
    cgroup: "/pod",
    limitBytes: 8192,
    ...COUNTED,
  });
  assertEquals(reachedNow(above.record).get(`${above.mount}/pod`), 3);
  using swap = new Tree("v1", {
    ...base,
    "pod/box/memory.memsw.failcnt": "1\n",
  });
  assertEquals(swap.report(), {
    killed: 1,
    level: "container",
    cgroup: "/pod/box",
    ...COUNTED,
  });
});

Deno.test("oomReport() concludes from v1's most use of memory, where reaching a limit is not counted", () => {
  const files = (own: number, above: number): Record<string, string> => ({
    "pod/box/memory.oom_control": "under_oom 0\noom_kill 1\n",
    "pod/box/memory.failcnt": "0\n",
    "pod/box/memory.limit_in_bytes": "8388608\n",
    "pod/box/memory.max_usage_in_bytes": `${own}\n`,
    "pod/memory.failcnt": "0\n",
    "pod/memory.limit_in_bytes": "16777216\n",
    "pod/memory.max_usage_in_bytes": `${above}\n`,
  });
  const level = (own: number, above: number) => {
    using tree = new Tree("v1", files(own, above));
    const found = tree.report();
    return [found?.level, found?.cgroup, found?.limitBytes];
  };
  assertEquals(level(8_388_608, 9_000_000), [
    "container",
    "/pod/box",
    8_388_608,
  ]);
  assertEquals(level(8_380_416, 9_000_000)[0], "container");
  assertEquals(level(5_000_000, 16_777_216), ["ancestor", "/pod", 16_777_216]);
  assertEquals(level(5_000_000, 9_000_000), ["host", undefined, undefined]);
});

Deno.test("oomKills() adds up what cgroups in the container count on v1", () => {
  const control = (kills: number) => `under_oom 0\noom_kill ${kills}\n`;
  using tree = new Tree("v1", {
    "pod/box/memory.oom_control": control(1),
    "pod/box/a/memory.oom_control": control(2),
    "pod/box/a/b/memory.oom_control": control(4),
  });
  const cgroup = {
    version: 1 as const,
    path: `${tree.mount}/pod/box`,
    mountPoint: tree.mount,
  };
  assertEquals(oomKills(cgroup), 7);
  assertEquals(ancestors(cgroup), [`${tree.mount}/pod`]);
  assertEquals(oomKills({ ...cgroup, path: "/no/such" }), 0);
});

Deno.test("oomReport() of a cgroup that is gone does not guess", () => {
  using tree = new Tree("v2", {});
  assertEquals(tree.report({ killed: 1 }), {
    killed: 1,
    level: "unknown",
    ...COUNTED,
  });
});

function logged(
  memcg: string,
  task: string,
  pid: number,
  timeUs: number = kernelLogTimeUs(),
): KernelLogLine {
  const where = memcg === "" ? "global_oom" : `oom_memcg=${memcg}`;
  return {
    timeUs,
    text:
      `oom-kill:constraint=C,nodemask=(null),cpuset=c,mems_allowed=0,${where},task_memcg=${task},task=dd,pid=${pid},uid=0`,
  };
}

Deno.test("oomReport() believes the log, whatever part of the hierarchy is mounted", () => {
  using tree = new Tree("v2", {
    "pod/box/memory.events": KILLED,
    "pod/box/memory.events.local": "oom 9\n",
    "pod/memory.max": "8192\n",
  });
  const last = (memcg: string) => {
    const found = tree.report({
      readLog: () => [logged(memcg, "/k8s/pod/box/in", 5)],
      root: "/k8s",
    });
    return [found?.level, found?.cgroup, found?.limitBytes];
  };
  assertEquals(last("/k8s/pod/box"), ["container", "/pod/box", undefined]);
  assertEquals(last("/k8s/pod/box/in"), [
    "descendant",
    "/pod/box/in",
    undefined,
  ]);
  assertEquals(last("/k8s/pod"), ["ancestor", "/pod", 8192]);
  assertEquals(last("/k8s"), ["ancestor", "/k8s", undefined]);
  assertEquals(last(""), ["host", undefined, undefined]);
  assertEquals(last("/"), ["host", undefined, undefined]);
});

Deno.test("oomReport() blames no kill of a cgroup whose name ends alike", () => {
  using tree = new Tree("v2", {
    "pod/box/memory.events": KILLED,
    "pod/box/memory.events.local": "oom 1\n",
  });
  const other = "/other/pod/box";
  const readLog = () => [logged(other, other, 5)];
  const counted = {
    killed: 2,
    level: "container" as const,
    cgroup: "/pod/box",
  };
  assertEquals(tree.report({ readLog }), { ...counted, ...COUNTED });
  const where = { readLog, root: "/other" };
  assertEquals(tree.report(where)?.processes.map(({ pid }) => pid), [5]);
});

Deno.test("oomReport() does not compare names where the hierarchy's root is not known", () => {
  using tree = new Tree("v2", {
    "pod/box/memory.events": KILLED,
    "pod/box/memory.events.local": "oom 1\n",
  });
  // Nothing is mounted there: the tree is a plain directory.
  const readLog = () => [logged("/pod/box", "/pod/box", 5)];
  assertEquals(tree.report({ readLog, root: undefined })?.source, "counters");
});

Deno.test("oomReport() names as many processes as were killed, and none of others or of before", () => {
  using tree = new Tree("v2", {
    "pod/box/memory.events": KILLED,
    "pod/box/memory.events.local": "oom 2\n",
  });
  const box = "/pod/box";
  const readLog = () => [
    logged(box, box, 1),
    logged(box, box, 2),
    logged(box, box, 3),
    logged("/pod/boxes", "/pod/boxes", 4),
  ];
  const pids = (question: OomQuestion) =>
    tree.report({ readLog, ...question })?.processes.map(({ pid }) => pid);
  assertEquals(pids({}), [2, 3]);
  assertEquals(pids({ killed: 1 }), [3]);
  const old = () => [logged(box, box, 1, kernelLogTimeUs() - 60e6)];
  assertEquals(pids({ readLog: old, sinceMs: Date.now() - 30_000 }), []);
  assertEquals(pids({ readLog: old, sinceMs: Date.now() - 90_000 }), [1]);
});

Deno.test("oomText() says it in a sentence", () => {
  const report: OomReport = {
    killed: 1,
    level: "container",
    cgroup: "/cg/box",
    limitBytes: 4096,
    processes: [{ pid: 7, name: "dd" }],
    source: "log",
  };
  const text = (changes: Partial<OomReport>): string =>
    oomText({ ...report, ...changes });
  assertEquals(
    text({}),
    "the container's limit of 4096 bytes was reached (/cg/box), and the kernel killed 1 process (dd, pid 7)",
  );
  assertEquals(
    text({ level: "ancestor", cgroup: "/cg", killed: 2, processes: [] }),
    "the limit of 4096 bytes of /cg, above the container, was reached, and the kernel killed 2 processes",
  );
  const { limitBytes: _, ...noLimit } = report;
  assertEquals(
    oomText({ ...noLimit, level: "descendant" }),
    "the limit of /cg/box, inside the container, was reached, and the kernel killed 1 process (dd, pid 7)",
  );
  assertEquals(
    text({ level: "host", killed: 0 }),
    "the host ran out of memory, no limit of the container was reached, and nobody was killed",
  );
  const many = Array.from({ length: 4 }, (_, pid) => ({ pid, name: "sh" }));
  assertEquals(
    text({ level: "unknown", killed: 4, processes: many }),
    "whose limit was reached is not known, the cgroup is gone, and the kernel killed 4 processes (sh, pid 0; sh, pid 1; sh, pid 2; …)",
  );
});
