import { assertEquals } from "../lib/deps/assert.ts";
import { AT_FDCWD, O_CLOEXEC, O_PATH } from "../ffi/abi/fcntl.ts";
import {
  at,
  block,
  flags,
  pointerArray,
  ProgramBuilder,
  text,
  word,
} from "./builder.ts";
import { formatProgram, programToJson } from "./print.ts";
import type { Program } from "./program.ts";

function example(): Program {
  const b = new ProgramBuilder("x86_64");
  b.section("make a directory", "/root", () => {
    const slot = block("slot", 8);
    const done = b.label("done");
    const value = flags(O_PATH | O_CLOEXEC, { O_PATH, O_CLOEXEC });
    b.call("mkdirat", [AT_FDCWD, text("/a\n"), 0o755], {
      onError: { do: "continue", errnos: ["EEXIST"] },
    });
    const fd = b.call("openat", [AT_FDCWD, text("/a\n"), value, 0], {
      onError: { do: "jump", errnos: [], to: done },
    });
    b.store(at(slot, 4), fd);
    b.jump(done);
    b.call("close", [word(slot, 4)], {
      onError: { do: "retry", errnos: ["EINTR"], times: 3 },
    });
    b.place(done);
    b.call("execve", [
      text("/a"),
      pointerArray("argv", [text("a"), text("b")]),
      0,
    ]);
  });
  return b.finish();
}

Deno.test("formatProgram() gives a line for each step", () => {
  assertEquals(formatProgram(example()), [
    '0  make a directory: mkdirat(AT_FDCWD, "/a\\n", 0755); EEXIST: go on',
    '1  make a directory: openat(AT_FDCWD, "/a\\n", O_PATH|O_CLOEXEC, 0); any error: go to 5 (done)',
    "2  make a directory: STORE(&slot+4, $1)",
    "3  make a directory: go to 5 (done)",
    "4  make a directory: close([slot+4]); EINTR: try again, 3 times",
    '5  make a directory: execve("/a", {argv "a", "b"}, 0)',
  ]);
});

Deno.test("formatProgram() tells comparisons, jumps and failures", () => {
  const b = new ProgramBuilder("aarch64");
  const state = block("statx", 256);
  const end = b.label("end");
  b.unless(word(state, 28), 0o170000, 0o40000, end);
  b.test(word(state), -1, word(state, 4), 22);
  b.fail(17, "there is another file");
  b.place(end);
  b.call("exit", [0]);
  assertEquals(formatProgram(b.finish()), [
    "0  set up: unless [statx+28] & 0xf000 is 0x4000, go to 3 (end)",
    "1  set up: unless [statx] is [statx+4], fail with EINVAL",
    "2  set up: fail with EEXIST: there is another file",
    "3  set up: exit(0)",
  ]);
});

Deno.test("programToJson() gives the same as data", () => {
  const steps = programToJson(example());
  assertEquals(steps[0], {
    step: 0,
    name: "make a directory",
    pointer: "/root",
    syscall: "mkdirat",
    args: ["AT_FDCWD", '"/a\\n"', "0755"],
    onError: { do: "continue", errnos: ["EEXIST"] },
  });
  assertEquals(steps[1]?.onError, { do: "jump", errnos: [], to: 5 });
  assertEquals(steps[5]?.onError, undefined);
});
