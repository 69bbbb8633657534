import { assertEquals } from "../lib/deps/assert.ts";
import { inView } from "./bench_measure.ts";

Deno.test("inView() leaves a command for the host as it is", () => {
  assertEquals(inView(["a", "b c"], "host"), ["a", "b c"]);
});

Deno.test("inView() hands the words of a command through the shell unchanged", () => {
  const words = ["printf", "%s\n", "a  b", "$x", ""];
  const [unshare, mount, shell = "", flag = "", script = "", ...rest] = inView(
    words,
    "v2",
  );
  assertEquals([unshare, mount], ["unshare", "--mount"]);
  // without the mounts, which need root
  const { stdout } = new Deno.Command(shell, {
    args: [flag, script.replace(/^.*&& /, ""), ...rest],
  }).outputSync();
  assertEquals(new TextDecoder().decode(stdout), "a  b\n$x\n\n");
});
