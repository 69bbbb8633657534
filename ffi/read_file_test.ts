import { assert, assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { readKernelFile } from "./read_file.ts";
import { SyscallError } from "./syscall_error.ts";

Deno.test("readKernelFile() reads small files, empty ones, and those of many reads", async () => {
  const path = await Deno.makeTempFile();
  try {
    for (const size of [0, 1, 2048, 4096, 65_536, 200_000]) {
      const text = "é".repeat(size / 2) + "x".repeat(size % 2);
      await Deno.writeTextFile(path, text);
      assertEquals(readKernelFile(path)?.length, text.length);
      assertEquals(readKernelFile(path), text);
    }
  } finally {
    await Deno.remove(path);
  }
  assert(readKernelFile("/proc/self/mountinfo")!.endsWith("\n"));
});

Deno.test("readKernelFile() has nothing of files that are not there, or of processes that are gone", () => {
  for (
    const path of [
      "/no/such/file",
      "/dev/null/x",
      "/proc/4194305/stat",
    ]
  ) assertEquals(readKernelFile(path), undefined);
});

Deno.test("readKernelFile() throws what else goes wrong, and leaves no descriptor open", () => {
  const before = [...Deno.readDirSync("/proc/self/fd")].length;
  const error = assertThrows(() => readKernelFile("/proc"), SyscallError);
  assertEquals(error.errnoName, "EISDIR");
  assertEquals([...Deno.readDirSync("/proc/self/fd")].length, before);
});
