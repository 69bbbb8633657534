import {
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertRejects,
} from "../lib/deps/assert.ts";
import { O_RDONLY } from "./abi/fcntl.ts";
import { RuntimeError } from "./errors.ts";
import { memoryFile } from "./memfd.ts";
import { openHostDirectory } from "./fs.ts";
import { makePipe } from "./pipe.ts";
import { waitReadable, waitWritable } from "./poll.ts";
import { packetPair } from "./socket.ts";
import { check } from "./syscall.ts";

/** A wait begins on this thread, or goes to the other one at once. */
const WAYS = [
  { name: "briefly", patient: false },
  { name: "patiently", patient: true },
];
/** When its promise is settled, nothing is left. */
const CLEAN = { sanitizeOps: true };

function send(writer: { number: number }): void {
  check("write", "to a pipe", writer.number, new Uint8Array([1]), 1);
}

function openCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/** Gives brief waits the time to go to the other thread. */
function toBeParked(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
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

for (const { name, patient } of WAYS) {
  Deno.test(`several may wait ${name} for one descriptor`, CLEAN, async () => {
    const [reader, writer] = makePipe();
    using _reader = reader;
    using _writer = writer;
    const waits = [1, 2, 3].map(() => waitReadable([reader], -1, { patient }));
    assertEquals(await waitReadable([reader], 5, { patient }), [false]);
    send(writer);
    assertEquals(await Promise.all(waits), [[true], [true], [true]]);
  });

  Deno.test(
    `a wait that goes on ${name} ends when its descriptor is closed`,
    CLEAN,
    async () => {
      const before = openCount();
      const [reader, writer] = makePipe();
      const [other, otherWriter] = makePipe();
      const soon = waitReadable([reader, other], -1, { patient });
      reader.close();
      assertEquals(await soon, [true, false]);

      const late = waitReadable([other], -1, { patient });
      await toBeParked();
      other.close();
      assertEquals(await late, [true]);
      writer.close();
      otherWriter.close();
      assertEquals(openCount(), before);
    },
  );

  Deno.test(
    `who waits ${name} for a number that is used again hears of the new one only`,
    CLEAN,
    async () => {
      const [reader, writer] = makePipe();
      using copy = reader.duplicate(100); // so the kernel does not forget the pipe when the reader is closed
      const { number } = reader;
      const old = waitReadable([reader], -1, { patient });
      await toBeParked();
      reader.close();
      const [next, nextWriter] = makePipe();
      assertEquals(next.number, number);
      const anew = waitReadable([next], 30, { patient });
      send(writer);
      assertEquals(await old, [true]);
      assertEquals(await anew, [false]);
      const both = await waitReadable([next, copy], -1, { patient });
      assertEquals(both, [false, true]);
      for (const fd of [writer, next, nextWriter]) fd.close();
    },
  );

  Deno.test(
    `regular files and directories are ready for who waits ${name}`,
    CLEAN,
    async () => {
      using file = memoryFile("empty", new Uint8Array(0));
      using directory = openHostDirectory("/", O_RDONLY);
      const [reader, writer] = makePipe();
      using _reader = reader;
      using _writer = writer;
      const all = [reader, file, directory];
      assertEquals(await waitReadable(all, -1, { patient }), [
        false,
        true,
        true,
      ]);
    },
  );

  Deno.test(
    `one may wait ${name} to read and another to write`,
    CLEAN,
    async () => {
      const [ours, theirs] = packetPair();
      using _ours = ours;
      using _theirs = theirs;
      const reading = waitReadable([ours], -1, { patient });
      await toBeParked();
      assertEquals(await waitWritable([ours], -1, { patient }), [true]);
      send(theirs);
      assertEquals(await reading, [true]);
    },
  );

  Deno.test(
    `deadlines of those who wait ${name} come in their order`,
    CLEAN,
    async () => {
      const [reader, writer] = makePipe();
      using _reader = reader;
      using _writer = writer;
      const order: number[] = [];
      const wait = async (ms: number): Promise<void> => {
        const deadline = performance.now() + ms;
        const ready = await waitReadable([reader], ms, { patient });
        if (ready[0] === false) order.push(deadline);
      };
      const forEver = waitReadable([reader], -1, { patient });
      const waits = [60, 15, 40].map(wait);
      await toBeParked();
      await Promise.all([...waits, wait(1)]);
      assertEquals(order.length, 4);
      assertEquals(order, order.toSorted((a, b) => a - b));
      send(writer);
      assertEquals(await forEver, [true]);
    },
  );
}

Deno.test(
  "waitWritable() waits for room, and ends when nobody will read",
  CLEAN,
  async () => {
    const [reader, writer] = makePipe();
    using _writer = writer;
    check("write", "", writer.number, new Uint8Array(65536), 65536);
    assertEquals(await waitWritable([writer], 5), [false]);
    check("read", "", reader.number, new Uint8Array(65536), 65536);
    assertEquals(await waitWritable([writer]), [true]);
    check("write", "", writer.number, new Uint8Array(65536), 65536);
    const waiting = waitWritable([writer]);
    await toBeParked();
    reader.close();
    assertEquals(await waiting, [true]);
  },
);

Deno.test("waitReadable() refuses a descriptor that is closed already", async () => {
  const [reader, writer] = makePipe();
  using _writer = writer;
  reader.close();
  for (const timeout of [-1, 0, 10]) {
    await assertRejects(() => waitReadable([reader], timeout), RuntimeError);
  }
});

Deno.test(
  "leak() ends the waits: the number is somebody else's",
  CLEAN,
  async () => {
    const [reader, writer] = makePipe();
    using _writer = writer;
    const waiting = waitReadable([reader]);
    await toBeParked();
    check("close", "", reader.leak());
    assertEquals(await waiting, [true]);
  },
);
