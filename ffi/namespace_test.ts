import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUSER } from "./abi/sched.ts";
import { SyscallError } from "./syscall_error.ts";
import { namespaceFlag } from "./namespace.ts";

Deno.test("namespaceFlag() tells the type of a namespace", () => {
  assertEquals(
    ["net", "pid", "user"].map((name) =>
      namespaceFlag(`/proc/self/ns/${name}`)
    ),
    [CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUSER],
  );
});

Deno.test("namespaceFlag() gives nothing for other files, a fifo that nobody writes included", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const { success } = await new Deno.Command("mkfifo", {
      args: [`${dir}/fifo`],
    }).output();
    assertEquals(success, true);
    for (const path of ["/etc", "/proc/self/status", `${dir}/fifo`]) {
      assertEquals(namespaceFlag(path), undefined, path);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("namespaceFlag() throws when there is no file", () => {
  assertThrows(() => namespaceFlag("/nonexistent"), SyscallError, "ENOENT");
});
