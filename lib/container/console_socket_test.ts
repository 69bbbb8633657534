import { makePipe } from "../../ffi/pipe.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { assertEquals, assertThrows } from "../deps/assert.ts";
import { RuntimeError } from "../errors.ts";
import { connectConsoleSocket, sendConsole } from "./console_socket.ts";

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
    using socket = connectConsoleSocket(path);
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
    using socket = connectConsoleSocket(path);
    (await listener.accept()).close();
    assertThrows(() => sendConsole(mine, socket), SyscallError, "EPIPE");
  });
});

Deno.test("connectConsoleSocket() says in runc's words that nobody listens", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const plain = `${dir}/plain`;
    await Deno.writeTextFile(plain, "");
    const refused = [
      [`${dir}/none`, "no such file or directory"],
      [plain, "connection refused"],
      [dir, "connection refused"],
      [`${dir}/${"x".repeat(108)}`, "file name too long"],
    ];
    for (const [path = "", reason] of refused) {
      assertThrows(
        () => connectConsoleSocket(path),
        RuntimeError,
        `dial unix ${path}: connect: ${reason}`,
      );
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
