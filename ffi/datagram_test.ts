import { assert, assertEquals, assertThrows } from "../lib/deps/assert.ts";
import {
  bindDatagram,
  connectDatagram,
  dropDatagram,
  peekDatagram,
  sendDatagram,
} from "./datagram.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM } from "./abi/socket.ts";
import { Fd } from "./fd.ts";
import { memoryFile } from "./memfd.ts";
import { makePipe } from "./pipe.ts";
import { waitReadable } from "./poll.ts";
import { listenUnix, unixAddress } from "./socket.ts";
import { check } from "./syscall.ts";
import { SyscallError } from "./syscall_error.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function said(socket: Fd, size = 64): string | undefined {
  const found = peekDatagram(socket, size);
  return found && new TextDecoder().decode(found.bytes);
}

async function inFolder(
  body: (dir: string) => Promise<void> | void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("datagrams arrive in order, and stay until they are dropped", async () => {
  await inFolder(async (dir) => {
    using socket = bindDatagram(dir, "s");
    using sender = connectDatagram(`${dir}/s`);
    assertEquals(peekDatagram(socket, 8), undefined);
    for (const text of ["one", "", "two, which is longer"]) {
      assert(sendDatagram(sender, encode(text)));
    }
    const seen: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      assertEquals(said(socket, 8), said(socket, 8));
      const found = peekDatagram(socket, 8)!;
      seen.push([said(socket, 8), found.isCut, found.hasDescriptors]);
      await dropDatagram(socket, found);
    }
    assertEquals(seen, [["one", false, false], ["", false, false], [
      "two, whi",
      true,
      false,
    ]]);
    assertEquals(peekDatagram(socket, 8), undefined);
  });
});

Deno.test("descriptors that come with a datagram never become ours, and end with it", async () => {
  await inFolder(async (dir) => {
    using socket = bindDatagram(dir, "s");
    using sender = connectDatagram(`${dir}/s`);
    const [read, write] = makePipe();
    using reader = read;
    sendDatagram(sender, encode("x"), [write, write]);
    write.close();
    const before = [...Deno.readDirSync("/proc/self/fd")].length;
    const found = peekDatagram(socket, 8)!;
    assertEquals(found.hasDescriptors, true);
    assertEquals([...Deno.readDirSync("/proc/self/fd")].length, before);
    assertEquals(await waitReadable([reader], 0), [false]);
    await dropDatagram(socket, found);
    // Nobody has its other side any more.
    assertEquals(await waitReadable([reader], 10_000), [true]);
  });
});

Deno.test("bindDatagram() lets all users send, whatever our umask, and takes paths longer than an address", async () => {
  await inFolder(async (dir) => {
    const deep = `${dir}/${"d".repeat(120)}`;
    await Deno.mkdir(deep);
    const mask = Deno.umask(0o77);
    try {
      using socket = bindDatagram(deep, "s");
      assertEquals(Deno.umask(), 0o77);
      assertEquals(Deno.statSync(`${deep}/s`).mode! & 0o777, 0o777);
      await Deno.symlink(deep, `${dir}/short`);
      using sender = connectDatagram(`${dir}/short/s`);
      sendDatagram(sender, encode("here"));
      assertEquals(said(socket), "here");
    } finally {
      Deno.umask(mask);
    }
  });
});

Deno.test("bindDatagram() throws EADDRINUSE for a file or a link that is there", async () => {
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "kept");
    await Deno.symlink("nowhere", `${dir}/link`);
    for (const name of ["file", "link"]) {
      const error = assertThrows(() => bindDatagram(dir, name), SyscallError);
      assertEquals(error.errnoName, "EADDRINUSE");
    }
    assertEquals(Deno.readTextFileSync(`${dir}/file`), "kept");
    const error = assertThrows(
      () => bindDatagram(`${dir}/none`, "s"),
      SyscallError,
    );
    assertEquals(error.errnoName, "ENOENT");
  });
});

Deno.test("connectDatagram() takes names of the abstract namespace", () => {
  const name = `@nsinit-test-${crypto.randomUUID()}`;
  const type = SOCK_DGRAM | SOCK_CLOEXEC;
  using socket = new Fd(check("socket", name, AF_UNIX, type, 0), name);
  const address = unixAddress("bind", name);
  address[2] = 0;
  check("bind", name, socket.number, address, address.length - 1);
  using sender = connectDatagram(name);
  sendDatagram(sender, encode("to a name"));
  assertEquals(said(socket), "to a name");
});

Deno.test("connectDatagram() throws what the kernel says, and leaves nothing open", async () => {
  await inFolder((dir) => {
    bindDatagram(dir, "left").close();
    using _stream = listenUnix(`${dir}/stream`, { mode: 0o600 });
    const before = [...Deno.readDirSync("/proc/self/fd")].length;
    const cases: [name: string, errno: string][] = [
      [`${dir}/none`, "ENOENT"],
      [`${dir}/left`, "ECONNREFUSED"],
      [`${dir}/stream`, "EPROTOTYPE"],
      [`@${crypto.randomUUID()}`, "ECONNREFUSED"],
      [`/${"x".repeat(120)}`, "ENAMETOOLONG"],
    ];
    for (const [name, errno] of cases) {
      const error = assertThrows(() => connectDatagram(name), SyscallError);
      assertEquals(error.errnoName, errno, name);
    }
    assertEquals([...Deno.readDirSync("/proc/self/fd")].length, before);
  });
});

Deno.test("sendDatagram() tells a full queue, and throws when the other side is gone", async () => {
  await inFolder(async (dir) => {
    const socket = bindDatagram(dir, "s");
    using sender = connectDatagram(`${dir}/s`);
    using file = memoryFile("file", new Uint8Array(1));
    let sent = 0;
    while (sendDatagram(sender, encode("x"), [file]) && sent < 100_000) sent++;
    assert(sent > 0 && sent < 100_000);
    await dropDatagram(socket, peekDatagram(socket, 1)!);
    assert(sendDatagram(sender, encode("x")));
    socket.close();
    const error = assertThrows(
      () => sendDatagram(sender, encode("x")),
      SyscallError,
    );
    assertEquals(error.errnoName, "ECONNREFUSED");
  });
});
