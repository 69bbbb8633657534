import { ERRNO } from "../ffi/abi/errno.ts";
import { RuntimeError } from "../ffi/errors.ts";
import type { Fd } from "../ffi/fd.ts";
import { memoryFile, readMemoryFile } from "../ffi/memfd.ts";
import { packetPair, receiveMessage, sendMessage } from "../ffi/socket.ts";
import { syscall } from "../ffi/syscall.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "../lib/deps/assert.ts";
import { ProgramBuilder } from "./builder.ts";
import { ProgramError } from "./failure.ts";
import { IMAGE_BASE } from "./image.ts";
import { HEADER_SIZE, RECORD_SIZE } from "./layout.ts";
import type { Program } from "./program.ts";
import { decodeMessage, encodeMessage, MESSAGE } from "./protocol.ts";
import { converse, type Handlers } from "./session.ts";

function program(): Program {
  const b = new ProgramBuilder("x86_64");
  b.call("getpid", []);
  b.section("mount proc on /proc", "/mounts/0", () => b.call("sync", []));
  return b.finish();
}

/** Lets a peer say what it has to say, and then answers it, as init's parent. */
async function talk(
  peer: (socket: Fd) => void | Promise<void>,
  handlers: Handlers = {},
): Promise<void> {
  const [ours, theirs] = packetPair();
  using socket = ours;
  using other = theirs;
  await Promise.all([converse(socket, program(), handlers), peer(other)]);
}

function say(socket: Fd, code: number, value = 0, fds: Fd[] = []): void {
  sendMessage(socket, encodeMessage(code, value), fds);
}

function openCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

function isOpen(number: number): boolean {
  return syscall("fcntl", number, 1, 0) >= 0;
}

Deno.test("converse() ends when the container is created", async () => {
  await talk((socket) => say(socket, MESSAGE.CREATED));
});

Deno.test("converse() answers each question with its code, its value, and data", async () => {
  const asked: number[] = [];
  await talk(async (socket) => {
    say(socket, MESSAGE.GO, 5);
    const first = await receiveMessage(socket, 64);
    assertEquals(decodeMessage(first!.bytes), { code: MESSAGE.GO, value: 5 });
    assertEquals(first!.bytes.length, 8);
    say(socket, MESSAGE.READY, -1);
    const second = await receiveMessage(socket, 64);
    assertEquals(decodeMessage(second!.bytes), {
      code: MESSAGE.READY,
      value: -1,
    });
    assertEquals(new TextDecoder().decode(second!.bytes.slice(8)), "HOME=/");
    say(socket, MESSAGE.CREATED);
  }, {
    [MESSAGE.GO]: ({ value }) => void asked.push(value),
    [MESSAGE.READY]: async ({ value }) => {
      await Promise.resolve();
      asked.push(value);
      return { data: new TextEncoder().encode("HOME=/") };
    },
  });
  assertEquals(asked, [5, -1]);
});

Deno.test("converse() does what comes after an answer when that is sent", async () => {
  const [ours, theirs] = packetPair();
  using socket = ours;
  using other = theirs;
  let sent: Promise<unknown> | undefined;
  say(other, MESSAGE.READY);
  say(other, MESSAGE.CREATED);
  await converse(socket, program(), {
    [MESSAGE.READY]: () => ({
      after: () => {
        sent = receiveMessage(other, 8);
      },
    }),
  });
  assertEquals(await sent !== undefined, true);
});

Deno.test("converse() sends no answer where none is expected", async () => {
  const seen: number[] = [];
  await talk(async (socket) => {
    say(socket, MESSAGE.HOOK_STATUS, 256);
    say(socket, MESSAGE.GO);
    const answer = await receiveMessage(socket, 8);
    assertEquals(decodeMessage(answer!.bytes).code, MESSAGE.GO);
    say(socket, MESSAGE.CREATED);
  }, {
    [MESSAGE.HOOK_STATUS]: ({ value }) => void seen.push(value),
    [MESSAGE.GO]: () => {},
  });
  assertEquals(seen, [256]);
});

