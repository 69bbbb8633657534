import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertStringIncludes,
  assertThrows,
} from "../../deps/assert.ts";
import { CgroupError } from "../../errors.ts";
import type { CgroupRecord } from "../record.ts";
import { inRealCgroup, layout, testWith } from "../testdata/real_cgroup.ts";
import { fileSource, pressureSource } from "./source.ts";
import { watchOom } from "./oom.ts";
import { watchPressure } from "./pressure.ts";
import { Watch } from "./watch.ts";

const LIMIT = 20 << 20;
const HOG = "tail /dev/zero";
const SMALL = { memory: { limit: LIMIT, swap: LIMIT } };

/** How many descriptors of cgroups and of events are open. */
function openCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      const target = Deno.readLinkSync(`/proc/self/fd/${name}`);
      return /cgroup|\[eventfd\]/.test(target);
    } catch {
      return false; // the one that lists
    }
  }).length;
}

function threadCount(): number {
  return [...Deno.readDirSync("/proc/self/task")].length;
}

async function all<T>(watch: Watch<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const event of watch) found.push(event);
  return found;
}

testWith(
  "memory",
  "watchOom() tells of each kill, and ends with the cgroup's last process",
  async () => {
    await inRealCgroup(
      SMALL,
      `${HOG}; sleep 0.3; ${HOG}; sleep 0.3`,
      async ({ record, pid, finish }) => {
        const before = openCount();
        const events = all(watchOom(record, pid));
        await finish();
        const found = await events;
        assertEquals(found.map(({ killed, level }) => [killed, level]), [
          [1, "container"],
          [1, "container"],
        ]);
        assertEquals(
          found[0]?.cgroup,
          record.paths["memory"] ?? record.paths[""],
        );
        assertEquals(openCount(), before);
      },
    );
  },
);

testWith("memory", "watchOom() passes over what happened before", async () => {
  await inRealCgroup(
    SMALL,
    `${HOG}; echo now; sleep 0.4`,
    async ({ record, pid, manager, finish }) => {
      const output = finish();
      while (manager.oomKillCount() === 0) {
        await new Promise((go) => setTimeout(go, 5));
      }
      assertEquals(await all(watchOom(record, pid)), []);
      await output;
    },
  );
});

testWith(
  "memory",
  "watchOom() on v1 looks at init where nothing else tells of the end",
  async () => {
    await inRealCgroup(
      SMALL,
      `${HOG}; sleep 0.2`,
      async ({ record, pid, finish }) => {
        const { "": _, ...paths } = record.paths;
        const alone = layout.mode === "v2" ? record : { ...record, paths };
        const events = all(watchOom(alone, pid));
        await finish();
        assertEquals((await events).length, 1);
      },
    );
  },
);

testWith(
  "memory",
  "watches can be given up at any time, and leave nothing",
  async () => {
    await inRealCgroup({}, "true", async ({ record, pid }) => {
      const before = openCount();
      const watch = watchOom(record, pid);
      const next = watch.next();
      assertGreaterOrEqual(openCount(), before + 2);
      setTimeout(() => void watch.return(), 20);
      assertEquals(await next, { value: undefined, done: true });
      assertEquals(await watch.next(), { value: undefined, done: true });
      {
        await using _unused = watchOom(record, pid);
        await using _other = watchPressure(record, pid, "critical");
      }
      for await (const _ of watch) throw new Error("it was given up");
      assertEquals(openCount(), before);
    });
  },
);

testWith("memory", "watches take no thread each", async () => {
  await inRealCgroup({}, "true", async ({ record, pid }) => {
    const before = threadCount();
    const watches = Array.from({ length: 20 }, () => watchOom(record, pid));
    const ends = watches.map((watch) => watch.next());
    await new Promise((go) => setTimeout(go, 50));
    // The one that waits for all.
    assertLess(threadCount(), before + 3);
    for (const watch of watches) await watch.return();
    assertEquals((await Promise.all(ends)).every(({ done }) => done), true);
  });
});

