import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { F_GETFD, FD_CLOEXEC } from "./abi/fcntl.ts";
import { RuntimeError } from "./errors.ts";
import { Fd, isInherited } from "./fd.ts";
import { memoryFile } from "./memfd.ts";
import { syscall } from "./syscall.ts";

function isOpen(number: number): boolean {
  return syscall("fcntl", number, F_GETFD, 0) >= 0;
}

Deno.test("Fd is closed at the end of its scope", () => {
  let number: number;
  {
    using file = memoryFile("scoped", new Uint8Array(0));
    number = file.number;
    assertEquals(isOpen(number), true);
  }
  assertEquals(isOpen(number), false);
});

Deno.test("Fd closes once: a number that is used again stays open", () => {
  const file = memoryFile("first", new Uint8Array(0));
  const { number } = file;
  file.close();
  using next = memoryFile("second", new Uint8Array(0));
  assertEquals(next.number, number);
  file.close();
  assertEquals(isOpen(next.number), true);
});

Deno.test("Fd refuses to be used when it is closed, and names its file", () => {
  const file = memoryFile("gone", new Uint8Array(0));
  file.close();
  for (
    const use of [() => file.number, () => file.duplicate(), () => file.leak()]
  ) {
    assertThrows(use, RuntimeError, "closed descriptor: memfd gone");
  }
});

Deno.test("leak() hands the number over", () => {
  const file = memoryFile("leaked", new Uint8Array(0));
  const number = file.leak();
  file.close();
  assertEquals(isOpen(number), true);
  new Fd(number, "mine").close();
  assertEquals(isOpen(number), false);
});

Deno.test("duplicate() gives a number of at least that, close-on-exec", () => {
  using file = memoryFile("original", new Uint8Array(0));
  using copy = file.duplicate(100);
  assertEquals(copy.number >= 100, true);
  assertEquals(copy.path, file.path);
  assertEquals(syscall("fcntl", copy.number, F_GETFD, 0), FD_CLOEXEC);
});

Deno.test("duplicate() throws with the file's name", () => {
  using file = memoryFile("original", new Uint8Array(0));
  assertThrows(() => file.duplicate(-1), Error, "on memfd original: invalid");
});

Deno.test("isInherited() tells descriptors that an exec keeps", () => {
  using file = memoryFile("kept", new Uint8Array(0));
  assertEquals(isInherited(file.number), false);
  syscall("fcntl", file.number, 2, 0); // F_SETFD
  assertEquals(isInherited(file.number), true);
  assertEquals(isInherited(1_000_000), false);
});
