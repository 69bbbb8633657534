import { assertEquals } from "../lib/deps/assert.ts";
import { MARK } from "./bench_library.ts";
import { initTimes, parseTrace, phaseTimes } from "./bench_trace.ts";

const TRACE = `
     1.000 ( 0.500 ms): deno/7 lseek(fd: 9, offset: ${MARK}, whence: SET) = 0
     2.000 ( 1.000 ms): deno/7 read(fd: 9</a/b>, buf: 0x1, count: 2)       = 2
     2.500 (         ): V8 DefaultWork/8 futex(uaddr: 0x7f, op: WAIT) ...
     4.000 ( 0.100 ms): deno/7 lseek(fd: 9, offset: ${
  MARK + 1
}, whence: SET) = 0
     5.000 (         ): deno/7 ppoll(ufds: 0x1, nfds: 1) ...
     6.000 ( 0.250 ms): nsinit/9 umount2(name: 0x5, flags: 2) = 0
     5.000 ( 3.000 ms): deno/7  ... [continued]: ppoll()) = 1
     8.500 ( 0.100 ms): true/9 brk() = 0x3ff
     9.000 ( 0.100 ms): deno/7 lseek(fd: 9, offset: ${
  MARK + 5
}, whence: SET) = 0
     9.500 (18446744073709.551 ms): nsinit/9 read(fd: 5, count: 8) = 8
     9.600 ( 1.000 ms): deno/7 read(fd: 9) = 2
`;

Deno.test("parseTrace() joins the two lines of a call that was interrupted, and leaves glitches out", () => {
  const calls = parseTrace(TRACE);
  assertEquals(calls.filter(({ name }) => name === "ppoll"), [{
    startMs: 5,
    durationMs: 3,
    comm: "deno",
    thread: 7,
    name: "ppoll",
    args: "ufds: 0x1, nfds: 1",
  }]);
  assertEquals(calls.length, 8);
});

Deno.test("phaseTimes() gives each phase the main thread's calls between its mark and the next", () => {
  const [create, start, exec] = phaseTimes(parseTrace(TRACE));
  assertEquals(create!.wallMs.toFixed(3), "2.500");
  assertEquals([create!.waitMs, create!.kernelMs, create!.calls], [0, 1, 1]);
  assertEquals(start!.wallMs.toFixed(3), "4.900");
  assertEquals([start!.waitMs, start!.kernelMs, start!.calls], [3, 0, 1]);
  assertEquals([exec!.wallMs, exec!.calls], [0, 0]);
});

Deno.test("initTimes() names the calls of init by their flags", () => {
  const { lifeMs, top } = initTimes(parseTrace(TRACE));
  assertEquals(lifeMs.toFixed(3), "2.600");
  assertEquals(top[0], ["umount2(flags: 2) ×1", 0.25]);
});
