import { reap, signalPidfd, waitForExit } from "../../ffi/process.ts";
import { makeFifo } from "../../ffi/pipe.ts";
import { assertEquals } from "../deps/assert.ts";
import { exampleSpec } from "../spec/example.ts";
import { type ContainerRecord, FILES, RecordDirectory } from "./record.ts";
import { initRuns, processStat, stateOf, statusOf } from "./status.ts";
import { withChild } from "./testdata/child.ts";

function recordOf(
  pid: number,
  changes: Partial<ContainerRecord> = {},
): ContainerRecord {
  return {
    version: 1,
    id: "web",
    initPid: pid,
    initStart: processStat(pid)?.startTime ?? 0,
    created: "2024-01-02T03:04:05.678Z",
    bundle: "/bundle",
    rootfs: "/bundle/rootfs",
    owner: 0,
    config: exampleSpec(),
    rootless: false,
    cgroup: {
      mode: "none",
      paths: {},
      mountPoints: {},
      existing: [],
      rootless: false,
    },
    startSteps: [],
    ...changes,
  };
}

async function withDirectory(
  body: (directory: RecordDirectory) => void | Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const directory = new RecordDirectory(root, "web");
    directory.make();
    await body(directory);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("processStat() reads state and start of a process, and nothing of one that there is not", async () => {
  await withChild("exec sleep 100", ({ pid }) => {
    const stat = processStat(pid)!;
    assertEquals("RSD".includes(stat.state), true, stat.state);
    assertEquals(stat.startTime > 0, true);
    assertEquals(processStat(pid)?.startTime, stat.startTime);
  });
  assertEquals(processStat(0x3f_ffff), undefined);
});

Deno.test("processStat() is not misled by a name with parentheses and spaces", async () => {
  for (const name of ["a) R 1 1 (", ") Z 0 0", "((", "x) "]) {
    await withChild(
      `printf '%s' '${name}' >/proc/$$/comm; while :; do read x </dev/zero; done`,
      async ({ pid }) => {
        while (Deno.readTextFileSync(`/proc/${pid}/comm`) !== `${name}\n`) {
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        const { state, startTime } = processStat(pid)!;
        assertEquals("RSD".includes(state), true, `${name}: ${state}`);
        const uptime = Number(
          Deno.readTextFileSync("/proc/uptime").split(" ")[0],
        );
        assertEquals(Math.abs(startTime / 100 - uptime) < 60, true);
      },
    );
  }
});

Deno.test("initRuns() knows init by its start, so that another process of its id is not taken for it", async () => {
  await withChild("exec sleep 100", ({ pid }) => {
    const record = recordOf(pid);
    assertEquals(initRuns(record), true);
    assertEquals(
      initRuns({ ...record, initStart: record.initStart - 1 }),
      false,
    );
    assertEquals(initRuns({ ...record, initPid: 0 }), false);
    assertEquals(initRuns({ ...record, initPid: 0x3f_ffff }), false);
  });
});

Deno.test("a zombie does not run", async () => {
  await withChild("exit 0", async ({ pid, pidfd }) => {
    const record = recordOf(pid);
    await waitForExit(pidfd);
    assertEquals(processStat(pid)?.state, "Z");
    assertEquals(initRuns(record), false);
    reap(pidfd);
    assertEquals(initRuns(record), false);
  });
});

Deno.test("statusOf() derives the status from process and exec fifo", async () => {
  await withDirectory(async (directory) => {
    await withChild("exec sleep 100", async ({ pid, pidfd }) => {
      const record = recordOf(pid);
      makeFifo(directory.file(FILES.execFifo), 0o600);
      assertEquals(statusOf(directory, record), "created");
      Deno.removeSync(directory.file(FILES.execFifo));
      assertEquals(statusOf(directory, record), "running");
      signalPidfd(pidfd, 9);
      await waitForExit(pidfd);
      assertEquals(statusOf(directory, record), "stopped");
    });
  });
});

Deno.test("statusOf() tells a container that is being created while its creator lives", async () => {
  await withDirectory(async (directory) => {
    await withChild("exec sleep 100", async ({ pid, pidfd }) => {
      const creator = { pid, start: processStat(pid)!.startTime };
      const record = recordOf(0, { creator });
      assertEquals(statusOf(directory, record), "creating");
      const reused = { ...creator, start: creator.start + 1 };
      assertEquals(
        statusOf(directory, { ...record, creator: reused }),
        "stopped",
      );
      assertEquals(statusOf(directory, recordOf(0)), "stopped");
      signalPidfd(pidfd, 9);
      await waitForExit(pidfd); // a zombie creates nothing
      assertEquals(statusOf(directory, record), "stopped");
    });
  });
});

Deno.test("statusOf() tells a frozen container, by the freezer of its cgroup version", async () => {
  await withDirectory(async (directory) => {
    await withChild("exec sleep 100", ({ pid }) => {
      const cases: [
        mode: "v1" | "v2",
        file: string,
        text: string,
        status: string,
      ][] = [
        ["v2", "cgroup.freeze", "1\n", "paused"],
        ["v2", "cgroup.freeze", "0\n", "running"],
        ["v1", "freezer.state", "FROZEN\n", "paused"],
        ["v1", "freezer.state", "FREEZING\n", "paused"],
        ["v1", "freezer.state", "THAWED\n", "running"],
        ["v1", "nothing", "", "running"],
      ];
      for (const [mode, file, text, status] of cases) {
        const path = Deno.makeTempDirSync({ dir: directory.path });
        Deno.writeTextFileSync(`${path}/${file}`, text);
        const cgroup = {
          mode,
          paths: { [mode === "v2" ? "" : "freezer"]: path },
          mountPoints: {},
          existing: [],
          rootless: false,
        };
        assertEquals(statusOf(directory, recordOf(pid, { cgroup })), status);
      }
    });
  });
});

Deno.test("stateOf() shows a pid only of what runs, and annotations only if there are any", async () => {
  await withDirectory(async (directory) => {
    await withChild("exec sleep 100", ({ pid }) => {
      const record = recordOf(pid);
      assertEquals(stateOf(directory, record), {
        ociVersion: "1.3.0",
        id: "web",
        pid,
        status: "running",
        bundle: "/bundle",
        rootfs: "/bundle/rootfs",
        created: "2024-01-02T03:04:05.678Z",
        owner: "",
      });
      const config = { ...record.config, annotations: { a: "b" } };
      const stopped = stateOf(directory, { ...record, initStart: 1, config });
      assertEquals(
        [stopped.pid, stopped.status, stopped.annotations],
        [0, "stopped", { a: "b" }],
      );
      const empty = { ...record.config, annotations: {} };
      assertEquals(
        "annotations" in stateOf(directory, { ...record, config: empty }),
        false,
      );
    });
  });
});
