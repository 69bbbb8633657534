import {
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
} from "../lib/deps/assert.ts";
import { makePipe } from "./pipe.ts";
import { waitReadable } from "./poll.ts";
import { check } from "./syscall.ts";

function send(writer: { number: number }): void {
  check("write", "to a pipe", writer.number, new Uint8Array([1]), 1);
}

Deno.test("waitReadable() tells which descriptor is ready", async () => {
  const [first, writer] = makePipe();
  const [second, other] = makePipe();
  using _r1 = first;
  using _w1 = writer;
  using _r2 = second;
  using _w2 = other;
  send(other);
  assertEquals(await waitReadable([first, second], 0), [false, true]);
  send(writer);
  assertEquals(await waitReadable([first, second]), [true, true]);
});

Deno.test("waitReadable() is ready when the other side is gone", async () => {
  const [reader, writer] = makePipe();
  using _reader = reader;
  writer.close();
  assertEquals(await waitReadable([reader]), [true]);
});

for (const timeout of [0, 0.5, 1, 20]) {
  Deno.test(`waitReadable() gives up after ${timeout} ms`, async () => {
    const [reader, writer] = makePipe();
    using _reader = reader;
    using _writer = writer;
    const start = performance.now();
    assertEquals(await waitReadable([reader], timeout), [false]);
    const took = performance.now() - start;
    assertGreaterOrEqual(took, timeout);
    assertLess(took, timeout + 500);
  });
}

Deno.test("waitReadable() waits on another thread: the program goes on", async () => {
  const [reader, writer] = makePipe();
  using _reader = reader;
  using _writer = writer;
  let ticks = 0;
  const timer = setInterval(() => {
    if (++ticks === 5) send(writer);
  }, 1);
  assertEquals(await waitReadable([reader]), [true]);
  clearInterval(timer);
  assertGreaterOrEqual(ticks, 5);
});

Deno.test("many may wait at once", async () => {
  const pipes = Array.from({ length: 40 }, () => makePipe());
  const waits = pipes.map(([reader]) => waitReadable([reader], 10_000));
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (const [, writer] of pipes) send(writer);
  assertEquals(await Promise.all(waits), pipes.map(() => [true]));
  for (const ends of pipes) for (const end of ends) end.close();
});
