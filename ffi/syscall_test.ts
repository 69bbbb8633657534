import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../lib/deps/assert.ts";
import { ERRNO, errnoName } from "./abi/errno.ts";
import { SYSCALLS } from "./abi/syscalls.ts";
import { RuntimeError } from "./errors.ts";
import { SyscallError } from "./syscall_error.ts";
import { memoryFile } from "./memfd.ts";
import { makePipe } from "./pipe.ts";
import {
  ARCH,
  check,
  cString,
  syscall,
  syscallAsync,
  syscallNumber,
} from "./syscall.ts";

Deno.test("syscall() gives the kernel's result, or -errno", () => {
  assertEquals(syscall("getpid"), Deno.pid);
  assertEquals(syscall("close", -1), -ERRNO.EBADF);
  assertEquals(
    syscall("openat", -100, cString("/nonexistent"), 0, 0),
    -ERRNO.ENOENT,
  );
});

Deno.test("syscall() passes 64-bit numbers, null and empty memory", () => {
  const [reader, writer] = makePipe();
  using _end = reader;
  using other = writer;
  assertEquals(syscall("write", other.number, new Uint8Array(0), 0), 0);
  assertEquals(syscall("write", other.number, null, 1), -ERRNO.EFAULT);
  using file = memoryFile("large", new Uint8Array(0));
  assertEquals(syscall("lseek", file.number, 1n << 40n, 0), 2 ** 40);
  assertEquals(syscall("lseek", file.number, 2 ** 40 + 1, 0), 2 ** 40 + 1);
  assertEquals(syscall("lseek", file.number, -1n, 0), -ERRNO.EINVAL);
});

Deno.test("operands of an earlier call do not stay for the next one", () => {
  syscall("fcntl", 1, 1, 2, 3, 4, 5);
  const buffer = new Uint8Array(65);
  // Six operands are always set: those left out are 0.
  assertEquals(syscall("getcwd", buffer, 65) > 1, true);
  assertEquals(syscall("dup3", 1, 1), -ERRNO.EINVAL);
});

Deno.test("syscallAsync() waits on another thread, many at once, each with its own result", async () => {
  const pipes = Array.from({ length: 20 }, () => makePipe());
  const buffers = pipes.map(() => new Uint8Array(4));
  const reads = pipes.map(([reader], i) =>
    syscallAsync("read", reader.number, buffers[i]!, 4)
  );
  for (const [i, [, writer]] of pipes.entries()) {
    check("write", "", writer.number, new Uint8Array(4).fill(i), 1 + i % 4);
  }
  assertEquals(await Promise.all(reads), pipes.map((_, i) => 1 + i % 4));
  assertEquals(buffers.map(([first]) => first), pipes.map((_, i) => i));
  for (const ends of pipes) for (const end of ends) end.close();
});

Deno.test("syscallAsync() gives -errno too", async () => {
  assertEquals(
    await syscallAsync("read", -1, new Uint8Array(1), 1),
    -ERRNO.EBADF,
  );
});

Deno.test("check() throws a SyscallError that reads like strace", () => {
  const error = assertThrows(
    () =>
      check("openat", '"/nonexistent"', -100, cString("/nonexistent"), 0, 0),
    SyscallError,
    'openat "/nonexistent": no such file or directory (ENOENT)',
  );
  assertEquals(
    [error.name, error.kind, error.syscall, error.errno, error.errnoName],
    ["SyscallError", "syscall", "openat", ERRNO.ENOENT, "ENOENT"],
  );
  assertEquals(error instanceof RuntimeError, true);
  assertThrows(() => check("close", "", -1), SyscallError, "close: bad file");
});

Deno.test("errnos have their names; those without one are shown by their number", () => {
  assertEquals([1, 11, 38].map(errnoName), ["EPERM", "EAGAIN", "ENOSYS"]);
  assertMatch(new SyscallError("read", 4000).message, /4000/);
});

Deno.test("cString() ends with a NUL, and refuses one inside", () => {
  assertEquals([...cString("é")], [0xc3, 0xa9, 0]);
  assertThrows(() => cString("/etc\0/x"), RuntimeError, "NUL byte");
});

Deno.test("syscallNumber() knows both CPUs, and says what one lacks", () => {
  assertEquals(syscallNumber("getpid", "x86_64"), SYSCALLS.x86_64.getpid);
  assertEquals(syscallNumber("getpid", "aarch64"), SYSCALLS.aarch64.getpid);
  assertEquals(syscallNumber("getpid"), SYSCALLS[ARCH].getpid);
  assertThrows(
    () => syscallNumber("mkdir", "aarch64"),
    RuntimeError,
    "aarch64",
  );
});

Deno.test("syscallAsync() with a call that the CPU lacks rejects", async () => {
  await assertRejects(() => syscallAsync("nothing" as "read"), RuntimeError);
});
