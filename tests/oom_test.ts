/** The truth about want of memory: whether, who, and whose limit; in the start's error, events, and the exit record. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { exampleSpec, Factory } from "../mod.ts";
import type { Box } from "./box.ts";
import { makeRootfs } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok, until } from "./command.ts";
import { exists, hierarchies, readIfPresent } from "./host.ts";
import { FACTORY_OPTIONS, INTERPRETER } from "./interpreter.ts";
import { directory, limited, ONLY_V1, V2, without } from "./limits.ts";

const MIB = 1 << 20;
const LIMIT = 24 * MIB;
const HOG = "dd if=/dev/zero of=/dev/null bs=64M count=1";
/** A re-executed init may want memory before that of the killed hook has been given back. */
const KILLED_WITH_HOOK = INTERPRETER === "reexec"
  ? "(1 process( \\(dd, pid \\d+\\))?|2 processes( \\(.*\\bdd, pid \\d+.*\\))?)"
  : "1 process( \\(dd, pid \\d+\\))?";
const LIMIT_FILE = V2 ? "memory.max" : "memory.limit_in_bytes";

/** A cgroup above a container, with a limit of memory. */
class Above {
  readonly path: string;
  readonly directory: string;

  constructor(box: Box, limit: number) {
    this.path = `/${box.mark}-above`;
    const memory = hierarchies().find(({ controllers }) =>
      V2 ? controllers.length === 0 : controllers.includes("memory")
    )!;
    if (V2) {
      const control = `${memory.mountPoint}/cgroup.subtree_control`;
      Deno.writeTextFileSync(control, "+memory");
    }
    this.directory = `${memory.mountPoint}${this.path}`;
    Deno.mkdirSync(this.directory);
    Deno.writeTextFileSync(`${this.directory}/${LIMIT_FILE}`, `${limit}`);
  }

  /** In all hierarchies: the container's cgroups have made it there, too. */
  remove(): void {
    for (const { mountPoint } of hierarchies()) {
      const path = `${mountPoint}${this.path}`;
      if (exists(path)) Deno.removeSync(path);
    }
  }
}

claim(
  "memory: a limit above the container that is too small for its start is told as such [v2]",
  async (box) => {
    const limit = 65_536;
    const above = new Above(box, limit);
    const bundle = await box.bundle((spec) => {
      spec.linux.cgroupsPath = `${above.path}/box`;
    });
    const create = () =>
      box.nsinit(["create", "--bundle", bundle.dir, box.newId()]);
    assertMatch(
      failure(await create()),
      new RegExp(
        `container init was OOM-killed \\(memory limit too low\\?\\): the limit of ${limit} bytes of ` +
          `${above.directory}, above the container, was reached, and the kernel killed 1 process( \\(\\S+.*, pid \\d+\\))?`,
      ),
    );
    // With enough of it the same container starts.
    Deno.writeTextFileSync(
      `${above.directory}/${LIMIT_FILE}`,
      `${256 * MIB}`,
    );
    const id = box.newId();
    ok(await box.nsinit(["create", "--bundle", bundle.dir, id]));
    ok(await box.nsinit(["delete", "--force", id]));
    above.remove();
    assertEquals(box.leaks(), []);
  },
  { skip: without("memory"), isRace: true },
);

claim(
  "memory: a hook that needs more than the container may have is named in the start's error [v2]",
  async (box) => {
    const bundle = await box.bundle((spec, bundle) => {
      limited({ memory: { limit: LIMIT, swap: LIMIT } })(spec, bundle);
      spec.hooks = {
        createContainer: [{
          path: "/bin/sh",
          args: ["sh", "-c", HOG],
        }],
      };
    });
    const text = failure(
      await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
    );
    assertMatch(
      text,
      new RegExp(
        `OOM-killed \\(memory limit too low\\?\\): the container's limit of ${LIMIT} bytes was reached ` +
          `\\(/sys/\\S+\\), and the kernel killed ${KILLED_WITH_HOOK}`,
      ),
    );
    assertEquals(box.leaks(), []);
  },
  { skip: without("memory"), isRace: true },
);

