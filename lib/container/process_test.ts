import { reap, waitForExit } from "../../ffi/process.ts";
import type { OomReport } from "../cgroups/oom/types.ts";
import { assertEquals, assertRejects, assertThrows } from "../deps/assert.ts";
import { RuntimeError } from "../errors.ts";
import { Process } from "./process.ts";
import { childrenOf } from "./processes.ts";
import { startShell, withChild } from "./testdata/child.ts";

const OOM: OomReport = {
  killed: 1,
  level: "container",
  cgroup: "/sys/fs/cgroup/box",
  limitBytes: 4096,
  processes: [],
  source: "counters",
};

function processOf(script: string, oomReport?: OomReport): Process {
  return new Process({
    ...startShell(script),
    relayed: Promise.resolve(),
    oomReport: () => Promise.resolve(oomReport),
  });
}

Deno.test("wait() tells the end as often as it is asked, and collects once", async () => {
  const process = processOf("exit 5");
  const end = { code: 5, signal: 0, oom: false };
  assertEquals(await Promise.all([process.wait(), process.wait()]), [end, end]);
  assertEquals(await process.wait(), end);
  assertThrows(() => Deno.statSync(`/proc/${process.pid}`));
});

Deno.test("wait() tells whether memory ran out", async () => {
  const killed = await processOf("kill -KILL $$", OOM).wait();
  assertEquals([killed.oom, killed.oomReport], [true, OOM]);
  assertEquals((await processOf("kill -KILL $$").wait()).oom, false);
});

Deno.test("wait() takes no thread: more may wait than Deno has threads", async () => {
  const processes = Array.from(
    { length: 40 },
    () => processOf("exec sleep 100"),
  );
  const ends = processes.map((process) => process.wait());
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(await Deno.readTextFile("/proc/self/comm") !== "", true);
  for (const process of processes) process.signal("SIGKILL");
  const killed = { code: 0, signal: 9, oom: false };
  assertEquals(await Promise.all(ends), processes.map(() => killed));
});

Deno.test("wait() waits for relayed output", async () => {
  let out = false;
  const process = new Process({
    ...startShell("exit 0"),
    relayed: new Promise((resolve) =>
      setTimeout(() => {
        out = true;
        resolve();
      }, 10)
    ),
    oomReport: () => Promise.resolve(undefined),
  });
  await process.wait();
  assertEquals(out, true);
});

Deno.test("signal() reaches the process until it is collected, and nobody after", async () => {
  const process = processOf("exec sleep 100");
  assertEquals(process.signal(0), true);
  assertEquals(process.signal("SIGTERM"), true);
  const waiting = process.wait();
  assertEquals(process.signal("TERM"), true); // not collected yet
  assertEquals((await waiting).signal, 15);
  assertEquals(process.signal("TERM"), false);
  assertEquals(process.signal(9), false);
});

Deno.test("signal() refuses what is no signal, also of a process that has ended", async () => {
  const process = processOf("exit 0");
  assertThrows(() => process.signal("NOPE"), RuntimeError, "unknown signal");
  await process.wait();
  assertThrows(() => process.signal("NOPE"), RuntimeError, "unknown signal");
});

Deno.test("wait() does not make up an end that somebody else has collected", async () => {
  const child = startShell("exit 3");
  const process = new Process({
    ...child,
    relayed: Promise.resolve(),
    oomReport: () => Promise.resolve(undefined),
  });
  await waitForExit(child.pidfd);
  assertEquals(reap(child.pidfd), { code: 3, signal: 0 });
  await assertRejects(() => process.wait(), RuntimeError, "cannot tell how");
});

Deno.test("childrenOf() lists children, and none of a process that there is not", async () => {
  await withChild("sleep 100 & sleep 100 & wait", async ({ pid }) => {
    let children: number[] = [];
    while (children.length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      children = childrenOf(pid);
    }
    for (const child of children) Deno.kill(child, "SIGKILL");
  });
  assertEquals(childrenOf(0x3f_ffff), []);
});
