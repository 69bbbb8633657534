import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { SyscallError } from "./syscall_error.ts";
import { memoryFile, readMemoryFile, sealedExecutable } from "./memfd.ts";
import { check, syscall } from "./syscall.ts";
import { errnoName } from "./abi/errno.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(text);

Deno.test("sealedExecutable() writes pieces, and zeros between", () => {
  using file = sealedExecutable("sealed", [
    { offset: 0, bytes: bytes("ab") },
    { offset: 4, bytes: bytes("c") },
  ]);
  assertEquals([...readMemoryFile(file)], [97, 98, 0, 0, 99]);
  assertEquals(
    Deno.readLinkSync(`/proc/self/fd/${file.number}`).startsWith(
      "/memfd:sealed",
    ),
    true,
  );
});

Deno.test("nobody changes a sealed file: not its bytes, its size, its seals, nor by another descriptor", () => {
  using file = sealedExecutable("sealed", [{ offset: 0, bytes: bytes("ab") }]);
  const data = new Uint8Array([1]);
  const refused = [
    syscall("pwrite64", file.number, data, 1, 0),
    syscall("pwrite64", file.number, data, 1, 100),
    syscall("ftruncate", file.number, 1),
    syscall("ftruncate", file.number, 100),
    syscall("fcntl", file.number, 1033, 0x1), // F_ADD_SEALS
    syscall("fallocate", file.number, 0, 0, 100),
  ];
  assertEquals(
    refused.map((result) => errnoName(-result)),
    Array(6).fill("EPERM"),
  );
  assertThrows(
    () => {
      using again = Deno.openSync(`/proc/self/fd/${file.number}`, {
        write: true,
      });
      again.writeSync(data);
    },
    Error,
    "permitted",
  );
  assertEquals([...readMemoryFile(file)], [97, 98]);
});

Deno.test("a sealed file can be executed", async () => {
  using file = sealedExecutable("sealed", [{
    offset: 0,
    bytes: Deno.readFileSync("/bin/true"),
  }]);
  const { code } = await new Deno.Command(`/proc/${Deno.pid}/fd/${file.number}`)
    .output();
  assertEquals(code, 0);
});

Deno.test("memoryFile() is read from its start, whoever has read or written before", () => {
  using file = memoryFile("plain", bytes("hello"));
  check("lseek", "", file.number, 0, 2); // SEEK_END
  check("write", "", file.number, bytes(" world"), 6);
  assertEquals(new TextDecoder().decode(readMemoryFile(file)), "hello world");
  assertEquals(new TextDecoder().decode(readMemoryFile(file, 4)), "hell");
});

Deno.test("memory files refuse names that are too long, or hold a NUL", () => {
  assertThrows(
    () => memoryFile("x".repeat(300), new Uint8Array(0)),
    SyscallError,
  );
  assertThrows(() => memoryFile("a\0b", new Uint8Array(0)), Error, "NUL");
});
