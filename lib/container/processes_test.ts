import { testAsRoot } from "../../init/testdata/as_root.ts";
import { assertEquals } from "../deps/assert.ts";
import { childrenOf, processesOf } from "./processes.ts";

const SCRIPT = "sleep 1000 & sleep 1000 & echo ready; wait";

/** Starts two sleeping children of a shell, and gives the shell's id. */
async function withShell(
  command: readonly string[],
  check: (shell: number) => void,
): Promise<void> {
  const [program = "sh", ...args] = [...command, "sh", "-c", SCRIPT];
  const child = new Deno.Command(program, { args, stdout: "piped" }).spawn();
  try {
    await child.stdout.getReader().read();
    check(command.length === 0 ? child.pid : childrenOf(child.pid)[0]!);
  } finally {
    for (const pid of [...processesOf(child.pid)].reverse()) {
      Deno.kill(pid, "SIGKILL");
    }
    await child.status;
  }
}

Deno.test("processesOf() follows what descends from a process in our PID namespace", async () => {
  await withShell([], (shell) => {
    assertEquals(processesOf(shell), [shell, ...childrenOf(shell)]);
    assertEquals(childrenOf(shell).length, 2);
  });
});

testAsRoot("processesOf() finds all of another PID namespace", async () => {
  await withShell(["unshare", "--pid", "--fork", "--kill-child"], (shell) => {
    const found = processesOf(shell).sort((a, b) => a - b);
    assertEquals(found, [shell, ...childrenOf(shell)].sort((a, b) => a - b));
    // Whoever has lost its parent is found as well.
    const [first, second] = childrenOf(shell);
    assertEquals(processesOf(first!).includes(second!), true);
  });
});

Deno.test("processesOf() gives a process that is gone at most itself", () => {
  assertEquals(processesOf(2 ** 30), [2 ** 30]);
});
