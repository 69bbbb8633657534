/** What mod.ts offers of a container's cgroup: statistics, processes, pausing, changes, and events as iterators. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import {
  CgroupError,
  type Container,
  exampleSpec,
  Factory,
  type OomReport,
  type Process,
  type Resources,
  StateError,
} from "../mod.ts";
import { assertRejects } from "./assert_rejects.ts";
import type { Box } from "./box.ts";
import { makeRootfs } from "./bundle.ts";
import { claim } from "./claim.ts";
import { until } from "./command.ts";
import { cgroupDir, readIfPresent } from "./host.ts";
import { FACTORY_OPTIONS } from "./interpreter.ts";
import { V2, without } from "./limits.ts";

const MIB = 1 << 20;
const LIMIT = 24 * MIB;

/** Runs a shell script in a container of the library's. */
async function start(
  box: Box,
  script: string,
  resources: Resources = {},
): Promise<{ container: Container; process: Process }> {
  const dir = `${box.dir}/bundle`;
  if (readIfPresent(`${dir}/rootfs/etc/passwd`) === undefined) {
    Deno.mkdirSync(dir);
    makeRootfs(`${dir}/rootfs`);
  }
  const factory = await Factory.open(box.root, FACTORY_OPTIONS);
  const spec = exampleSpec();
  const container = await factory.create(box.newId(), {
    ...spec,
    process: {
      ...spec.process!,
      terminal: false,
      args: ["sh", "-c", script],
    },
    linux: {
      ...spec.linux,
      resources: { ...spec.linux?.resources, ...resources },
    },
  }, { bundle: dir });
  return { container, process: await container.run() };
}

/** A file of the cgroup that a process is in. */
function fileOf(pid: number, controller: string, file: string): string {
  const lines = Deno.readTextFileSync(`/proc/${pid}/cgroup`).trim().split("\n");
  const line = lines.find((line) =>
    V2 ? line.startsWith("0::") : line.split(":")[1] === controller
  )!;
  const path = line.replace(/^\d+:[^:]*:/, "");
  return Deno.readTextFileSync(`${cgroupDir(controller, path)}/${file}`).trim();
}

claim(
  "library: pause(), resume(), processes() and update() act on the container [v2]",
  async (box) => {
    const { container, process } = await start(box, "sleep 1000 & wait");
    await until(
      () => /sleep/.test(childrenOf(process.pid)),
      "the second process",
    );
    const pids = await container.processes();
    assertEquals(pids.length, 2);
    assert(pids.includes(process.pid));
    await container.pause();
    assertEquals(await container.status(), "paused");
    await assertRejects(() => container.pause(), StateError);
    await container.resume();
    assertEquals(await container.status(), "running");
    const again = await assertRejects(() => container.resume(), StateError);
    assertStringIncludes(again.message, "container not paused");
    await container.update({ pids: { limit: 33 } });
    assertEquals(fileOf(process.pid, "pids", "pids.max"), "33");
    assertEquals(container.spec.linux?.resources?.pids?.limit, 33);
    const wrong = { pids: { limit: 99_999_999 } };
    const refused = await assertRejects(
      () => container.update(wrong),
      CgroupError,
    );
    assertStringIncludes(refused.message, "pids.max");
    assertEquals(fileOf(process.pid, "pids", "pids.max"), "33");
    assertEquals(container.spec.linux?.resources?.pids?.limit, 33);
    await container.signal("SIGKILL");
    await process.wait();
    await assertRejects(() => container.update(wrong), StateError);
    await container.destroy({ force: true });
  },
  { skip: without("pids") },
);

/** Names of a process's children. */
function childrenOf(pid: number): string {
  const ids = readIfPresent(`/proc/${pid}/task/${pid}/children`) ?? "";
  return ids.trim().split(" ").map((id) => readIfPresent(`/proc/${id}/comm`))
    .join();
}

claim(
  "library: stats() tells the parts that are asked for, until the container is destroyed [v2]",
  async (box) => {
    const { container, process } = await start(box, "sleep 1000", {
      pids: { limit: 17 },
    });
    assertEquals(await container.stats({ parts: ["pids"] }), {
      pids: { current: 1, limit: 17 },
    });
    const usual = await container.stats();
    assertGreater(usual.cpu!.usageNs, 0);
    assertEquals(usual.cpu!.pressure, undefined);
    const all = await container.stats({ parts: "all" });
    for (const name of ["cpu", "cpuset", "memory", "pids", "io"] as const) {
      if (without(name === "io" && !V2 ? "blkio" : name) === undefined) {
        assert(all[name] !== undefined, name);
      }
    }
    assertEquals(all.network, []); // loopback alone
    await container.signal("SIGKILL");
    await process.wait();
    assertEquals((await container.stats({ parts: ["pids"] })).pids?.limit, 17);
    await container.destroy();
    await assertRejects(() => container.stats(), StateError);
  },
  { skip: without("pids") },
);

claim(
  "library: oomEvents() tells of each kill, and ends with the container [v2]",
  async (box) => {
    const hog = "dd if=/dev/zero of=/dev/null bs=64M count=1 2>/dev/null";
    const script = `until [ -e /go ]; do sleep 0.02; done; ${hog}; sleep 0.5`;
    const events = async (resources: Resources): Promise<OomReport[]> => {
      const { container, process } = await start(box, script, resources);
      const found: OomReport[] = [];
      const watch = await container.oomEvents();
      const watched = (async () => {
        for await (const event of watch) found.push(event);
      })();
      Deno.writeTextFileSync(`${box.dir}/bundle/rootfs/go`, "");
      await process.wait();
      await watched;
      Deno.removeSync(`${box.dir}/bundle/rootfs/go`);
      await assertRejects(() => container.oomEvents(), StateError);
      await container.destroy();
      return found;
    };
    const [event, ...others] = await events({
      memory: { limit: LIMIT, swap: LIMIT },
    });
    assertEquals([event?.killed, event?.level], [1, "container"]);
    assertEquals(event?.limitBytes, LIMIT);
    assertEquals(others, []);
    assertEquals(await events({}), []);
  },
  { skip: without("memory"), isRace: true },
);

claim(
  "library: memoryPressure() can be watched, given up, and ends with the container [v2]",
  async (box) => {
    const { container, process } = await start(box, "sleep 1000");
    const began = performance.now();
    const given = await container.memoryPressure("critical");
    setTimeout(() => void given.return(), 20);
    for await (const _ of given) throw new Error("nobody wants memory here");
    const watch = await container.memoryPressure("low");
    const next = watch.next();
    await container.signal("SIGKILL");
    assertEquals((await next).done, true);
    await process.wait();
    assertLess(performance.now() - began, 120_000);
    await assertRejects(() => container.memoryPressure("low"), StateError);
    await container.destroy();
  },
  { skip: without("memory"), isRace: true },
);
