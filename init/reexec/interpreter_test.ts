/** The interpreter in TypeScript, by the same programs as the machine code, with the same results. */
import { ERRNO } from "../../ffi/abi/errno.ts";
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { assertEquals, assertStringIncludes } from "../../lib/deps/assert.ts";
import { text } from "../builder.ts";
import { stepIndexOf } from "../failure.ts";
import { MESSAGE } from "../protocol.ts";
import { IMAGE_CASES } from "../testdata/image_cases.ts";
import { runReexec } from "../testdata/run_reexec.ts";

for (const { title, build, expected } of IMAGE_CASES) {
  Deno.test(`${title}, re-executed`, async () => {
    const { code, signal, output, failure } = await runReexec(build);
    assertEquals(
      { code, signal, output, failure },
      { code: 0, signal: 0, output: "", failure: undefined, ...expected },
    );
  });
}

Deno.test("a re-executed init tells each step and its result if it is to, and when machine code takes over", async () => {
  const { said } = await runReexec((b) => {
    const end = b.label("end");
    b.call("close", [100], { onError: { do: "continue", errnos: [] } });
    b.jump(end);
    b.call("getpid", []);
    b.place(end);
    b.call("umask", [0o22]);
    b.call("umask", [0o77]);
  }, { telling: true });
  const shown = said.map(([code, value, ...data]) =>
    code === MESSAGE.STEP
      ? [stepIndexOf(value), ...data]
      : [code, value, ...data]
  );
  assertEquals(shown, [
    [MESSAGE.BEGUN, 0],
    [0, -ERRNO.EBADF],
    [1, -ERRNO.EPERM], // a jump is a check that fails
    [3, shown[3]![1]!],
    [4, 0o22],
    [MESSAGE.LEFT, 0],
  ]);
});

Deno.test("a re-executed init says only that it has begun if it is not to tell steps", async () => {
  const { said } = await runReexec((b) => b.call("getpid", []));
  assertEquals(said, [[MESSAGE.BEGUN, 0]]);
});

Deno.test("a clone that is not marked ends a re-executed init: its child would have nothing of V8's memory", async () => {
  const { code, output } = await runReexec((b) => {
    b.call("clone", [SIGNALS.SIGCHLD, 0, 0, 0, 0]);
    b.call("write", [1, text("never"), 5]);
  });
  assertEquals(code, 1);
  assertStringIncludes(output, "Cannot do clone here");
});

Deno.test("a failed clone of a marked child is told as any failure", async () => {
  const { code, failure } = await runReexec((b) => {
    b.child([-1, 0, 0, 0, 0], () => b.call("exit_group", [0]));
  });
  assertEquals([code, failure], [1, { step: 0, errno: ERRNO.EINVAL }]);
});

Deno.test("a program that can't be executed is told as a failure of the way there", async () => {
  const { code, said } = await runReexec((b) => b.call("getpid", []), {
    executable: "/etc/passwd",
  });
  assertEquals(code, 1);
  assertEquals(said.map(([, errno]) => errno), [ERRNO.EACCES]);
});
