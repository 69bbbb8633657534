/** The command events, and what is told when memory runs out. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Bundle } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok, until } from "./command.ts";
import type { Container } from "./container.ts";
import { missing, readIfPresent, SLOWNESS } from "./host.ts";
import { limited, ONLY_V1, without } from "./limits.ts";

const MIB = 1 << 20;
const LIMIT = 24 * MIB;

/** One line of `events`. */
interface Event {
  type: string;
  id: string;
  // deno-lint-ignore no-explicit-any -- the tests ask for what should be in it
  data: any;
}

function parse(text: string): Event[] {
  return text.split("\n").filter((line) => line !== "").map((line) =>
    JSON.parse(line)
  );
}

async function statsOf(box: Box, container: Container): Promise<Event> {
  const result = await box.nsinit(["events", "--stats", container.id]);
  const [event, ...others] = parse(ok(result).stdout);
  assertEquals(others, []);
  return event!;
}

/** The names in a JSON value, each with its path; those of the kernel's own tables as they come. */
function paths(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  if (Array.isArray(value)) return [`${path}[]`];
  return Object.entries(value).flatMap(([name, member]) =>
    paths(member, `${path}/${name}`)
  ).concat(path);
}

claim(
  "events --stats: what the container uses, and may use [v2]",
  async (box) => {
    const container = await box.start((spec, bundle) => {
      limited({ memory: { limit: LIMIT }, pids: { limit: 17 } })(spec, bundle);
      spec.process.args = [
        "sh",
        "-c",
        "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; echo done; sleep 1000",
      ];
    });
    await container.outputWith("done");
    const { type, id, data } = await statsOf(box, container);
    assertEquals([type, id], ["stats", container.id]);
    assertGreater(data.cpu.usage.total, 1_000_000);
    assertEquals(data.memory.usage.limit, LIMIT);
    assertGreater(data.memory.usage.usage, 50_000);
    assertLess(data.memory.usage.usage, LIMIT);
    assertGreaterOrEqual(data.memory.raw.pgfault, 1);
    assertEquals(data.pids.limit, 17);
    assertGreaterOrEqual(data.pids.current, 1);
    assertLess(data.pids.current, 4);
    assertEquals(data.intel_rdt, {});
    assertEquals(data.network_interfaces, null);
    assertGreaterOrEqual(data.cpuset.cpus.length, 1);
  },
  { skip: without("memory") ?? without("pids"), isRace: true },
);

claim(
  "events --stats: the JSON has the members of runc's, in its order",
  async (box) => {
    const bundle = await box.bundle((spec, bundle) => {
      limited({ memory: { limit: LIMIT }, pids: { limit: 17 } })(spec, bundle);
      // The version that runc has heard of.
      spec.ociVersion = "1.0.2";
      spec.process.args = ["sleep", "1000"];
    });
    const root = `${box.dir}/runc`;
    const id = `${box.mark}-runc`;
    const runc = (...args: string[]) =>
      box.command(["runc", "--root", root, ...args]);
    let theirs: Event[];
    ok(await runc("run", "--detach", "--bundle", bundle.dir, id));
    try {
      theirs = parse(ok(await runc("events", "--stats", id)).stdout);
    } finally {
      ok(await runc("delete", "--force", id));
    }
    const container = await box.start(
      limited({ memory: { limit: LIMIT }, pids: { limit: 17 } }),
    );
    const ours = await statsOf(box, container);
    const names = (event: Event | undefined) =>
      paths(event).filter((path) =>
        // Which of these are there depends on what the container has done so far.
        !/\/(psi|raw|hugetlb|percpu_user|percpu_kernel)\b|memory\/cache|\/(usage|max|total)$/
          .test(path)
      ).sort();
    assertEquals(names(ours), names(theirs[0]));
    assertEquals(
      Object.keys(ours.data.memory.raw).sort(),
      Object.keys(theirs[0]?.data.memory.raw).sort(),
    );
    assertEquals(Object.keys(ours.data), Object.keys(theirs[0]?.data));
    assertEquals(
      ours.data.memory.swap.limit,
      theirs[0]?.data.memory.swap.limit,
    );
  },
  { skip: missing("runc") ?? ONLY_V1 ?? without("memory"), isRace: true },
);

