import {
  assertEquals,
  assertGreaterOrEqual,
  assertRejects,
} from "../lib/deps/assert.ts";
import { F_GETFL, O_NONBLOCK } from "./abi/fcntl.ts";
import type { Fd } from "./fd.ts";
import { makePipe } from "./pipe.ts";
import { readableStream, writableStream } from "./pipe_stream.ts";
import { pause } from "./poll.ts";
import { check } from "./syscall.ts";

const CLEAN = { sanitizeOps: true };
const PIPE_SIZE = 65536;

function put(fd: Fd, text: string): void {
  const bytes = new TextEncoder().encode(text);
  check("write", "to a pipe", fd.number, bytes, bytes.length);
}

function take(fd: Fd, size: number): string {
  const bytes = new Uint8Array(size);
  const count = check("read", "from a pipe", fd.number, bytes, size);
  return new TextDecoder().decode(bytes.subarray(0, count));
}

function isNonblocking(fd: Fd): boolean {
  return (check("fcntl", "", fd.number, F_GETFL, 0) & O_NONBLOCK) !== 0;
}

Deno.test(
  "readableStream() gives what comes, then the end, and closes",
  CLEAN,
  async () => {
    const [reader, writer] = makePipe();
    const stream = readableStream(reader).getReader();
    put(writer, "one");
    assertEquals((await stream.read()).value, new Uint8Array([111, 110, 101]));
    const next = stream.read();
    await pause(5);
    put(writer, "two");
    assertEquals((await next).value, new Uint8Array([116, 119, 111]));
    writer.close();
    assertEquals((await stream.read()).done, true);
    assertEquals(reader.isClosed, true);
  },
);

Deno.test(
  "readableStream() reads into a caller's buffer, and ends with one",
  CLEAN,
  async () => {
    const [reader, writer] = makePipe();
    const stream = readableStream(reader).getReader({ mode: "byob" });
    put(writer, "12345");
    const first = await stream.read(new Uint8Array(3));
    assertEquals(first.value, new Uint8Array([49, 50, 51]));
    const second = await stream.read(new Uint8Array(3));
    assertEquals(second.value, new Uint8Array([52, 53]));
    const last = stream.read(new Uint8Array(3));
    writer.close();
    assertEquals((await last).done, true);
    assertEquals(reader.isClosed, true);
  },
);

Deno.test("cancel() ends a read that waits, and closes", CLEAN, async () => {
  const [reader, writer] = makePipe();
  using _writer = writer;
  const stream = readableStream(reader).getReader();
  const waiting = stream.read();
  await pause(5);
  await stream.cancel();
  assertEquals((await waiting).done, true);
  assertEquals(reader.isClosed, true);
});

Deno.test("a stream does not make the other end nonblocking", async () => {
  const [reader, writer] = makePipe();
  using _writer = writer;
  const stream = readableStream(reader);
  assertEquals([isNonblocking(reader), isNonblocking(writer)], [true, false]);
  await stream.cancel();
});

Deno.test(
  "who writes without end does not keep timers waiting",
  CLEAN,
  async () => {
    const [reader, writer] = makePipe();
    using _writer = writer;
    const stream = readableStream(reader).getReader();
    put(writer, "x".repeat(PIPE_SIZE));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const start = performance.now();
    while (ticks < 5 && performance.now() - start < 5000) {
      const { value } = await stream.read();
      put(writer, "x".repeat(value!.length)); // so there is always something
    }
    clearInterval(timer);
    assertGreaterOrEqual(ticks, 5);
    await stream.cancel();
  },
);

Deno.test(
  "writableStream() writes more than a pipe holds, and closes",
  CLEAN,
  async () => {
    const [reader, writer] = makePipe();
    using _reader = reader;
    const stream = writableStream(writer).getWriter();
    const text = "0123456789".repeat(20_000);
    const writing = stream.write(new TextEncoder().encode(text));
    let taken = "";
    while (taken.length < text.length) {
      await pause(1);
      taken += take(reader, 100_000);
    }
    assertEquals(taken === text, true);
    await writing;
    await stream.close();
    assertEquals(writer.isClosed, true);
    assertEquals(take(reader, 10), "");
  },
);

Deno.test(
  "writableStream() fails when nobody will read, and closes",
  CLEAN,
  async () => {
    const [reader, writer] = makePipe();
    const stream = writableStream(writer).getWriter();
    stream.closed.catch(() => {});
    reader.close();
    await assertRejects(
      () => stream.write(new Uint8Array(1)),
      Deno.errors.BrokenPipe,
      "write to pipe (write): broken pipe (EPIPE)",
    );
    assertEquals(writer.isClosed, true);
  },
);

Deno.test(
  "a write that waits fails when its reader goes, or it is aborted",
  CLEAN,
  async () => {
    for (const end of ["reader", "abort"]) {
      const [reader, writer] = makePipe();
      const stream = writableStream(writer).getWriter();
      stream.closed.catch(() => {});
      const writing = stream.write(new Uint8Array(2 * PIPE_SIZE));
      const failing = assertRejects(() => writing);
      await pause(5);
      if (end === "abort") await stream.abort();
      else reader.close();
      await failing;
      assertEquals(writer.isClosed, true);
      reader.close();
    }
  },
);
