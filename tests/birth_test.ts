/** How the first process gets into its cgroup, and where it can't. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Result } from "./command.ts";
import { hierarchies, missing } from "./host.ts";
import { limited, ONLY_V1, onV2, V2, without } from "./limits.ts";
import type { Resources } from "./spec.ts";

/** What `strace` saw of the runtime and of what it started while a container was created and deleted. */
async function traced(
  box: Box,
  run: (args: string[]) => string[],
): Promise<string> {
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["true"];
  });
  const file = `${box.dir}/trace`;
  const strace = ["strace", "-f", "-qq", "-e", "trace=clone3,openat,openat2"];
  const args = box.argv("run", "--bundle", bundle.dir, box.newId());
  ok(await box.command(run([...strace, "-o", file, ...args])));
  return Deno.readTextFileSync(file);
}

const PROCS = /cgroup\.procs", .*O_WRONLY/;

claim(
  "placement: on v2 the first process is born in its cgroup, and is never moved",
  async (box) => {
    const view =
      'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"';
    const trace = await traced(
      box,
      (args) => V2 ? args : ["unshare", "-m", "sh", "-c", view, "sh", ...args],
    );
    assertMatch(trace, /clone3\(\{.*CLONE_INTO_CGROUP/);
    assertEquals(trace.match(PROCS), null);
  },
  { skip: missing("strace"), isRace: true },
);

claim(
  "placement: on v1, which knows no birth into a cgroup, it is moved",
  async (box) => {
    const trace = await traced(box, (args) => args);
    assertEquals(trace.match(/CLONE_INTO_CGROUP/), null);
    assertMatch(trace, PROCS);
  },
  { skip: missing("strace") ?? ONLY_V1, isRace: true },
);

/** The unified hierarchy, beside v1 too. */
function unified(): string {
  return hierarchies().find(({ controllers }) => controllers.length === 0)!
    .mountPoint;
}

/** Makes cgroups of v2 with settings, and removes them. */
async function withCgroups(
  settings: Readonly<Record<string, string | null>>,
  use: () => Promise<void>,
): Promise<void> {
  const paths = Object.keys(settings).map((path) => `${unified()}${path}`);
  try {
    for (const [path, value] of Object.entries(settings)) {
      const directory = path.replace(/\/cgroup\.[^/]*$/, "");
      Deno.mkdirSync(`${unified()}${directory}`, { recursive: true });
      if (value !== null) Deno.writeTextFileSync(`${unified()}${path}`, value);
    }
    await use();
  } finally {
    for (const path of paths.toReversed()) {
      const directory = path.replace(/\/cgroup\.[^/]*$/, "");
      await Deno.remove(directory).catch(() => {}); // named twice, or by the container
    }
  }
}

/** Runs a container in a cgroup of v2; it tells which that is. */
async function runIn(
  box: Box,
  cgroupsPath: string,
  resources: Resources = {},
): Promise<Result> {
  const bundle = await box.bundle((spec, bundle) => {
    limited(resources)(spec, bundle);
    spec.linux.cgroupsPath = cgroupsPath;
    // In a namespace of its own it would not see which.
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
      type !== "cgroup"
    );
    spec.process.args = ["grep", "-o", "^0::.*", "/proc/self/cgroup"];
  });
  return await onV2(box, ["run", "--bundle", bundle.dir, box.newId()]);
}

const HUGE: Resources = { hugepageLimits: [{ pageSize: "2MB", limit: 0 }] };

claim(
  "placement: below a threaded cgroup there are threaded ones, without limits of memory and the like [v2]",
  async (box) => {
    const top = `/${box.mark}-top`;
    await withCgroups(
      { [top]: null, [`${top}/threads/cgroup.type`]: "threaded" },
      async () => {
        const below = `${top}/threads/box`;
        assertEquals(ok(await runIn(box, below)).stdout, `0::${below}\n`);
        assertMatch(
          failure(await runIn(box, below, HUGE)),
          /cannot enter cgroupv2 \S+-top\\" with domain controllers -- it is in domain threaded mode: the limits of hugetlb need .*; name another in cgroupsPath/,
        );
      },
    );
    assertEquals(box.leaks(), []);
  },
  { skip: withoutHugetlb() },
);

claim(
  "placement: a cgroup that hands controllers on can't hold a container, and a child of it can [v2]",
  async (box) => {
    const top = `/${box.mark}-top`;
    Deno.writeTextFileSync(`${unified()}/cgroup.subtree_control`, "+hugetlb");
    await withCgroups(
      { [`${top}/cgroup.subtree_control`]: "+hugetlb" },
      async () => {
        assertMatch(
          failure(await runIn(box, top)),
          /\/cgroup\.procs: device or resource busy \(EBUSY\); the cgroup hands controllers on to its children/,
        );
        const below = ok(await runIn(box, `${top}/box`, HUGE)).stdout;
        assertEquals(below, `0::${top}/box\n`);
      },
    );
    assertEquals(box.leaks(), []);
  },
  { skip: withoutHugetlb() },
);

claim(
  "placement: a cgroup that permits none below it is an error that says so [v2]",
  async (box) => {
    const top = `/${box.mark}-top`;
    await withCgroups(
      { [`${top}/cgroup.max.descendants`]: "0" },
      async () => {
        assertMatch(
          failure(await runIn(box, `${top}/box`)),
          /Cannot make \/sys\/\S+\/box: .* \(EAGAIN\); a cgroup above permits no more .*cgroup\.max\.descendants/,
        );
      },
    );
    assertEquals(box.leaks(), []);
  },
);

function withoutHugetlb(): string | undefined {
  const file = `${unified()}/cgroup.controllers`;
  return Deno.readTextFileSync(file).includes("hugetlb")
    ? undefined
    : "no hugetlb controller on v2";
}

claim(
  "placement: on v1 each new level of a CPU set has the CPUs of the one above",
  async (box) => {
    const { mountPoint } = hierarchies().find(({ controllers }) =>
      controllers.includes("cpuset")
    )!;
    const path = `/${box.mark}-up/middle/box`;
    const container = await box.start((spec) => {
      spec.linux.cgroupsPath = path;
    });
    const read = (directory: string): string[] =>
      ["cpus", "mems"].map((name) =>
        Deno.readTextFileSync(`${mountPoint}${directory}/cpuset.${name}`).trim()
      );
    const root = read("");
    assert(root.every((text) => text !== ""));
    for (const end of [path.length, path.lastIndexOf("/")]) {
      assertEquals(read(path.slice(0, end)), root);
    }
    // Without that they would be empty, and no process could enter.
    const bare = `${mountPoint}/${box.mark}-bare`;
    Deno.mkdirSync(bare);
    assertNotEquals(read(`/${box.mark}-bare`), root);
    Deno.removeSync(bare);
    await container.kill();
    await container.delete();
    for (const { mountPoint } of hierarchies()) {
      for (const directory of [`/${box.mark}-up/middle`, `/${box.mark}-up`]) {
        await Deno.remove(`${mountPoint}${directory}`).catch(() => {});
      }
    }
    assertEquals(box.leaks(), []);
  },
  { skip: ONLY_V1 ?? without("cpuset") },
);
