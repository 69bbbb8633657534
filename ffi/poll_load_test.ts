import { assertEquals, assertGreaterOrEqual } from "../lib/deps/assert.ts";
import { makePipe } from "./pipe.ts";
import { pause, waitReadable } from "./poll.ts";
import { SignalPipe } from "./signal_pipe.ts";
import { check, syscallNumber } from "./syscall.ts";

/** When a test's promises are settled, nothing is left. */
const CLEAN = { sanitizeOps: true };
/** Long enough for a wait to have gone to the other thread. */
const TO_BE_PARKED_MS = 20;

function send(writer: { number: number }): void {
  check("write", "to a pipe", writer.number, new Uint8Array([1]), 1);
}

function openCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test(
  "hundreds may wait, and Deno still has threads for files",
  CLEAN,
  async () => {
    const before = openCount();
    const pipes = Array.from({ length: 300 }, () => makePipe());
    const waits = pipes.map(([reader]) => waitReadable([reader]));
    await pause(TO_BE_PARKED_MS);
    const text = await Deno.readTextFile("/proc/self/comm");
    assertGreaterOrEqual(text.length, 1);
    for (const [, writer] of pipes) send(writer);
    assertEquals(await Promise.all(waits), pipes.map(() => [true]));
    for (const ends of pipes) for (const end of ends) end.close();
    assertEquals(openCount(), before);
  },
);

/** Threads of ours that wait in the reactor. */
function waitingThreads(): number[] {
  const call = `${syscallNumber("epoll_pwait")} `;
  return [...Deno.readDirSync("/proc/self/task")].map(({ name }) => name)
    .filter((thread) => {
      try {
        const path = `/proc/self/task/${thread}/syscall`;
        return Deno.readTextFileSync(path).startsWith(call);
      } catch {
        return false; // it has ended
      }
    }).map(Number);
}

Deno.test("a signal to the waiting thread ends no wait", CLEAN, async () => {
  const SIGUSR2 = 12;
  const [reader, writer] = makePipe();
  using _reader = reader;
  using _writer = writer;
  const signals = new SignalPipe([SIGUSR2]);
  const waiting = waitReadable([reader], -1, { patient: true });
  let count = 0;
  const start = performance.now();
  while (count < 5 && performance.now() - start < 5000) {
    await pause(TO_BE_PARKED_MS);
    for (const thread of waitingThreads()) {
      check("tgkill", "", Deno.pid, thread, SIGUSR2);
      assertEquals(await signals.next(), SIGUSR2);
      count++;
    }
  }
  assertGreaterOrEqual(count, 5);
  send(writer);
  assertEquals(await waiting, [true]);
  signals[Symbol.dispose]();
  assertEquals(await signals.next(), undefined);
});

for (const count of [1, 3]) {
  Deno.test(
    `${count} that need not wait do not keep timers waiting`,
    CLEAN,
    async () => {
      const pipes = Array.from({ length: count }, () => makePipe());
      for (const [, writer] of pipes) send(writer);
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      const start = performance.now();
      await Promise.all(pipes.map(async ([reader]) => {
        while (ticks < 3 && performance.now() - start < 5000) {
          await waitReadable([reader]);
        }
      }));
      clearInterval(timer);
      assertGreaterOrEqual(ticks, 3);
      for (const ends of pipes) for (const end of ends) end.close();
    },
  );
}

for (const patient of [false, true]) {
  const how = patient ? "patiently" : "briefly";
  Deno.test(`a program lives while it waits ${how}, and no longer`, async () => {
    const script = `
      import { makePipe } from "${import.meta.resolve("./pipe.ts")}";
      import { waitReadable } from "${import.meta.resolve("./poll.ts")}";
      const options = { patient: ${patient} };
      const [reader] = makePipe();
      console.log(await waitReadable([reader], 100, options));
      setTimeout(() => reader.close(), 20);
      console.log(await waitReadable([reader], -1, options));
      const [other] = makePipe();
      waitReadable([other], 50, options).then(console.log);
    `;
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-lock", script],
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(30_000),
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(text, "[ false ]\n[ true ]\n[ false ]\n");
    assertEquals(success, true);
  });
}

Deno.test("pause() takes its time, also many at once", CLEAN, async () => {
  const start = performance.now();
  const times = [0, 0.2, 3, 30, 30, 31];
  await Promise.all(times.map(async (ms) => {
    await pause(ms);
    assertGreaterOrEqual(performance.now() - start, ms);
  }));
});

Deno.test(
  "no wait is lost when brief and patient ones begin and end all the time",
  CLEAN,
  async () => {
    // Without a sound order the other thread may come back between a look and what follows it.
    const end = performance.now() + 1500;
    async function tick(ms: number): Promise<void> {
      for (let next = performance.now() + ms; next < end; next += ms) {
        await pause(Math.max(0, next - performance.now()));
      }
    }
    async function exchange(ms: number): Promise<void> {
      const [reader, writer] = makePipe();
      using _reader = reader;
      using _writer = writer;
      while (performance.now() < end) {
        const wait = waitReadable([reader], 500, { patient: true });
        setTimeout(() => send(writer), Math.random() * 4);
        assertEquals(await wait, [true]);
        check("read", "from a pipe", reader.number, new Uint8Array(1), 1);
        await pause(ms);
      }
    }
    const work = Promise.all([tick(3), tick(5), exchange(1), exchange(2)]);
    const late = Promise.withResolvers<string>();
    const timer = setTimeout(() => late.resolve("some were lost"), 15_000);
    const came = work.then(() => "all came back");
    assertEquals(await Promise.race([came, late.promise]), "all came back");
    clearTimeout(timer);
  },
);
