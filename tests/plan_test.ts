/** `nsinit plan`: what it prints, and that a container's start makes exactly these calls. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { type Bundle, type Edit, makeRootfs } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { exists, missing } from "./host.ts";
import { limited, without } from "./limits.ts";
import type { Spec } from "./spec.ts";
import { INTERPRETER } from "./interpreter.ts";
import {
  type Call,
  follow,
  parseTrace,
  type PlanStep,
  settle,
  withoutReexecution,
} from "./trace.ts";
import { addUserNamespace } from "./user_namespace.ts";

/** The plan of a bundle, as JSON. */
async function planOf(
  box: Box,
  bundle: Bundle,
  words: string[] = [],
): Promise<PlanStep[]> {
  const { stdout } = ok(
    await box.nsinit(
      ["plan", "--bundle", bundle.dir, "--format", "json", ...words],
    ),
  );
  return JSON.parse(stdout);
}

/** What plan says of cgroups. */
interface CgroupStep {
  call: string;
  path: string;
  value?: string;
  pointers?: string[];
}

/** The lines of the program; what would be done to cgroups stands behind an empty line. */
function programLines(text: string): string[] {
  const [program = "", cgroups = ""] = text.split("\n\n");
  assertMatch(cgroups, /^cgroups \((v1|hybrid|v2)\):\n(\S.*\n)+$/);
  return program.split("\n");
}

claim("plan: one numbered line for each step", async (box) => {
  const bundle = await box.bundle();
  const { stdout, stderr } = ok(
    await box.nsinit(["plan", "--bundle", bundle.dir]),
  );
  assertEquals(stderr, "");
  const lines = programLines(stdout);
  assertGreater(lines.length, 50);
  const numbers = lines.map((line) =>
    Number(line.match(/^ *(\d+) {2}\S/)?.[1])
  );
  assertEquals(numbers, lines.map((_, n) => n));
});

claim(
  "plan --format json: the same steps, each with a name and a system call",
  async (box) => {
    const bundle = await box.bundle();
    const plan = await planOf(box, bundle);
    const { stdout } = ok(await box.nsinit(["plan", "--bundle", bundle.dir]));
    const lines = programLines(stdout);
    assertEquals(plan.map(({ step }) => step), lines.map((_, n) => n));
    for (const [n, step] of plan.entries()) {
      assertMatch(step.syscall, /^([a-z][a-z0-9_]*|STORE|TEST|RETURN)$/);
      assertStringIncludes(lines[n] ?? "", step.name);
    }
  },
);

claim(
  "plan --cgroup: what it says is what create does, field by field [v2]",
  async (box) => {
    const container = box.newId();
    const bundle = await box.bundle(limited({
      cpu: { shares: 512, quota: 20_000, period: 50_000 },
      memory: { limit: 33_554_432, reservation: 16_777_216 },
      pids: { limit: 23 },
    }));
    const flags = ["--bundle", bundle.dir, container];
    const { stdout } = ok(
      await box.nsinit(["plan", "--cgroup", "--format", "json", ...flags]),
    );
    const steps: CgroupStep[] = JSON.parse(stdout);
    assertEquals(box.leaks(), []);
    ok(await box.nsinit(["create", ...flags]));
    const seen = new Set<string>();
    for (const { call, path, value, pointers = [] } of steps) {
      if (call === "mkdir") assertEquals(exists(path), true, path);
      // Other files don't read as they were written.
      if (call !== "write" || !/\/(cpu|memory|pids)\.[^/]*$/.test(path)) {
        continue;
      }
      assertEquals(Deno.readTextFileSync(path).trim(), value, path);
      for (const pointer of pointers) seen.add(pointer);
    }
    assertEquals(
      seen,
      new Set(
        "cpu/shares cpu/quota cpu/period memory/limit memory/reservation pids/limit"
          .split(" ").map((field) => `/linux/resources/${field}`),
      ),
    );
  },
  { skip: without("cpu") ?? without("memory") ?? without("pids") },
);

