import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { RLIMITS } from "./abi/resource.ts";
import { SIGNALS } from "./abi/signal.ts";
import { SyscallError } from "./syscall_error.ts";
import type { Fd } from "./fd.ts";
import { readAll } from "./fs.ts";
import { makePipe } from "./pipe.ts";
import {
  collect,
  killAndReap,
  openPidfd,
  reap,
  setAffinity,
  setLimit,
  setSignalMask,
  signalPid,
  signalPidfd,
  waitForExit,
} from "./process.ts";
import { spawn } from "../init/bootstrap.ts";

/** A child of ours that runs a shell script. Deno.Command would collect its own. */
function shell(script: string): { pid: number; pidfd: Fd } {
  return spawn({
    execute: {
      path: "/bin/sh",
      argv: ["sh", "-c", script],
      env: ["PATH=/usr/bin:/bin"],
      signalMask: 0n,
    },
    namespaces: 0,
    fds: [undefined, undefined, undefined],
  });
}

Deno.test("reap() tells the code or the signal of a child that has ended, once", async () => {
  const ends: [script: string, code: number, signal: number][] = [
    ["exit 0", 0, 0],
    ["exit 255", 255, 0],
    ["kill -KILL $$", 0, 9],
    ["kill -TERM $$", 0, 15],
  ];
  for (const [script, code, signal] of ends) {
    using pidfd = shell(script).pidfd;
    assertEquals(await waitForExit(pidfd), true);
    assertEquals(reap(pidfd), { code, signal });
    assertEquals(reap(pidfd), undefined);
    // Who was collected is gone, and still counts as ended.
    assertEquals(await waitForExit(pidfd), true);
    assertEquals(signalPidfd(pidfd, SIGNALS.SIGKILL), false);
  }
});

Deno.test("setAffinity() undoes a smaller affinity", async () => {
  const allowed = (pid: number | "self"): string =>
    /^Cpus_allowed_list:\s*(.*)$/m.exec(
      Deno.readTextFileSync(`/proc/${pid}/status`),
    )![1]!;
  const first = Number(/^\d+/.exec(allowed("self"))![0]);
  const mask = (1n << BigInt(first)).toString(16);
  const { pid, pidfd } = shell(`exec busybox taskset ${mask} sleep 100`);
  try {
    while (allowed(pid) !== `${first}`) await new Promise((r) => setTimeout(r));
    setAffinity(pid);
    assertEquals(allowed(pid), allowed("self"));
  } finally {
    await killAndReap(pidfd);
    pidfd.close();
  }
  assertThrows(() => setAffinity(pid), SyscallError, "ESRCH");
});

Deno.test("reap() gives nothing for a child that runs, or that is not ours", async () => {
  using pidfd = shell("exec sleep 100").pidfd;
  assertEquals(reap(pidfd), undefined);
  await killAndReap(pidfd);
  using parent = openPidfd(Deno.ppid);
  assertEquals(reap(parent), undefined);
});

Deno.test("waitForExit() gives up in time, and goes on waiting when asked again", async () => {
  const { pidfd } = shell("read x; exit 3");
  using fd = pidfd;
  const slow = shell("exec sleep 100");
  using other = slow.pidfd;
  assertEquals(await waitForExit(other, 5), false);
  assertEquals(signalPid(slow.pid, SIGNALS.SIGTERM), true);
  assertEquals(await waitForExit(other), true);
  assertEquals(reap(other), { code: 0, signal: 15 });
  await killAndReap(fd);
});

Deno.test("several may wait for one child", async () => {
  using pidfd = shell("exec sleep 100").pidfd;
  const waits = [waitForExit(pidfd), waitForExit(pidfd), waitForExit(pidfd)];
  signalPidfd(pidfd, SIGNALS.SIGKILL);
  assertEquals(await Promise.all(waits), [true, true, true]);
  reap(pidfd);
});

Deno.test("a signal to a zombie arrives nowhere, but is no error", async () => {
  const { pid, pidfd } = shell("exit 1");
  using fd = pidfd;
  await waitForExit(fd);
  assertEquals([signalPidfd(fd, 0), signalPid(pid, 0)], [true, true]);
  reap(fd);
  assertEquals([signalPidfd(fd, 0), signalPid(pid, 0)], [false, false]);
});

