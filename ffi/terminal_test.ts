import { AT_FDCWD, O_NOCTTY, O_RDWR } from "./abi/fcntl.ts";
import { TIOCGPTPEER, TIOCSPTLCK } from "./abi/ioctl.ts";
import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { Fd } from "./fd.ts";
import { openIn, writeAll } from "./fs.ts";
import { makePipe } from "./pipe.ts";
import { readNow, setNonblocking } from "./nonblocking.ts";
import { check } from "./syscall.ts";
import { SyscallError } from "./syscall_error.ts";
import { leaveLineEnds, setWindowSize, windowSize } from "./terminal.ts";

/** A terminal: its master, and the side of programs. */
function openTerminal(): [Fd, Fd] {
  const flags = O_RDWR | O_NOCTTY;
  const master = openIn(AT_FDCWD, "/dev/ptmx", flags);
  check("ioctl", "", master.number, TIOCSPTLCK, new Uint8Array(4));
  return [
    master,
    new Fd(check("ioctl", "", master.number, TIOCGPTPEER, flags), "peer"),
  ];
}

Deno.test("setWindowSize() sets what windowSize() tells, on both sides", () => {
  const [one, other] = openTerminal();
  using master = one;
  using peer = other;
  const unknown = { pixelWidth: 0, pixelHeight: 0 };
  assertEquals(windowSize(master), { rows: 0, columns: 0, ...unknown });
  setWindowSize(master, { rows: 43, columns: 132 });
  assertEquals(windowSize(peer), { rows: 43, columns: 132, ...unknown });
  const size = { rows: 7, columns: 65_535, pixelWidth: 800, pixelHeight: 600 };
  setWindowSize(peer, size);
  assertEquals(windowSize(master), size);
});

Deno.test("what is no terminal has no size, and can't be given one", () => {
  const [reader, writer] = makePipe();
  using pipe = reader;
  using _writer = writer;
  assertEquals(windowSize(pipe), undefined);
  const size = { rows: 1, columns: 1 };
  assertThrows(() => setWindowSize(pipe, size), SyscallError, "ENOTTY");
  assertThrows(() => leaveLineEnds(pipe), SyscallError, "ENOTTY");
});

Deno.test("leaveLineEnds() has line ends arrive as they are written", () => {
  const [one, other] = openTerminal();
  using master = one;
  using peer = other;
  setNonblocking(master);
  const shown = (): string => new TextDecoder().decode(readNow(master));
  assertEquals(readNow(master), undefined);
  writeAll(peer, "before\n");
  assertEquals(shown(), "before\r\n");
  leaveLineEnds(master);
  writeAll(peer, "after\n");
  assertEquals(shown(), "after\n");
});

Deno.test("readNow() fails at a terminal whose other side is gone", () => {
  const [one, other] = openTerminal();
  using master = one;
  setNonblocking(master);
  other.close();
  assertThrows(() => readNow(master), SyscallError, "EIO");
});
