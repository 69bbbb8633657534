import { SIGKILL } from "../../ffi/abi/signal.ts";
import { signalPid } from "../../ffi/process.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import { assertEquals } from "../deps/assert.ts";
import type { NamespaceType, Spec } from "../spec/types.ts";
import { childrenOf, killerOf, processesOf } from "./processes.ts";

function specWith(...types: NamespaceType[]): Spec {
  const namespaces = types.map((type) => ({ type }));
  return { ociVersion: "1.3.0", linux: { namespaces } };
}

const NONE = specWith();
const MOUNT = specWith("mount");
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
    // The end of one may be that of others.
    for (const pid of processesOf(child.pid, NONE).reverse()) {
      signalPid(pid, SIGKILL);
    }
    await child.status;
  }
}

Deno.test("processesOf() follows what descends from a process in our PID namespace", async () => {
  await withShell([], (shell) => {
    assertEquals(processesOf(shell, NONE), [shell, ...childrenOf(shell)]);
    // A namespace that is joined is not its own.
    const namespaces = [{ type: "pid" as const, path: "/proc/1/ns/pid" }];
    const joining = { ...NONE, linux: { namespaces } };
    assertEquals(processesOf(shell, joining).length, 3);
    assertEquals(childrenOf(shell).length, 2);
  });
});

testAsRoot("processesOf() finds all of another PID namespace", async () => {
  await withShell(["unshare", "--pid", "--fork", "--kill-child"], (shell) => {
    const found = processesOf(shell, specWith("pid", "mount")).sort((a, b) =>
      a - b
    );
    assertEquals(found, [shell, ...childrenOf(shell)].sort((a, b) => a - b));
    // Whoever has lost its parent is found as well.
    const [first, second] = childrenOf(shell);
    assertEquals(processesOf(first!, specWith("pid")).includes(second!), true);
  });
});

testAsRoot(
  "processesOf() finds all of another mount namespace, orphans included",
  async () => {
    await withShell(
      ["unshare", "--mount", "--fork", "--kill-child"],
      (shell) => {
        const [first, second] = childrenOf(shell);
        const found = processesOf(shell, MOUNT);
        assertEquals(found.includes(shell), true);
        Deno.kill(shell, "SIGKILL");
        // Its children belong to another parent now, and are in the same namespace.
        assertEquals(processesOf(first!, MOUNT).includes(second!), true);
        killerOf(first!, MOUNT)();
      },
    );
  },
);

testAsRoot("killerOf() kills what has lost its parent", async () => {
  await withShell(["unshare", "--mount", "--fork"], (shell) => {
    const children = childrenOf(shell);
    const kill = killerOf(shell, MOUNT);
    Deno.kill(shell, "SIGKILL");
    kill();
    const isGone = (pid: number) => {
      try {
        return / [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
      } catch {
        return true;
      }
    };
    while (!children.every(isGone));
  });
});

Deno.test("processesOf() gives a process that is gone at most itself", () => {
  assertEquals(processesOf(2 ** 30, specWith("pid")), [2 ** 30]);
});