claim("plan: a limit that this host can't have is refused", async (box) => {
  const bundle = await box.bundle(limited({ rdma: { x: { hcaHandles: 1 } } }));
  const text = failure(await box.nsinit(["plan", "--bundle", bundle.dir]));
  assertStringIncludes(text, "cannot set rdma limit");
}, {
  skip: without("rdma") === undefined
    ? "there is an rdma controller"
    : undefined,
});

claim("plan: the bundle is the current directory by default", async (box) => {
  const bundle = await box.bundle();
  const { stdout } = ok(
    await box.nsinit(["plan", "--format", "json"], { cwd: bundle.dir }),
  );
  assertEquals(JSON.parse(stdout), await planOf(box, bundle));
});

claim("plan: needs no privileges", async (box) => {
  const dir = `${box.dir}/of-nobody`;
  await Deno.mkdir(dir);
  await Deno.chown(dir, 65_534, 65_534);
  const options = { asNobody: true, cwd: dir };
  ok(await box.nsinit(["spec", "--rootless"], options));
  makeRootfs(`${dir}/rootfs`);
  const { stdout } = ok(await box.nsinit(["plan"], options));
  assertMatch(stdout, /pivot_root/);
}, { skip: missing("setpriv") });

claim("plan: makes nothing, not even a state directory", async (box) => {
  const bundle = await box.bundle();
  await planOf(box, bundle);
  assertEquals(exists(box.root), false);
  assertEquals(box.leaks(), []);
});

claim(
  "plan: says which field of the configuration asked for a step",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.mounts.push({
        destination: "/mnt",
        type: "tmpfs",
        source: "tmpfs",
        options: ["size=64k"],
      });
    });
    const plan = await planOf(box, bundle);
    const pointer = `/mounts/${bundle.spec.mounts.length - 1}`;
    const asked = plan.filter((step) => step.pointer?.startsWith(pointer));
    assertEquals(asked.some(({ syscall }) => syscall === "move_mount"), true);
  },
);

claim(
  "plan: a change of the configuration changes the plan, the same one does not",
  async (box) => {
    const one = await box.bundle();
    const plan = await planOf(box, one);
    assertEquals(await planOf(box, one), plan);
    one.spec.process.user.umask = 0o077;
    one.write();
    const other = await planOf(box, one);
    assertEquals(JSON.stringify(other) === JSON.stringify(plan), false);
  },
);

claim(
  "plan: a configuration that create would refuse is refused",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.linux.rootfsPropagation = "sideways";
    });
    const text = failure(await box.nsinit(["plan", "--bundle", bundle.dir]));
    assertStringIncludes(text, "/linux/rootfsPropagation");
  },
);

claim("plan: another format is refused", async (box) => {
  const bundle = await box.bundle();
  const text = failure(
    await box.nsinit(["plan", "--format", "xml", "--bundle", bundle.dir]),
  );
  assertStringIncludes(text, "xml");
});

/** Containers of several kinds. */
const KINDS: [what: string, edit: Edit][] = [
  ["the default configuration", () => {}],
  ["a user namespace", addUserNamespace],
  ["a time namespace", (spec: Spec) => {
    spec.linux.namespaces.push({ type: "time" });
    spec.linux.timeOffsets = { boottime: { secs: 1000 } };
  }],
  ["mounts, devices, limits and another user", (spec, bundle) => {
    bundle.file("data/file", "");
    spec.mounts.push(
      {
        destination: "/mnt/made",
        type: "tmpfs",
        source: "tmpfs",
        options: ["size=64k", "nosuid"],
      },
      {
        destination: "/mnt/data",
        type: "none",
        source: "data",
        options: ["rbind", "ro", "rnosuid"],
      },
    );
    spec.linux.devices = [
      { path: "/dev/extra", type: "c", major: 1, minor: 5 },
    ];
    spec.process.user = { uid: 1000, gid: 1000, additionalGids: [5] };
    spec.process.rlimits = [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }];
    spec.linux.sysctl = { "net.ipv4.ip_forward": "1" };
    spec.process.noNewPrivileges = false;
  }],
];

