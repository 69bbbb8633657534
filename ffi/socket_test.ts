import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "../lib/deps/assert.ts";
import { F_GETFD, FD_CLOEXEC } from "./abi/fcntl.ts";
import { SyscallError } from "./syscall_error.ts";
import { memoryFile, readMemoryFile } from "./memfd.ts";
import {
  connectUnix,
  packetPair,
  receiveMessage,
  rightsMessage,
  sendMessage,
  shutdownWrite,
} from "./socket.ts";
import { syscall } from "./syscall.ts";

function openCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test("messages keep their bounds, and are cut to the size expected", async () => {
  const [one, other] = packetPair();
  using left = one;
  using right = other;
  sendMessage(left, new Uint8Array([1, 2, 3]));
  sendMessage(left, new Uint8Array([4]));
  sendMessage(left, new Uint8Array([5, 6, 7, 8]));
  const sizes: number[][] = [];
  for (let i = 0; i < 3; i++) {
    sizes.push([...(await receiveMessage(right, 3))!.bytes]);
  }
  assertEquals(sizes, [[1, 2, 3], [4], [5, 6, 7]]);
});

Deno.test("descriptors arrive as new ones, close-on-exec, in order", async () => {
  const [one, other] = packetPair();
  using left = one;
  using right = other;
  using first = memoryFile("first", new Uint8Array([1]));
  using second = memoryFile("second", new Uint8Array([2]));
  sendMessage(left, new Uint8Array([0]), [first, second, first]);
  const message = await receiveMessage(right, 1);
  assertEquals(message!.fds.map((fd) => readMemoryFile(fd)[0]), [1, 2, 1]);
  for (const fd of message!.fds) {
    assertEquals(syscall("fcntl", fd.number, F_GETFD, 0), FD_CLOEXEC);
    assertNotEquals(fd.number, first.number);
    fd.close();
  }
  // The sender's stay open.
  assertEquals(readMemoryFile(first)[0], 1);
});

Deno.test("the kernel closes descriptors for which there is no room", async () => {
  const before = openCount();
  {
    const [one, other] = packetPair();
    using left = one;
    using right = other;
    using file = memoryFile("file", new Uint8Array(0));
    sendMessage(left, new Uint8Array([0]), Array(9).fill(file));
    const message = await receiveMessage(right, 1);
    assertEquals(message!.fds.length, 8); // room for four comes in units of 8 bytes
    for (const fd of message!.fds) fd.close();
    // Those on the way are closed with the sockets.
    sendMessage(left, new Uint8Array([0]), [file]);
  }
  assertEquals(openCount(), before);
});

Deno.test("receiveMessage() gives undefined when the other side is gone, after its last message", async () => {
  const [one, other] = packetPair();
  using right = other;
  sendMessage(one, new Uint8Array([1]));
  one.close();
  assertEquals((await receiveMessage(right, 1))!.bytes[0], 1);
  assertEquals(await receiveMessage(right, 1), undefined);
});

Deno.test("receiveMessage() gives undefined when the other side closed with our message unread", async () => {
  const [one, other] = packetPair();
  using right = other;
  sendMessage(right, new Uint8Array([1]));
  one.close();
  assertEquals(await receiveMessage(right, 1), undefined);
});

Deno.test("receiveMessage() waits while the program goes on", async () => {
  const [one, other] = packetPair();
  using left = one;
  using right = other;
  let ticks = 0;
  const timer = setInterval(() => {
    if (++ticks === 3) sendMessage(left, new Uint8Array([9]));
  }, 1);
  assertEquals((await receiveMessage(right, 1))!.bytes[0], 9);
  clearInterval(timer);
  assertEquals(ticks >= 3, true);
});

Deno.test("shutdownWrite() ends what the other side reads", async () => {
  const [one, other] = packetPair();
  using left = one;
  using right = other;
  shutdownWrite(left);
  assertEquals(await receiveMessage(right, 1), undefined);
  sendMessage(right, new Uint8Array([3]));
  assertEquals((await receiveMessage(left, 1))!.bytes[0], 3);
});

Deno.test("sendMessage() throws EPIPE, and no signal comes", () => {
  const [one, other] = packetPair();
  using left = one;
  other.close();
  const error = assertThrows(
    () => sendMessage(left, new Uint8Array([1])),
    SyscallError,
  );
  assertEquals([error.syscall, error.errnoName], ["sendmsg", "EPIPE"]);
});

Deno.test("sendMessage() refuses a closed descriptor before it sends", async () => {
  const [one, other] = packetPair();
  using left = one;
  using right = other;
  const file = memoryFile("closed", new Uint8Array(0));
  file.close();
  assertThrows(
    () => sendMessage(left, new Uint8Array([1]), [file]),
    Error,
    "closed",
  );
  shutdownWrite(left);
  assertEquals(await receiveMessage(right, 1), undefined);
});

Deno.test("connectUnix() connects to a listener", async () => {
  const dir = await Deno.makeTempDir();
  try {
    using listener = Deno.listen({ transport: "unix", path: `${dir}/s` });
    using socket = connectUnix(`${dir}/s`);
    using file = memoryFile("file", new Uint8Array([5]));
    sendMessage(socket, new TextEncoder().encode("name"), [file]);
    using connection = await listener.accept();
    const buffer = new Uint8Array(16);
    const size = await connection.read(buffer);
    assertEquals(new TextDecoder().decode(buffer.subarray(0, size!)), "name");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("connectUnix() throws what the kernel says, and leaves nothing open", async () => {
  const dir = await Deno.makeTempDir();
  try {
    Deno.writeTextFileSync(`${dir}/file`, "");
    const before = openCount();
    const cases: [path: string, errno: string][] = [
      [`${dir}/none`, "ENOENT"],
      [`${dir}/file`, "ECONNREFUSED"],
      [`${dir}/${"x".repeat(120)}`, "ENAMETOOLONG"],
    ];
    for (const [path, errno] of cases) {
      const error = assertThrows(() => connectUnix(path), SyscallError);
      assertEquals(error.errnoName, errno);
      assert(error.message.includes(path));
    }
    assertEquals(openCount(), before);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("rightsMessage() is padded to 8 bytes, and says its length without", () => {
  const message = rightsMessage([3, 4, 5]);
  assertEquals(message.length, 32);
  const view = new DataView(message.buffer);
  assertEquals(view.getBigUint64(0, true), 28n);
  assertEquals([16, 20, 24, 28].map((at) => view.getInt32(at, true)), [
    3,
    4,
    5,
    0,
  ]);
});