claim(
  "events: statistics come at the interval, and the end with the container's [v2]",
  async (box) => {
    const container = await box.start();
    const events = box.spawn(
      box.argv("events", "--interval", "150ms", container.id),
    );
    const lines = () => parse(readIfPresent(events.outFile) ?? "");
    await until(() => lines().length >= 3, "three events");
    await container.kill();
    const { code, stdout } = await events.result();
    assertEquals(code, 0);
    for (const { type, id } of parse(stdout)) {
      assertEquals([type, id], ["stats", container.id]);
    }
  },
  { skip: without("pids"), isRace: true },
);

/** A shell that runs a hog each time that it is told to, and tells how that ended. */
const HOGS = `
  for n in 1 2; do
    until [ -e /go$n ]; do sleep 0.02; done
    dd if=/dev/zero of=/dev/null bs=64M count=1 2>/dev/null
    echo $n ended with $?
  done
  exec sleep 1000`;

function tell(bundle: Bundle, n: number): void {
  Deno.writeTextFileSync(`${bundle.rootfs}/go${n}`, "");
}

/** Starts `events` for a container, has `act` done when it watches, and gives its reports of kills for want of memory. */
async function oomEvents(
  box: Box,
  container: Container,
  act: () => Promise<void>,
): Promise<Event[]> {
  const events = box.spawn(
    box.argv("events", "--interval", "50ms", container.id),
  );
  const text = () => readIfPresent(events.outFile) ?? "";
  await until(() => text() !== "", "the first event");
  await act();
  await until(() => text().includes('"oomReport"'), "an event of memory");
  await container.kill();
  const { stdout } = ok(await events.result());
  const found = parse(stdout).filter(({ type }) => type === "oomReport");
  const line = `{"type":"oom","id":"${container.id}"}`;
  assertEquals(
    stdout.split("\n").filter((one) => one === line).length,
    found.length,
  );
  return found;
}