testWith(
  "memory",
  "watchPressure() tells that memory gets scarce, and nothing where it does not",
  async () => {
    const file = await Deno.makeTempFile();
    const script = `dd if=/dev/zero of=${file} bs=1M count=60 2>&1`;
    const told = async (limit: number): Promise<number> => {
      let count = 0;
      await inRealCgroup(
        { memory: { limit } },
        script,
        async ({ record, pid, finish }) => {
          const events = all(watchPressure(record, pid, "low"));
          await finish();
          const found = await events;
          assert(found.every(({ level }) => level === "low"));
          count = found.length;
        },
      );
      return count;
    };
    try {
      const small = await told(14 << 20);
      // v2 wants processes to have waited for a twentieth of the time.
      if (layout.mode !== "v2") assertGreaterOrEqual(small, 1);
      assertEquals(await told(512 << 20), 0);
    } finally {
      await Deno.remove(file);
    }
  },
);

Deno.test("watchOom() and watchPressure() say that nobody counts the memory", () => {
  const none: CgroupRecord = {
    mode: "none",
    paths: {},
    mountPoints: {},
    existing: [],
    rootless: true,
  };
  for (
    const watch of [
      () => watchOom(none, 1),
      () => watchPressure(none, 1, "low"),
    ]
  ) {
    const error = assertThrows(watch, CgroupError);
    assertStringIncludes(error.message, "it has no memory cgroup");
  }
});

Deno.test("sources name the file that can't be watched, and leave nothing open", () => {
  const before = openCount();
  const mountPoint = "/no/such/mount";
  for (const mode of ["v1", "v2"] as const) {
    const controller = mode === "v2" ? "" : "memory";
    const gone: CgroupRecord = {
      mode,
      paths: { [controller]: `${mountPoint}/box` },
      mountPoints: { [controller]: mountPoint },
      existing: [],
      rootless: false,
    };
    const error = assertThrows(() => watchOom(gone, 1), CgroupError);
    assertStringIncludes(error.message, `${mountPoint}/box/memory.`);
    const other = assertThrows(
      () => watchPressure(gone, 1, "medium"),
      CgroupError,
    );
    assertStringIncludes(other.message, `${mountPoint}/box/memory.pressure`);
  }
  assertEquals(openCount(), before);
});

/** A pressure file of a v2 cgroup, on a hybrid host too. */
async function withUnified(
  body: (directory: string) => Promise<void> | void,
): Promise<void> {
  const mount = layout.mounts.find(({ controllers }) =>
    controllers.includes("")
  );
  if (Deno.uid() !== 0 || mount === undefined) return;
  const directory = `${mount.mountPoint}/nsinit-events-${Deno.pid}`;
  Deno.mkdirSync(directory);
  try {
    await body(directory);
  } finally {
    Deno.removeSync(directory);
  }
}

Deno.test("fileSource() has news when its file changes, and none after the cgroup is gone", async () => {
  await withUnified((directory) => {
    const child = `${directory}/child`;
    Deno.mkdirSync(child);
    using source = fileSource(`${child}/cgroup.events`);
    assertEquals(source.take(), true);
    Deno.removeSync(child);
    assertEquals(source.take(), false);
  });
});

Deno.test("pressureSource() sets a trigger, or says which one was refused", async () => {
  await withUnified((directory) => {
    const path = `${directory}/memory.pressure`;
    try {
      Deno.statSync(path);
    } catch {
      return; // a kernel without pressure
    }
    const before = openCount();
    {
      using source = pressureSource(path, "some 100000 2000000");
      assertEquals(source.take(), true);
    }
    const error = assertThrows(
      () => pressureSource(path, "some 9 1"),
      CgroupError,
    );
    assertStringIncludes(error.message, 'set the trigger "some 9 1" in');
    assertEquals(openCount(), before);
  });
});

Deno.test("Watch ends once, whoever ends it", async () => {
  async function* count(): AsyncGenerator<number, void, void> {
    yield 1;
    yield await Promise.resolve(2);
  }
  let closed = 0;
  const watch = new Watch(count(), () => closed++);
  assertEquals(await all(watch), [1, 2]);
  assert(closed > 0);
  assertEquals(await watch.return(), { value: undefined, done: true });
  const early = new Watch(count(), () => {});
  for await (const value of early) {
    assertEquals(value, 1);
    break;
  }
  assertEquals(await early.next(), { value: undefined, done: true });
});