claim(
  "memory: wait() tells whose limit ended the program, and that none did [v2]",
  async (box) => {
    const dir = `${box.dir}/bundle`;
    Deno.mkdirSync(dir);
    makeRootfs(`${dir}/rootfs`);
    const factory = await Factory.open(box.root, FACTORY_OPTIONS);
    const end = async (memory: { limit: number; swap: number } | undefined) => {
      const spec = exampleSpec();
      const args = ["sh", "-c", `exec ${HOG} 2>/dev/null`];
      spec.process = { ...spec.process!, terminal: false, args };
      spec.linux = { ...spec.linux, resources: memory ? { memory } : {} };
      await using container = await factory.create(box.newId(), spec, {
        bundle: dir,
      });
      const process = await container.run();
      return await process.wait();
    };
    const { signal, oom, oomReport } = await end({ limit: LIMIT, swap: LIMIT });
    assertEquals([signal, oom], [9, true]);
    assertEquals([oomReport?.killed, oomReport?.level], [1, "container"]);
    assertEquals(oomReport?.limitBytes, LIMIT);
    assertStringIncludes(oomReport!.cgroup!, box.mark);
    // The kernel's log may be out of reach.
    assertEquals(
      oomReport?.processes.map(({ name }) => name),
      oomReport?.source === "log" ? ["dd"] : [],
    );
    const free = await end(undefined);
    assertEquals([free.code, free.oom, free.oomReport], [0, false, undefined]);
  },
  { skip: without("memory"), isRace: true },
);

claim(
  "memory: in a cgroup namespace, where names of the kernel's log can't be compared, counters tell [v2]",
  async (box) => {
    const bundle = await box.bundle((spec, bundle) => {
      limited({ memory: { limit: LIMIT, swap: LIMIT } })(spec, bundle);
      spec.process.args = ["sh", "-c", `exec ${HOG}`];
      // A relative one can't be placed where our own cgroup looks like the root.
      spec.linux.cgroupsPath = `/${box.mark}-absolute`;
    });
    const run = (...before: string[]) =>
      box.command([
        ...before,
        ...box.argv("run", "--bundle", bundle.dir, box.newId()),
      ]);
    const told =
      /the container's limit of \d+ bytes was reached \(\/\S+\), and the kernel killed 1 process/;
    const { code, stderr } = await run("unshare", "--cgroup");
    assertEquals(code, 137);
    assertMatch(stderr, told);
    assertEquals(/pid \d+/.test(stderr), false);
    // Outside the log names it, unless it can't be read.
    assertMatch((await run()).stderr, told);
  },
  { skip: without("memory"), isRace: true },
);

claim(
  "memory: a limit of a cgroup inside the container is told as such",
  async (box) => {
    const container = await box.start((spec) => {
      const script = `until [ -e /go ]; do sleep 0.02; done; exec ${HOG}`;
      spec.process.args = ["sh", "-c", script];
    });
    const inside = `${await directory(container, "memory")}/inside`;
    Deno.mkdirSync(inside);
    Deno.writeTextFileSync(`${inside}/${LIMIT_FILE}`, `${LIMIT}`);
    Deno.writeTextFileSync(
      `${inside}/cgroup.procs`,
      `${await container.pid()}`,
    );
    const events = box.spawn(
      box.argv("events", "--interval", "50ms", container.id),
    );
    const text = () => readIfPresent(events.outFile) ?? "";
    await until(() => text() !== "", "the first event");
    Deno.writeTextFileSync(`${container.bundle.rootfs}/go`, "");
    await container.finished();
    const { stdout } = ok(await events.result());
    const [found, ...others] = stdout.trim().split("\n").map((line) =>
      JSON.parse(line)
    ).filter(({ type }) => type === "oomReport");
    assertEquals(others, []);
    const { killed, level, cgroup, limit } = found.data;
    assertEquals([killed, level, cgroup, limit], [
      1,
      "descendant",
      inside,
      LIMIT,
    ]);
  },
  { skip: ONLY_V1 ?? without("memory"), isRace: true },
);