Deno.test("signals that there are not are refused", async () => {
  using pidfd = shell("exec sleep 100").pidfd;
  for (const signal of [-1, 65, 1000]) {
    const error = assertThrows(
      () => signalPidfd(pidfd, signal),
      SyscallError,
    );
    assertEquals(error.errnoName, "EINVAL");
  }
  await killAndReap(pidfd);
});

Deno.test("openPidfd() throws ESRCH when there is no such process", () => {
  for (const pid of [0x3f_ffff, Deno.pid + 3_000_000]) {
    const error = assertThrows(() => openPidfd(pid), SyscallError, `${pid}`);
    assertEquals(error.errnoName, "ESRCH");
  }
  assertEquals(
    assertThrows(() => openPidfd(0), SyscallError).errnoName,
    "EINVAL",
  );
});

Deno.test("collect() waits for a child by its id", () => {
  const { pid, pidfd } = shell("exit 4");
  using fd = pidfd;
  collect(pid);
  assertEquals(reap(fd), undefined);
  assertThrows(() => Deno.statSync(`/proc/${pid}`), Deno.errors.NotFound);
});

Deno.test("setLimit() sets limits of another process, unlimited ones too", async () => {
  const { pid, pidfd } = shell("exec sleep 100");
  using fd = pidfd;
  const line = (name: string): string =>
    Deno.readTextFileSync(`/proc/${pid}/limits`).split("\n").find((text) =>
      text.startsWith(name)
    )!.replace(/ +/g, " ");
  setLimit(pid, RLIMITS.RLIMIT_CPU, 7, 0xffff_ffff_ffff_ffffn);
  assertEquals(line("Max cpu time"), "Max cpu time 7 unlimited seconds ");
  setLimit(pid, RLIMITS.RLIMIT_CPU, 0x1_0000_0000, 0x1_0000_0001);
  assertEquals(
    line("Max cpu time"),
    "Max cpu time 4294967296 4294967297 seconds ",
  );
  const error = assertThrows(
    () => setLimit(pid, RLIMITS.RLIMIT_CPU, 2, 1),
    SyscallError,
    `of process ${pid}`,
  );
  assertEquals(error.errnoName, "EINVAL");
  await killAndReap(fd);
});

Deno.test("setSignalMask() gives the mask back that was", () => {
  const usr1 = 1n << BigInt(SIGNALS.SIGUSR1 - 1);
  const before = setSignalMask(usr1);
  try {
    const status = Deno.readTextFileSync("/proc/thread-self/status");
    assertEquals(BigInt(`0x${/^SigBlk:\s*(\w+)$/m.exec(status)![1]}`), usr1);
  } finally {
    assertEquals(setSignalMask(before), usr1);
  }
  assertEquals(setSignalMask(before), before);
});

/** What a program of the host writes. */
async function outputOf(argv: string[], signalMask: bigint): Promise<string> {
  const [reader, writer] = makePipe();
  using end = reader;
  const child = spawn({
    execute: { path: argv[0]!, argv, env: ["PATH=/usr/bin:/bin"], signalMask },
    namespaces: 0,
    fds: [undefined, writer, undefined],
  });
  writer.close();
  using pidfd = child.pidfd;
  const text = new TextDecoder().decode(readAll(end));
  await waitForExit(pidfd);
  assertEquals(reap(pidfd), { code: 0, signal: 0 });
  return text;
}

Deno.test("a child starts with the signal mask asked for, and SIGPIPE as usual", async () => {
  const status = await outputOf(["/bin/cat", "/proc/self/status"], 0x200n);
  const field = (name: string): bigint =>
    BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)$`, "m").exec(status)![1]}`);
  assertEquals(field("SigBlk"), 0x200n);
  assertEquals(field("SigIgn") >> BigInt(SIGNALS.SIGPIPE - 1) & 1n, 0n);
});

Deno.test("a child has no descriptors but those it was given", async () => {
  const listed = await outputOf(["/bin/sh", "-c", "ls /proc/$$/fd"], 0n);
  assertEquals(listed.trim().split("\n"), ["0", "1", "2"]);
});
