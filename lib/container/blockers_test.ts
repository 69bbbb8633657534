import { assertEquals, assertMatch } from "../deps/assert.ts";
import { describeBlockers, describeProcess } from "./blockers.ts";
import { withChild } from "./testdata/child.ts";

Deno.test("describeProcess() names a process and its state", async () => {
  await withChild("kill -STOP $$", async ({ pid }) => {
    const isStopped = () =>
      Deno.readTextFileSync(`/proc/${pid}/stat`).includes(") T ");
    while (!isStopped()) await new Promise((go) => setTimeout(go, 1));
    assertMatch(
      describeProcess(pid) ?? "",
      new RegExp(`^${pid} \\(sh\\), state T \\(stopped\\)(, in \\w+)?$`),
    );
    Deno.kill(pid, "SIGKILL");
  });
  assertEquals(describeProcess(0x3f_ffff), undefined);
});

Deno.test("describeProcess() takes names with brackets and spaces", async () => {
  const name = "a) R (b";
  const script = `printf '${name}' >/proc/self/comm; read x`;
  await withChild(script, async ({ pid }) => {
    let text: string | undefined;
    for (let n = 0; n < 500 && !text?.includes("R (b"); n++) {
      text = describeProcess(pid);
      await new Promise((go) => setTimeout(go, 2));
    }
    assertEquals(text?.startsWith(`${pid} (${name}), state `), true, text);
    Deno.kill(pid, "SIGKILL");
  });
});

Deno.test("describeBlockers() leaves out who is gone, and counts who is not named", () => {
  assertEquals(describeBlockers([]), "");
  assertEquals(describeBlockers([0x3f_ffff]), "");
  const own = Array.from({ length: 7 }, () => Deno.pid);
  const text = describeBlockers([...own, 0x3f_ffff]);
  assertEquals(text.split("; ").length, 6);
  assertMatch(text, /; and 2 more$/);
});
