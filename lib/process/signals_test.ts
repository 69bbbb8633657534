import { pointerArray, text } from "../../init/builder.ts";
import { runImage } from "../../init/testdata/run_image.ts";
import { assertEquals } from "../deps/assert.ts";
import { restoreSignals } from "./signals.ts";

Deno.test("restoreSignals() gives the program the mask asked for, and SIGPIPE as usual", async () => {
  const { output } = await runImage((b) => {
    restoreSignals(b, "0000000080000201");
    const argv = pointerArray("argv", ["cat", "/proc/self/status"].map(text));
    b.call("execve", [text("/bin/cat"), argv, pointerArray("envp", [])]);
  });
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(\\w+)$`, "m").exec(output)![1]!;
  assertEquals(field("SigBlk"), "0000000080000201");
  assertEquals(BigInt(`0x${field("SigIgn")}`) >> 12n & 1n, 0n);
});

Deno.test("without restoreSignals() all signals stay blocked, as the bootstrap leaves them", async () => {
  const { output } = await runImage((b) => {
    const argv = pointerArray("argv", ["cat", "/proc/self/status"].map(text));
    b.call("execve", [text("/bin/cat"), argv, pointerArray("envp", [])]);
  });
  const mask = /^SigBlk:\s*(\w+)$/m.exec(output)![1]!;
  assertEquals(mask, "fffffffffffbfeff"); // all but SIGKILL and SIGSTOP
});
