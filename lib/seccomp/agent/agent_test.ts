import { SECCOMP_IOCTL_NOTIF_SEND } from "../../../ffi/abi/seccomp.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { memoryFile } from "../../../ffi/memfd.ts";
import { connectUnix, packetPair, sendMessage } from "../../../ffi/socket.ts";
import { SyscallError } from "../../../ffi/syscall_error.ts";
import { checkLayouts } from "../../../scripts/check_abi.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../../deps/assert.ts";
import { RuntimeError } from "../../errors.ts";
import { AUDIT } from "../testdata/profiles.ts";
import { nameCall } from "./call.ts";
import { Listener } from "./listener.ts";
import { seccompAgent } from "./mod.ts";
import { SeccompNotification } from "./notification.ts";
import { openFlags } from "./open_flags.ts";
import { Queue } from "./queue.ts";

const STATE = {
  ociVersion: "1.3.0",
  fds: ["seccompFd"],
  pid: 1,
  state: { ociVersion: "1.3.0", id: "a", status: "creating", bundle: "/b" },
} as const;

/** A directory, an agent in it, and what it refuses. */
async function withAgent(
  body: (path: string, refused: string[]) => Promise<void>,
): Promise<void> {
  const dir = Deno.makeTempDirSync();
  const refused: string[] = [];
  try {
    await using agent = await seccompAgent(`${dir}/agent.sock`, {
      onRefused: ({ message }) => void refused.push(message),
    });
    await body(agent.path, refused);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 300 && !condition(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert(condition(), "it takes too long");
}

Deno.test("the structures of ffi/structs/seccomp_notif.ts are those of <linux/seccomp.h>", () => {
  const headers = ["linux/seccomp.h"];
  assertEquals(
    checkLayouts([
      {
        headers,
        type: "struct seccomp_notif",
        size: 80,
        offsets: {
          id: 0,
          pid: 8,
          flags: 12,
          "data.nr": 16,
          "data.arch": 20,
          "data.instruction_pointer": 24,
          "data.args": 32,
        },
      },
      {
        headers,
        type: "struct seccomp_notif_resp",
        size: 24,
        offsets: { id: 0, val: 8, error: 16, flags: 20 },
      },
      {
        headers,
        type: "struct seccomp_notif_addfd",
        size: 24,
        offsets: { id: 0, flags: 8, srcfd: 12, newfd: 16, newfd_flags: 20 },
      },
    ]),
    [],
  );
  assertEquals(SECCOMP_IOCTL_NOTIF_SEND >> 16 & 0x3fff, 24);
});

Deno.test("nameCall() names calls by the table of their architecture", () => {
  assertEquals(nameCall(AUDIT.x86_64, 83), {
    name: "mkdir",
    arch: "SCMP_ARCH_X86_64",
  });
  assertEquals(nameCall(AUDIT.x86_64, 0x4000_0000 + 83), {
    name: "mkdir",
    arch: "SCMP_ARCH_X32",
  });
  assertEquals(nameCall(AUDIT.i386, 39).name, "mkdir");
  assertEquals(nameCall(AUDIT.aarch64, 34).name, "mkdirat");
  assertEquals(nameCall(AUDIT.arm, 0xf_0005).name, "set_tls");
  assertEquals(nameCall(AUDIT.x86_64, 9999), {
    name: undefined,
    arch: "SCMP_ARCH_X86_64",
  });
  assertEquals(nameCall(0x1234, 1), { name: undefined, arch: undefined });
});

Deno.test("openFlags() opens for reading unless it is for writing", () => {
  assertEquals(openFlags({}), 0);
  assertEquals(openFlags({ write: true }), 1);
  assertEquals(openFlags({ read: true, append: true }), 2 | 0o2000);
  assertEquals(openFlags({ write: true, createNew: true }), 1 | 0o300);
  assertEquals(
    openFlags({ write: true, create: true, truncate: true }),
    1 | 0o1100,
  );
});

Deno.test("Queue.take() gives items in their order, waits for them, and ends", async () => {
  const queue = new Queue<number>();
  queue.put(1);
  queue.put(2);
  assertEquals([await queue.take(), await queue.take()], [1, 2]);
  const waiting = [queue.take(), queue.take()];
  queue.put(3);
  queue.close();
  queue.put(4);
  assertEquals(await Promise.all(waiting), [3, undefined]);
  assertEquals(await queue.take(), undefined);
  const failing = new Queue<number>();
  const first = failing.take();
  failing.fail(new Error("no more"));
  await assertRejects(() => first, Error, "no more");
  await assertRejects(() => failing.take(), Error, "no more");
});

Deno.test("seccompAgent() refuses a path that is taken, and leaves no file behind", async () => {
  await withAgent(async (path) => {
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    await assertRejects(() => seccompAgent(path), SyscallError, "EADDRINUSE");
    const agent = await seccompAgent(`${path}2`, { mode: 0o666 });
    assertEquals(Deno.statSync(agent.path).mode! & 0o777, 0o666);
    const ended = (async () => {
      for await (const _ of agent) throw new Error("there is no call");
    })();
    await agent.close();
    await agent.close();
    await ended;
    await assertRejects(
      () => Deno.stat(agent.path),
      Deno.errors.NotFound,
    );
  });
});

const BAD: readonly [what: string, document: string, reason: string][] = [
  ["no JSON", "{", "it is no JSON"],
  ["nothing", "", "it is no JSON"],
  ["null", "null", "a field is missing"],
  ["no state", JSON.stringify({ ...STATE, state: 1 }), "a field is missing"],
  [
    "names that are none",
    JSON.stringify({ ...STATE, fds: [1] }),
    "a field is missing",
  ],
  [
    "a pid that is none",
    JSON.stringify({ ...STATE, pid: "1" }),
    "a field is missing",
  ],
  [
    "metadata that is no text",
    JSON.stringify({ ...STATE, metadata: 1 }),
    "a field is missing",
  ],
  [
    "another descriptor",
    JSON.stringify({ ...STATE, fds: ["other"] }),
    'there is no descriptor "seccompFd"',
  ],
  [
    "a file in place of a listener",
    JSON.stringify(STATE),
    'the descriptor "seccompFd" is no listener',
  ],
];

for (const [what, document, reason] of BAD) {
  Deno.test(`an agent refuses ${what}, and goes on`, async () => {
    await withAgent(async (path, refused) => {
      using file = memoryFile("file", new Uint8Array(0));
      using socket = connectUnix(path);
      const bytes = new TextEncoder().encode(document);
      if (bytes.length > 0) sendMessage(socket, bytes, [file]);
      socket.close();
      await waitFor(() => refused.length === 1);
      assert(refused[0]!.includes(reason), refused[0]);
      using second = connectUnix(path);
      second.close();
      await waitFor(() => refused.length === 2);
    });
  });
}

Deno.test("an agent refuses descriptors that come too late, and those that never come", async () => {
  await withAgent(async (path, refused) => {
    using file = memoryFile("file", new Uint8Array(0));
    using late = connectUnix(path);
    sendMessage(late, new TextEncoder().encode("{"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    sendMessage(late, new TextEncoder().encode("}"), [file]);
    late.close();
    using never = connectUnix(path);
    sendMessage(never, new TextEncoder().encode(JSON.stringify(STATE)));
    never.close();
    await waitFor(() => refused.length === 2);
    assertEquals(
      refused.map((text) => text.replace(/^.*: /, "")).sort(),
      [
        "descriptors come behind the first message",
        'there is no descriptor "seccompFd"',
      ],
    );
  });
});

Deno.test("an agent can be closed while somebody is connected", async () => {
  const dir = Deno.makeTempDirSync();
  const agent = await seccompAgent(`${dir}/agent.sock`, {
    onRefused: ({ message }) => {
      throw new Error(message);
    },
  });
  using _silent = connectUnix(agent.path);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await agent.close();
  Deno.removeSync(dir, { recursive: true });
});

/** A call whose listener is no listener: nothing can be asked of it. */
function fakeCall(pid = Deno.pid): { call: SeccompNotification; fd: Fd } {
  const [fd, other] = packetPair();
  other.close();
  const listener = new Listener({
    container: { ...STATE, fds: [] },
    listener: fd,
  });
  const call = new SeccompNotification(listener, {
    id: 1n,
    pid,
    nr: 83,
    arch: AUDIT.x86_64,
    instructionPointer: 0n,
    args: [0n, 0n, 0n, 0n, 0n, 0n],
  });
  return { call, fd };
}

Deno.test("a notification refuses answers that are none", () => {
  const { call, fd } = fakeCall();
  using _ = fd;
  const bad = "ENOTHING" as "EPERM";
  assertThrows(() => call.fail(bad), RuntimeError, "there is no error");
  for (const value of [0.5, NaN, 2 ** 60, 1n << 63n, -(1n << 63n) - 1n]) {
    assertThrows(() => call.return(value), RuntimeError, "is no result");
  }
  assertThrows(() => call.addFd("/nonexistent"), SyscallError, "ENOENT");
  // None of these was an answer; this is one, and the kernel says that the descriptor is none of its listeners.
  assertThrows(() => call.continue(), SyscallError);
  assertThrows(() => call.continue(), RuntimeError, "answered before");
  assertThrows(() => call.addFd(0), RuntimeError, "answered before");
});

Deno.test("a notification of an agent that is closed is answered by nobody", async () => {
  const { call, fd } = fakeCall();
  fd.close();
  assertEquals([call.isValid(), call.continue()], [false, false]);
  const other = fakeCall();
  other.fd.close();
  assertEquals(other.call.addFd(0), undefined);
  assertEquals(await other.call.readString(1n), undefined);
  const unseen = fakeCall(0);
  using _ = unseen.fd;
  await assertRejects(
    () => unseen.call.readMemory(0n, 1),
    RuntimeError,
    "PID namespace",
  );
});

Deno.test("Listener.oneAtATime() begins when what was before has ended, however", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const { fd } = fakeCall();
  const listener = new Listener({
    container: { ...STATE, fds: [] },
    listener: fd,
  });
  const done: string[] = [];
  const first = listener.oneAtATime(() => promise);
  const second = listener.oneAtATime(() => {
    done.push("second");
    return Promise.resolve(2);
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(done, []);
  reject(new Error("stopped"));
  await assertRejects(() => first, Error, "stopped");
  assertEquals(await second, 2);
  fd.close();
});
