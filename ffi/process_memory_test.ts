import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { openMemory, readProcessMemory } from "./process_memory.ts";
import { SyscallError } from "./syscall_error.ts";

Deno.test("readProcessMemory() reads as far as there is memory", async () => {
  const bytes = new TextEncoder().encode("read me");
  // SAFETY: the buffer lives until the end of the test, and is only read.
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  using memory = openMemory(Deno.pid);
  assertEquals(
    await readProcessMemory(memory, address, bytes.length),
    bytes,
  );
  const nowhere = [0n, 4096n, 0x7fff_ffff_f000n, 0xffff_8000_0000_0000n];
  for (const place of nowhere) {
    assertEquals((await readProcessMemory(memory, place, 4)).length, 0);
  }
  const [, end] = /^[0-9a-f]+-([0-9a-f]+) r.* \[stack\]$/m.exec(
    Deno.readTextFileSync("/proc/self/maps"),
  )!;
  const last = BigInt(`0x${end}`) - 3n;
  assertEquals((await readProcessMemory(memory, last, 100)).length, 3);
  assertEquals(bytes[0], 114);
});

Deno.test("openMemory() fails for a process that is not there", () => {
  assertThrows(() => openMemory(2 ** 22 + 1), SyscallError, "ENOENT");
});