for (const [what, edit] of KINDS) {
  claim(
    `the start of a container makes exactly the calls of its plan: ${what}`,
    async (box) => {
      const bundle = await box.bundle((spec, bundle) => {
        spec.process.args = ["/bin/busybox", "true"];
        edit(spec, bundle);
      });
      const id = box.newId();
      const plan = await planOf(box, bundle, [id]);
      const traces = `${box.dir}/traces`;
      await Deno.mkdir(traces);
      ok(
        await box.command([
          "strace",
          "-ff",
          "-s",
          "4096",
          "-o",
          `${traces}/of`,
          ...box.argv("run", "--detach", "--bundle", bundle.dir, id),
        ]),
      );
      assert(followAll(plan, traces), "the program was never executed");
    },
    { skip: missing("strace") },
  );
}

/** Follows the first process of init and those it makes; answers whether one of them executed the container's program. */
function followAll(plan: PlanStep[], dir: string): boolean {
  const files = [...Deno.readDirSync(dir)].map(({ name }) => `${dir}/${name}`);
  for (const file of files) {
    const begin = beginOf(parseTrace(Deno.readTextFileSync(file)));
    if (begin === 0) continue;
    const open: [string, number, Set<number>][] = [
      [file, begin, settle(plan, [0])],
    ];
    let executed = false;
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [file, from, places] = next;
      const { calls, machine } = withoutReexecution(
        parseTrace(Deno.readTextFileSync(file)).slice(from),
      );
      const result = follow(plan, calls, places, machine);
      executed ||= result.executed;
      for (const [pid, places] of result.children) {
        open.push([`${dir}/of.${pid}`, 0, places]);
      }
    }
    return executed;
  }
  throw new Error("Cannot find the process that became nsinit init");
}

/** Where a trace comes to the container's program; 0: nowhere. Before it the process puts its descriptors in place. */
function beginOf(calls: Call[]): number {
  if (INTERPRETER !== "reexec") {
    return 1 +
      calls.findIndex(({ name, text }) =>
        name === "execveat" && text.includes('["nsinit", "init"]')
      );
  }
  if (calls[0]?.name !== "fcntl") return 0;
  return 1 +
    calls.findIndex(({ name, text }) =>
      name === "close_range" && /, 4294967295, 0\) += 0$/.test(text)
    );
}

claim(
  "the comparison of a trace with a plan notices a call too many, too few, or another",
  (_box) => {
    const plan: PlanStep[] = [
      { step: 0, name: "a", syscall: "umask", args: ["0"] },
      {
        step: 1,
        name: "b",
        syscall: "mkdirat",
        args: ["AT_FDCWD", '"/x"', "0755"],
        onError: { do: "continue", errnos: ["EEXIST"] },
      },
      { step: 2, name: "c", syscall: "TEST", args: ["1", "1", "0", "1"] },
      { step: 3, name: "d", syscall: "execve", args: ['"/bin/x"'] },
    ];
    const umask = "umask(000) = 022";
    const mkdir = 'mkdirat(AT_FDCWD, "/x", 0755) = 0';
    const exec = 'execve("/bin/x", ["x"], []) = 0';
    const compare = (...lines: string[]) =>
      follow(plan, parseTrace(lines.join("\n")), settle(plan, [0])).executed;
    assertEquals(compare(umask, mkdir, exec), true);
    assertEquals(compare(umask, mkdir), false);
    const exists = mkdir.replace("= 0", "= -1 EEXIST (File exists)");
    assertEquals(compare(umask, exists, exec), true);
    for (
      const lines of [
        [umask, umask, mkdir, exec],
        [mkdir, exec],
        [umask, exec],
        [umask, mkdir.replace("/x", "/y"), exec],
        [
          umask,
          mkdir.replace("= 0", "= -1 EPERM (Operation not permitted)"),
          exec,
        ],
      ]
    ) {
      assertThrows(() => compare(...lines), Error, "is not in the plan");
    }
    return Promise.resolve();
  },
);