Deno.test("converse() passes descriptors both ways, and closes its own of them", async () => {
  const before = openCount();
  let [received, sent] = [-1, -1];
  {
    using file = memoryFile("question", new Uint8Array([1, 2]));
    await talk(async (socket) => {
      say(socket, MESSAGE.SOURCE, 0, [file]);
      const answer = await receiveMessage(socket, 8);
      assertEquals(answer!.fds.length, 1);
      using fd = answer!.fds[0]!;
      assertEquals([...readMemoryFile(fd)], [3]);
      say(socket, MESSAGE.CREATED);
    }, {
      [MESSAGE.SOURCE]: ({ fds }) => {
        received = fds[0]!.number;
        assertEquals([...readMemoryFile(fds[0]!)], [1, 2]);
        const reply = memoryFile("answer", new Uint8Array([3]));
        sent = reply.number;
        return { fds: [reply] };
      },
    });
  }
  assertEquals([isOpen(received), isOpen(sent)], [false, false]);
  assertEquals(openCount(), before);
});

Deno.test("converse() throws a step's failure, which names step, field and errno", async () => {
  const address = IMAGE_BASE + HEADER_SIZE + RECORD_SIZE;
  const error = await assertRejects(
    () => talk((socket) => say(socket, address, ERRNO.EPERM)),
    ProgramError,
  );
  assertEquals(
    [error.step, error.operation, error.errnoName, error.pointer],
    [1, "sync", "EPERM", "/mounts/0"],
  );
});

/** What a peer may do wrong, and what is said of it. */
const WRONG: readonly [
  what: string,
  peer: (socket: Fd) => void,
  message: string,
][] = [
  [
    "ends",
    (socket) => socket.close(),
    "container init exited unexpectedly",
  ],
  [
    "asks what nobody answers",
    (socket) => say(socket, MESSAGE.CONSOLE),
    "Cannot answer message 10 of init",
  ],
  [
    "says an unknown code",
    (socket) => say(socket, 1000),
    "Cannot answer message 1000 of init",
  ],
  [
    "reports a step that there is not",
    (socket) => say(socket, IMAGE_BASE + HEADER_SIZE + 2 * RECORD_SIZE, 1),
    "Cannot read init's message",
  ],
  [
    "reports half a step",
    (socket) => say(socket, IMAGE_BASE + HEADER_SIZE + 1, 1),
    "Cannot read init's message",
  ],
  [
    "says too little",
    (socket) => sendMessage(socket, new Uint8Array(3)),
    "Cannot read a message of 3 bytes",
  ],
];

for (const [what, peer, message] of WRONG) {
  Deno.test(`converse() throws when init ${what}`, async () => {
    const before = openCount();
    const error = await assertRejects(() => talk(peer), RuntimeError, message);
    assertEquals(error.kind, "protocol");
    assertEquals(openCount(), before);
  });
}

Deno.test("converse() closes what came with a message that it can't use", async () => {
  const before = openCount();
  {
    using file = memoryFile("unasked", new Uint8Array(0));
    await assertRejects(() =>
      talk((socket) => {
        sendMessage(socket, new Uint8Array(1), [file, file]);
      })
    );
    await assertRejects(() => talk((socket) => say(socket, 99, 0, [file])));
    await talk((socket) => say(socket, MESSAGE.CREATED, 0, [file, file, file]));
  }
  assertEquals(openCount(), before);
});

Deno.test("converse() throws what a handler throws, and closes the question's descriptors", async () => {
  const before = openCount();
  const mine = new Error("mine");
  {
    using file = memoryFile("question", new Uint8Array(0));
    const error = await talk((socket) => say(socket, MESSAGE.GO, 0, [file]), {
      [MESSAGE.GO]: () => Promise.reject(mine),
    }).catch((error: unknown) => error);
    assert(error === mine);
    assertInstanceOf(error, Error);
  }
  assertEquals(openCount(), before);
});

Deno.test("converse() closes an answer's descriptors when init is gone", async () => {
  const before = openCount();
  await assertRejects(
    () =>
      talk((socket) => {
        say(socket, MESSAGE.SOURCE);
        socket.close();
      }, {
        [MESSAGE.SOURCE]: () => ({
          fds: [memoryFile("answer", new Uint8Array(0))],
        }),
      }),
    RuntimeError,
    "EPIPE",
  );
  assertEquals(openCount(), before);
});
