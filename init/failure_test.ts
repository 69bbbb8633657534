import { ERRNO } from "../ffi/abi/errno.ts";
import { assertEquals, assertInstanceOf } from "../lib/deps/assert.ts";
import { RuntimeError } from "../ffi/errors.ts";
import { ProgramBuilder, text } from "./builder.ts";
import {
  failedStep,
  isFailure,
  ProgramError,
  recordStep,
  stepIndexOf,
  type StepRecord,
} from "./failure.ts";
import { IMAGE_BASE } from "./image.ts";
import { HEADER_SIZE, RECORD_SIZE } from "./layout.ts";
import { MESSAGE } from "./protocol.ts";

const STEP: StepRecord = {
  index: 31,
  purpose: "mount proc on /proc",
  operation: "fsmount",
};

/** Steps, an errno, and the sentence. */
const SENTENCES: readonly [step: Partial<StepRecord>, errno: number, string][] =
  [
    [
      {},
      ERRNO.EPERM,
      "cannot mount proc on /proc: fsmount: operation not permitted (EPERM, step 31)",
    ],
    [
      { pointer: "/mounts/0" },
      ERRNO.ENOENT,
      "cannot mount proc on /proc: fsmount: no such file or directory (ENOENT, step 31 for /mounts/0)",
    ],
    [
      { operation: "TEST" },
      ERRNO.ENOTDIR,
      "cannot mount proc on /proc: check: not a directory (ENOTDIR, step 31)",
    ],
    [
      { message: "exec: stat x: %e", pointer: "/process/args/0" },
      ERRNO.EACCES,
      "exec: stat x: permission denied",
    ],
    [{ message: "nothing to add" }, ERRNO.EIO, "nothing to add"],
  ];

Deno.test("ProgramError tells a failure in one sentence", () => {
  for (const [changes, errno, sentence] of SENTENCES) {
    const error = new ProgramError({ ...STEP, ...changes }, errno);
    assertEquals(error.message, sentence);
    assertInstanceOf(error, RuntimeError);
    assertEquals([error.kind, error.step, error.name], [
      "program",
      31,
      "ProgramError",
    ]);
  }
});

Deno.test("ProgramError puts a text with dollars in as it is", () => {
  const step = { ...STEP, message: "exec: $PATH $& %e" };
  assertEquals(
    new ProgramError(step, ERRNO.ENOENT).message,
    "exec: $PATH $& no such file or directory",
  );
});

Deno.test("an errno without a name is shown by its number", () => {
  const error = new ProgramError(STEP, 4000);
  assertEquals(error.message.includes("4000"), true, error.message);
});

Deno.test("recordStep() keeps what a later failure needs, and nothing else", () => {
  const b = new ProgramBuilder("x86_64");
  b.section("exec sh", "/process/args", () => {
    b.call("execve", [text("/bin/sh"), 0, 0], { message: "exec sh: %e" });
  });
  b.call("exit", [0]);
  const { steps } = b.finish();
  assertEquals(steps.map(recordStep), [
    {
      index: 0,
      purpose: "exec sh",
      operation: "execve",
      pointer: "/process/args",
      message: "exec sh: %e",
    },
    { index: 1, purpose: "set up", operation: "exit" },
  ]);
});

Deno.test("a failure's code is the address of its record", () => {
  const b = new ProgramBuilder("x86_64");
  for (let i = 0; i < 3; i++) b.call("getpid", []);
  const program = b.finish();
  const address = (index: number): number =>
    IMAGE_BASE + HEADER_SIZE + RECORD_SIZE * index;
  assertEquals([0, 2].map((i) => stepIndexOf(address(i))), [0, 2]);
  assertEquals(
    [address(0), address(2), address(3), address(-1), address(1) + 4].map((
      code,
    ) => failedStep(program, code)),
    [0, 2, undefined, undefined, undefined],
  );
  assertEquals(isFailure(address(0)), true);
  for (const code of Object.values(MESSAGE)) {
    assertEquals(isFailure(code), false);
  }
});
