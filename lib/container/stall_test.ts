import { assertStringIncludes, assertThrows } from "../deps/assert.ts";
import { StateError } from "../errors.ts";
import { stallWatch } from "./stall.ts";
import { processStat } from "./status.ts";

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("stallWatch() reads on once before it says that a process has ended", async () => {
  // `tail` does not wait for the child of the shell that it was.
  const parent = new Deno.Command("sh", {
    args: ["-c", "sleep 100 & echo $!; exec tail -f /dev/null"],
    stdout: "piped",
  }).spawn();
  try {
    const reader = parent.stdout.getReader();
    const { value } = await reader.read();
    const pid = Number(new TextDecoder().decode(value));
    const name = () => Deno.readTextFileSync(`/proc/${parent.pid}/comm`);
    await until(() => name() === "tail\n");
    Deno.kill(pid, "SIGKILL");
    await until(() => processStat(pid)?.state === "Z");
    const watch = stallWatch({ id: "x", pid: () => pid });
    watch();
    const error = assertThrows(watch);
    assertStringIncludes(`${error}`, "exited unexpectedly");
    await reader.cancel();
  } finally {
    parent.kill("SIGKILL");
    await parent.status;
  }
});

Deno.test("stallWatch() says that a process has been stopped, when it has been for a second", async () => {
  const process = new Deno.Command("sleep", { args: ["100"] }).spawn();
  try {
    process.kill("SIGSTOP");
    await until(() => processStat(process.pid)?.state === "T");
    const watch = stallWatch({ id: "x", pid: () => process.pid });
    watch();
    watch();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assertThrows(watch, StateError, "stopped by a signal");
    process.kill("SIGCONT");
    await until(() => processStat(process.pid)?.state === "S");
    watch();
  } finally {
    process.kill("SIGKILL");
    await process.status;
  }
});
