import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../deps/assert.ts";
import { replaceFile } from "../../ffi/fs_change.ts";
import { StateError } from "../errors.ts";
import { exampleSpec } from "../spec/example.ts";
import {
  checkId,
  type ContainerRecord,
  exists,
  FILES,
  RecordDirectory,
} from "./record.ts";

function testRecord(id: string): ContainerRecord {
  return {
    version: 1,
    id,
    initPid: 4711,
    initStart: 1234,
    created: "2024-01-02T03:04:05.678Z",
    bundle: "/bundle",
    rootfs: "/bundle/rootfs",
    owner: 0,
    config: exampleSpec(),
    rootless: false,
    cgroup: {
      mode: "v2",
      paths: { "": "/sys/fs/cgroup/web" },
      mountPoints: { "": "/sys/fs/cgroup" },
      existing: [],
      rootless: false,
    },
    startSteps: [{ index: 7, purpose: "exec sh", operation: "execve" }],
  };
}

async function withDirectory(
  body: (directory: RecordDirectory, root: string) => void | Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const directory = new RecordDirectory(root, "web");
    directory.make();
    await body(directory, root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** The same directory, to somebody who has not read or written it yet. */
function sameOnDisk({ path, id }: RecordDirectory): RecordDirectory {
  return new RecordDirectory(path.slice(0, -id.length - 1), id);
}

Deno.test("checkId() takes letters, digits, _ + - . and no path", () => {
  for (const id of ["a", "A_b+c-d.e", "0", "...", "-x", "a".repeat(1024)]) {
    checkId(id);
  }
  const bad = [
    ".",
    "..",
    "a/b",
    "../x",
    "a b",
    "a\n",
    "\na",
    "é",
    "a\0",
    "a".repeat(1025),
  ];
  for (const id of bad) {
    const error = assertThrows(() => checkId(id), StateError);
    assertEquals(
      error.message,
      `invalid container ID format: ${JSON.stringify(id)}`,
    );
  }
  assertEquals(
    assertThrows(() => checkId(""), StateError).message,
    "container ID cannot be empty",
  );
});

Deno.test("a record comes back as it was written, 64-bit numbers too", async () => {
  await withDirectory((directory) => {
    const record = testRecord("web");
    const config = exampleSpec();
    config.linux!.resources = { memory: { limit: 2n ** 62n + 1n } };
    directory.write({ ...record, config });
    assertEquals(sameOnDisk(directory).read(), { ...record, config });
    assertEquals(directory.read(), { ...record, config });
  });
});

Deno.test("a record that somebody else has written is read again", async () => {
  await withDirectory((directory) => {
    for (const replace of [Deno.renameSync, replaceFile]) {
      directory.write(testRecord("web"), replace);
      assertEquals(directory.read().initPid, 4711);
      sameOnDisk(directory).write({ ...testRecord("web"), initPid: 815 });
      assertEquals(directory.read().initPid, 815);
      sameOnDisk(directory).remove();
      assertThrows(() => directory.read(), StateError, "does not exist");
      directory.make();
    }
  });
});

Deno.test("what is done to a record that was read or written is not read", async () => {
  await withDirectory((directory) => {
    const record = testRecord("web");
    directory.write(record);
    record.initPid = 1;
    directory.read().initPid = 2;
    assertEquals(directory.read().initPid, 4711);
  });
});

Deno.test("a record has runc's names on disk, and is its owner's alone", async () => {
  await withDirectory((directory) => {
    directory.write(testRecord("web"));
    const path = directory.file(FILES.record);
    const disk = JSON.parse(Deno.readTextFileSync(path));
    assertEquals(
      [
        disk.id,
        disk["init_process_pid"],
        disk["init_process_start"],
        disk["cgroup_paths"],
        disk.config.hostname,
      ],
      ["web", 4711, 1234, { "": "/sys/fs/cgroup/web" }, "runc"],
    );
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    assertEquals(Deno.statSync(directory.path).mode! & 0o777, 0o711);
  });
});

Deno.test("a record is written whole: readers see the old one or the new one", async () => {
  await withDirectory((directory) => {
    directory.write(testRecord("web"));
    using old = Deno.openSync(directory.file(FILES.record));
    directory.write({ ...testRecord("web"), initPid: 1 }, replaceFile);
    const text = Deno.readTextFileSync(directory.file(FILES.record));
    assertMatch(text, /"init_process_pid": ?1\b/);
    const bytes = new Uint8Array(1 << 16);
    const size = old.readSync(bytes) ?? 0;
    assertStringIncludes(
      new TextDecoder().decode(bytes.subarray(0, size)),
      "4711",
    );
    assertEquals(
      [...Deno.readDirSync(directory.path)].map(({ name }) => name),
      [
        FILES.record,
      ],
    );
  });
});

Deno.test("a record that can't be written leaves the old one", async () => {
  await withDirectory((directory) => {
    directory.write(testRecord("web"));
    const temporary = directory.file(`.${FILES.record}.tmp`);
    Deno.mkdirSync(temporary);
    const error = assertThrows(
      () => directory.write({ ...testRecord("web"), initPid: 1 }),
      StateError,
    );
    assertMatch(error.message, /^cannot write .*state\.json: /);
    assertInstanceOf(error.cause, Error);
    assertEquals(directory.read().initPid, 4711);
  });
});

/** What may be in a state.json that is no record of this container. */
const BROKEN: readonly [what: string, text: string][] = [
  ["nothing", ""],
  ["half of it", '{"version": 1, "id": "we'],
  ["another version", '{"version": 2, "id": "web"}'],
  ["another container", '{"version": 1, "id": "other"}'],
  ["null", "null"],
  ["a list", "[]"],
  ["a text", '"web"'],
  ["zeros", "\0".repeat(100)],
];

for (const [what, text] of BROKEN) {
  Deno.test(`a state.json with ${what} is no record`, async () => {
    await withDirectory((directory) => {
      Deno.writeTextFileSync(directory.file(FILES.record), text);
      const error = assertThrows(() => directory.read(), StateError);
      assertStringIncludes(error.message, "is no record of this container");
      assertStringIncludes(error.message, "delete --force removes it");
      assertEquals(error.id, "web");
    });
  });
}

Deno.test("a state.json that can't be read is told with the reason", async () => {
  await withDirectory((directory) => {
    Deno.mkdirSync(directory.file(FILES.record));
    const error = assertThrows(() => directory.read(), StateError);
    assertMatch(error.message, /^cannot read .*state\.json: /);
  });
});

Deno.test("a container that there is not does not exist, in one sentence for all", async () => {
  await withDirectory(async (_, root) => {
    const directory = new RecordDirectory(root, "none");
    assertEquals(directory.exists(), false);
    directory.remove();
    const text = "container does not exist";
    assertEquals(
      assertThrows(() => directory.read(), StateError).message,
      text,
    );
    assertEquals(
      (await assertRejects(() => directory.lock(), StateError)).message,
      text,
    );
  });
});

Deno.test("make() refuses an id that is taken, by whatever", async () => {
  await withDirectory((directory, root) => {
    const text = "container with given ID already exists";
    assertEquals(
      assertThrows(() => directory.make(), StateError).message,
      text,
    );
    Deno.writeTextFileSync(`${root}/file`, "");
    const file = new RecordDirectory(root, "file");
    assertEquals(assertThrows(() => file.make(), StateError).message, text);
    const lost = new RecordDirectory(`${root}/none`, "web");
    assertMatch(
      assertThrows(() => lost.make(), StateError).message,
      /^cannot make .*none\/web: /,
    );
  });
});

Deno.test("remove() removes the directory with all in it, and follows no link", async () => {
  await withDirectory((directory, root) => {
    Deno.mkdirSync(`${root}/precious`);
    Deno.symlinkSync(`${root}/precious`, directory.file("link"));
    directory.write(testRecord("web"));
    directory.remove();
    assertEquals(directory.exists(), false);
    assertEquals(exists(`${root}/precious`), true);
  });
});

Deno.test("lock() lets one in at a time, in this program too, and does not stop it", async () => {
  await withDirectory(async (directory) => {
    const seen: string[] = [];
    const work = async (name: string): Promise<void> => {
      using _lock = await directory.lock();
      seen.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push(`${name} out`);
    };
    await Promise.all(["a", "b", "c"].map(work));
    assertEquals(seen.filter((_, i) => i % 2 === 0).length, 3);
    for (let i = 0; i < seen.length; i += 2) {
      assertEquals(seen[i + 1], seen[i]!.replace("in", "out"));
    }
  });
});

Deno.test("lock() is let go when its holder dies", async () => {
  await withDirectory(async (directory) => {
    const holder = new Deno.Command("flock", {
      args: [directory.path, "sleep", "100"],
    }).spawn();
    // Wait until it has the lock.
    for (;;) {
      using probe = Deno.openSync(directory.path);
      if (!probe.tryLockSync(true)) break;
      probe.unlockSync();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    let done = false;
    const waiting = directory.lock().then((lock) => {
      done = true;
      lock[Symbol.dispose]();
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals(done, false);
    const children = Deno.readTextFileSync(
      `/proc/${holder.pid}/task/${holder.pid}/children`,
    ).trim();
    holder.kill("SIGKILL");
    if (children !== "") Deno.kill(Number(children), "SIGKILL");
    await holder.status;
    await waiting;
    assertEquals(done, true);
  });
});
