import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { F_GETFD, FD_CLOEXEC } from "./abi/fcntl.ts";
import { SyscallError } from "./syscall_error.ts";
import { readAll, writeAll } from "./fs.ts";
import { makeFifo, makePipe } from "./pipe.ts";
import { syscall } from "./syscall.ts";

Deno.test("makePipe() joins two ends, both close-on-exec", () => {
  const [reader, writer] = makePipe();
  using end = reader;
  for (const fd of [reader, writer]) {
    assertEquals(syscall("fcntl", fd.number, F_GETFD, 0), FD_CLOEXEC);
  }
  writeAll(writer, "through");
  writer.close();
  assertEquals(new TextDecoder().decode(readAll(end)), "through");
});

Deno.test("makeFifo() makes one with a mode, and refuses to replace anything", async () => {
  const dir = await Deno.makeTempDir();
  try {
    makeFifo(`${dir}/fifo`, 0o600);
    const { isFifo, mode } = Deno.statSync(`${dir}/fifo`);
    assertEquals([isFifo, mode! & 0o777], [true, 0o600]);
    const error = assertThrows(
      () => makeFifo(`${dir}/fifo`, 0o600),
      SyscallError,
      `${dir}/fifo`,
    );
    assertEquals(error.errnoName, "EEXIST");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
