import { assertStringIncludes, assertThrows } from "../deps/assert.ts";
import { StateError } from "../errors.ts";
import { stallWatch } from "./stall.ts";
import { processStat } from "./status.ts";

/** Waits until a process is in a state: proc(5), stat. */
async function inState(pid: number, state: string): Promise<void> {
  while (processStat(pid)?.state !== state) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("stallWatch() reads on once before it says that a process has ended", async () => {
  // `sleep` does not wait for the child of the shell that it was.
  const parent = new Deno.Command("sh", {
    args: ["-c", "true & echo $!; exec sleep 100"],
    stdout: "piped",
  }).spawn();
  try {
    const reader = parent.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    const pid = Number(new TextDecoder().decode(value));
    await inState(pid, "Z");
    const watch = stallWatch({ id: "x", pid: () => pid });
    watch();
    const error = assertThrows(watch);
    assertStringIncludes(`${error}`, "exited unexpectedly");
  } finally {
    parent.kill("SIGKILL");
    await parent.status;
  }
});

Deno.test("stallWatch() says that a process has been stopped, when it has been for a second", async () => {
  const process = new Deno.Command("sleep", { args: ["100"] }).spawn();
  try {
    process.kill("SIGSTOP");
    await inState(process.pid, "T");
    const watch = stallWatch({ id: "x", pid: () => process.pid });
    watch();
    watch();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assertThrows(watch, StateError, "stopped by a signal");
    process.kill("SIGCONT");
    await inState(process.pid, "S");
    watch();
  } finally {
    process.kill("SIGKILL");
    await process.status;
  }
});
