import { makePipe } from "../../ffi/pipe.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { assertEquals, assertThrows } from "../deps/assert.ts";
import { sendConsole } from "./console_socket.ts";
import { dialUnix } from "./dial.ts";

/** Calls with a listening socket's path. */
async function withListener(
  body: (listener: Deno.UnixListener, path: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const path = `${dir}/socket`;
    using listener = Deno.listen({ transport: "unix", path });
    await body(listener, path);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("sendConsole() sends the master with its name, and leaves ours open", async () => {
  await withListener(async (listener, path) => {
    const [one, other] = makePipe();
    using mine = one;
    using _writer = other;
    using socket = dialUnix(path);
    using connection = await listener.accept();
    sendConsole(mine, socket);
    const buffer = new Uint8Array(64);
    const size = await connection.read(buffer);
    assertEquals(
      new TextDecoder().decode(buffer.subarray(0, size ?? 0)),
      "/dev/ptmx",
    );
    assertEquals(mine.isClosed, false);
  });
});

Deno.test("sendConsole() fails if the other end is gone", async () => {
  await withListener(async (listener, path) => {
    const [one, other] = makePipe();
    using mine = one;
    using _writer = other;
    using socket = dialUnix(path);
    (await listener.accept()).close();
    assertThrows(() => sendConsole(mine, socket), SyscallError, "EPIPE");
  });
});