claim(
  "events: each kill for want of memory is told with process and limit, and none without [v2]",
  async (box) => {
    const container = await box.start((spec, bundle) => {
      limited({ memory: { limit: LIMIT, swap: LIMIT } })(spec, bundle);
      spec.process.args = ["sh", "-c", HOGS];
    });
    const found = await oomEvents(box, container, async () => {
      for (const n of [1, 2]) {
        tell(container.bundle, n);
        await container.outputWith(`${n} ended with 137`);
        await new Promise((resolve) => setTimeout(resolve, 300 * SLOWNESS));
      }
    });
    assertEquals(found.length, 2);
    for (const { id, data } of found) {
      assertEquals(id, container.id);
      assertEquals([data.killed, data.level], [1, "container"]);
      assertStringIncludes(data.cgroup, container.id);
      assertEquals(data.limit, LIMIT);
      // The kernel's log may be out of reach, and then nobody knows who it was.
      const names = data.source === "log" ? ["dd"] : [];
      assertEquals(
        data.processes.map(({ name }: Event["data"]) => name),
        names,
      );
      assertMatch(data.message, /^the container's limit of \d+ bytes/);
    }
    const free = await box.start((spec) => {
      spec.process.args = ["sh", "-c", HOGS];
    });
    const events = box.spawn(
      box.argv("events", "--interval", "50ms", free.id),
    );
    await until(() => readIfPresent(events.outFile) !== "", "the first event");
    tell(free.bundle, 1);
    await free.outputWith("1 ended with 0");
    await free.kill();
    const types = parse(ok(await events.result()).stdout).map(({ type }) =>
      type
    );
    assertEquals(types.includes("oom"), false);
  },
  { skip: without("memory"), isRace: true },
);

claim(
  "events: a limit above the container is told as such [v2]",
  async (box) => {
    const parent = `/${box.mark}-parent`;
    const container = await box.start((spec) => {
      spec.linux.cgroupsPath = `${parent}/box`;
      spec.process.args = ["sh", "-c", HOGS];
    });
    const hierarchy = ONLY_V1 === undefined ? "/memory" : "";
    const above = `/sys/fs/cgroup${hierarchy}${parent}`;
    const file = ONLY_V1 === undefined ? "memory.limit_in_bytes" : "memory.max";
    await Deno.writeTextFile(`${above}/${file}`, `${LIMIT}`);
    const [found] = await oomEvents(box, container, async () => {
      tell(container.bundle, 1);
      await container.outputWith("1 ended with 137");
    });
    assertEquals([found?.data.killed, found?.data.level], [1, "ancestor"]);
    assertEquals([found?.data.cgroup, found?.data.limit], [above, LIMIT]);
    await container.delete();
    for (const { name } of Deno.readDirSync("/sys/fs/cgroup")) {
      try {
        Deno.removeSync(`/sys/fs/cgroup/${name}${parent}`);
      } catch {
        // not there, or no directory
      }
    }
    try {
      Deno.removeSync(`/sys/fs/cgroup${parent}`);
    } catch {
      // v2 only
    }
    assertEquals(box.leaks(), []);
  },
  { skip: without("memory"), isRace: true },
);

claim(
  "run: an end for want of memory is explained, by the limit and the process [v2]",
  async (box) => {
    const result = await box.sh(
      "exec dd if=/dev/zero of=/dev/null bs=64M count=1",
      limited({ memory: { limit: LIMIT, swap: LIMIT } }),
    );
    assertEquals(result.code, 137);
    assertMatch(
      result.stderr,
      new RegExp(
        `level=warning msg="out of memory: the container's limit of ${LIMIT} bytes was reached \\(/.*\\), ` +
          `and the kernel killed 1 process( \\(dd, pid \\d+\\))?"`,
      ),
    );
    const free = await box.sh("true");
    assertEquals(free.stderr, "");
  },
  { skip: without("memory"), isRace: true },
);

claim(
  "events: wrong usage, and containers that do not run, are refused [v2]",
  async (box) => {
    const container = await box.start();
    const refusals: [string[], string][] = [
      [["--interval", "0s"], "duration interval must be greater than 0"],
      [["--interval", "-1s"], "duration interval must be greater than 0"],
      [
        ["--interval", "soon"],
        'invalid value \\"soon\\" for flag -interval: parse error',
      ],
    ];
    for (const [args, words] of refusals) {
      const result = await box.nsinit(["events", ...args, container.id]);
      assertStringIncludes(failure(result), words);
      assertEquals(result.stdout, "");
    }
    await container.kill();
    for (const flags of [[], ["--stats"]]) {
      assertStringIncludes(
        failure(await box.nsinit(["events", ...flags, container.id])),
        `container with id ${container.id} is not running`,
      );
    }
    assertStringIncludes(
      failure(await box.nsinit(["events", `${box.mark}-none`])),
      "container does not exist",
    );
  },
);

claim(
  "create: a memory limit too small for the start is named, with who was killed",
  async (box) => {
    const bundle = await box.bundle((spec, bundle) => {
      limited({ memory: { limit: 8192, swap: 8192 } })(spec, bundle);
    });
    const text = failure(
      await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
    );
    assert(
      /OOM-killed \(memory limit too low\?\): the container's limit of 8192 bytes was reached/
        .test(text) || /unable to set memory limit to 8192/.test(text),
      text,
    );
    assertEquals(box.leaks(), []);
  },
  { skip: without("memory"), isRace: true },
);
