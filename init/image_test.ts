import { ARCH } from "../ffi/syscall.ts";
import { assertThrows } from "../lib/deps/assert.ts";
import { spawn } from "./bootstrap.ts";
import { ProgramBuilder, text } from "./builder.ts";

// What images do is in image_cases_test.ts.

Deno.test("spawn() throws what kept the child from executing", () => {
  const program = {
    path: "/nonexistent",
    argv: ["x"],
    env: [],
    signalMask: 0n,
  };
  assertThrows(
    () => spawn({ execute: program, namespaces: 0, fds: [undefined] }),
    Error,
    "execve of the new process",
  );
});

Deno.test("finish() refuses a jump to a label that was never placed", () => {
  const b = new ProgramBuilder(ARCH);
  b.jump(b.label("nowhere"));
  assertThrows(() => b.finish(), Error, 'label "nowhere" was never placed');
});

Deno.test("text() refuses a NUL byte, which would cut the string short", () => {
  assertThrows(() => text("a\0b"), Error, "NUL");
});
