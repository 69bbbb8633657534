import { ERRNO } from "../ffi/abi/errno.ts";
import { AT_FDCWD, O_RDONLY } from "../ffi/abi/fcntl.ts";
import { SIGNALS } from "../ffi/abi/signal.ts";
import { ARCH } from "../ffi/syscall.ts";
import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { spawn } from "./bootstrap.ts";
import {
  at,
  block,
  ON_FAILURE,
  pointerArray,
  ProgramBuilder,
  text,
  word,
} from "./builder.ts";
import { runImage, write } from "./testdata/run_image.ts";

Deno.test("an image makes its calls in order and exits with its code", async () => {
  const { code, output, failure } = await runImage((b) => {
    write(b, "one ");
    write(b, "two");
    b.call("exit_group", [7]);
  });
  assertEquals([code, output, failure], [7, "one two", undefined]);
});

Deno.test("a result is an operand of later steps", async () => {
  const { output } = await runImage((b) => {
    const fd = b.call("openat", [
      AT_FDCWD,
      text("/proc/self/comm"),
      O_RDONLY,
      0,
    ]);
    const buffer = block("buffer", 64);
    const count = b.call("read", [fd, buffer, 64]);
    b.call("write", [1, buffer, count]);
  });
  // The name of a memfd that is executed; which one depends on the kernel.
  assertEquals(output.endsWith("\n"), true);
});

Deno.test("a failure tells the step and the errno", async () => {
  const { code, failure } = await runImage((b) => {
    write(b, "x");
    b.call("openat", [AT_FDCWD, text("/nonexistent"), O_RDONLY, 0]);
    write(b, "never");
  });
  assertEquals([code, failure], [1, { step: 1, errno: ERRNO.ENOENT }]);
});

Deno.test("a step goes on after an errno of its rule, and only then", async () => {
  const absent = (b: ProgramBuilder, errno: string): void => {
    b.call("openat", [AT_FDCWD, text("/nonexistent"), O_RDONLY, 0], {
      onError: { do: "continue", errnos: ["EPERM", errno] },
    });
    write(b, "on");
  };
  assertEquals((await runImage((b) => absent(b, "ENOENT"))).output, "on");
  assertEquals((await runImage((b) => absent(b, "EACCES"))).failure, {
    step: 0,
    errno: ERRNO.ENOENT,
  });
});

Deno.test("a failed step keeps -errno as its result", async () => {
  const { output } = await runImage((b) => {
    const fd = b.call("openat", [AT_FDCWD, text("/nonexistent"), O_RDONLY, 0], {
      onError: { do: "continue", errnos: [] },
    });
    b.test(fd, -1, -ERRNO.ENOENT, ERRNO.EINVAL);
    write(b, "yes");
  });
  assertEquals(output, "yes");
});

Deno.test("a step jumps after an errno of its rule", async () => {
  const { output } = await runImage((b) => {
    const absent = b.label("absent");
    b.call("openat", [AT_FDCWD, text("/nonexistent"), O_RDONLY, 0], {
      onError: { do: "jump", errnos: ["ENOENT"], to: absent },
    });
    write(b, "there");
    b.place(absent);
    write(b, "absent");
  });
  assertEquals(output, "absent");
});

Deno.test("a step is tried again as often as its rule says, and then fails", async () => {
  const { failure, output } = await runImage((b) => {
    // Each try to read from a closed descriptor fails; the fourth is the last.
    b.call("read", [100, block("buffer", 1), 1], {
      onError: { do: "retry", errnos: ["EBADF"], times: 3 },
    });
    write(b, "never");
  });
  assertEquals([failure, output], [{ step: 0, errno: ERRNO.EBADF }, ""]);
});

Deno.test("TEST compares under a mask, and unless() jumps when they differ", async () => {
  const { output, failure } = await runImage((b) => {
    const value = block(
      "value",
      new Uint8Array(new Uint32Array([0x41ff]).buffer),
    );
    const [other, end] = [b.label("other"), b.label("end")];
    b.test(word(value), 0xf000, 0x4000, ERRNO.EINVAL);
    b.unless(word(value), 0xfff, 0x1ff, other);
    write(b, "same ");
    b.unless(word(value), 0xfff, 0x1fe, other);
    write(b, "never");
    b.jump(end);
    b.place(other);
    write(b, "other");
    b.place(end);
    b.test(word(value), -1, 1, ERRNO.ENOTDIR);
  });
  assertEquals([output, failure?.errno], ["same other", ERRNO.ENOTDIR]);
});

Deno.test("STORE writes words into the program: a result, an address, where failures go", async () => {
  const { output, code } = await runImage((b) => {
    const chosen = block("address", 4);
    const elsewhere = b.label("elsewhere");
    const buffer = block("buffer", 8);
    b.store(chosen, text("stored"));
    b.call("write", [1, word(chosen), 6]);
    b.store(at(buffer, 4), b.call("getpid", []));
    b.test(word(buffer, 4), -1, 0, ERRNO.EINVAL, {
      onError: { do: "continue", errnos: ["EINVAL"] },
    });
    b.store(ON_FAILURE, elsewhere);
    b.call("close", [100]);
    b.place(elsewhere);
    b.call("exit_group", [9]);
  });
  assertEquals([output, code], ["stored", 9]);
});

Deno.test("a clone's child goes on with the next step, and wait4 gives its status", async () => {
  const { output } = await runImage((b) => {
    const parent = b.label("parent");
    const pid = b.call("clone", [SIGNALS.SIGCHLD, 0, 0, 0, 0]);
    b.unless(pid, -1, 0, parent);
    write(b, "child ");
    b.call("exit_group", [3]);
    b.place(parent);
    const status = block("status", 4);
    b.call("wait4", [pid, status, 0, 0]);
    b.test(word(status), -1, 3 << 8, ERRNO.EINVAL);
    write(b, "parent");
  });
  assertEquals(output, "child parent");
});

Deno.test("pointers in blocks become addresses: argv and envp of an exec", async () => {
  const { output } = await runImage((b) => {
    const argv = pointerArray(
      "argv",
      ["sh", "-c", 'echo "$0 $1 $X"', "zero", "one"].map(text),
    );
    b.call("execve", [
      text("/bin/sh"),
      argv,
      pointerArray("envp", [text("X=y")]),
    ]);
  });
  assertEquals(output, "zero one y\n");
});

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
