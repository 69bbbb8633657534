import { AT_FDCWD, O_NOCTTY, O_RDWR } from "../../ffi/abi/fcntl.ts";
import { TIOCGPTPEER, TIOCGWINSZ, TIOCSPTLCK } from "../../ffi/abi/ioctl.ts";
import { Fd } from "../../ffi/fd.ts";
import { openIn, writeAll } from "../../ffi/fs.ts";
import { check } from "../../ffi/syscall.ts";
import { assertEquals, assertLessOrEqual } from "../deps/assert.ts";
import { ConsoleProxy } from "./console.ts";

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

function openCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

const encode = (text: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(text);

Deno.test("read() gives what a program writes, and closes at its end", async () => {
  const before = openCount();
  const [master, peer] = openTerminal();
  const proxy = new ConsoleProxy(master);
  writeAll(peer, "hello\n");
  // No carriage return: our own terminal, if there is one, adds it.
  assertEquals(await proxy.read(), encode("hello\n"));
  const waiting = proxy.read();
  peer.close();
  assertEquals(await waiting, undefined);
  assertEquals(await proxy.read(), undefined);
  // Deno may have closed one of its own meanwhile.
  assertLessOrEqual(openCount(), before);
});

Deno.test("output that was written before the program ended can still be read after finish()", async () => {
  const [master, peer] = openTerminal();
  const proxy = new ConsoleProxy(master);
  writeAll(peer, "last words");
  peer.close();
  await proxy.finish();
  assertEquals(await proxy.read(), encode("last words"));
  assertEquals(await proxy.read(), undefined);
});

Deno.test("write() types", async () => {
  const [master, peer] = openTerminal();
  using program = peer;
  const proxy = new ConsoleProxy(master);
  await proxy.write(encode("typed\n"));
  const line = new Uint8Array(16);
  const size = check("read", "", program.number, line, 16);
  assertEquals(new TextDecoder().decode(line.subarray(0, size)), "typed\n");
  proxy.close();
});

Deno.test("resize() sets the terminal's size", () => {
  const [master, peer] = openTerminal();
  using program = peer;
  const proxy = new ConsoleProxy(master);
  proxy.resize({ columns: 132, rows: 43 });
  const size = new Uint16Array(4);
  check("ioctl", "", program.number, TIOCGWINSZ, new Uint8Array(size.buffer));
  assertEquals([...size], [43, 132, 0, 0]);
  proxy.close();
});

Deno.test("close() may come twice, and lets a reader go", async () => {
  const before = openCount();
  const [master, peer] = openTerminal();
  const proxy = new ConsoleProxy(master);
  const waiting = proxy.read();
  proxy.close();
  proxy.close();
  peer.close();
  assertEquals(await waiting, undefined);
  // Deno may have closed one of its own meanwhile.
  assertLessOrEqual(openCount(), before);
});
