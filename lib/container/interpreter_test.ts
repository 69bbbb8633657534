import { ERRNO } from "../../ffi/abi/errno.ts";
import { Fd } from "../../ffi/fd.ts";
import { packetPair } from "../../ffi/socket.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import type { BootstrapOptions } from "../../init/bootstrap.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { recordAt, REEXEC_BASE } from "../../init/reexec/table.ts";
import { CgroupError, RuntimeError } from "../errors.ts";
import { exampleSpec } from "../spec/example.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
} from "../deps/assert.ts";
import {
  type InitSettings,
  type StartedInit,
  startInit,
} from "./interpreter.ts";
import { build, richSpec } from "./testdata/specs.ts";

const ARGS = ["/bin/true", "init"];

/** A process that is none. */
function child(): StartedInit["init"] {
  const [ours, theirs] = packetPair();
  theirs.close();
  return { pid: 1, pidfd: ours };
}

/** Starts an init that is none; `refuse` is thrown for an image. */
async function start(
  settings: Partial<InitSettings>,
  refuse?: Error,
): Promise<{ started: StartedInit; kinds: string[]; log: string[] }> {
  const kinds: string[] = [];
  const log: string[] = [];
  const started = await startInit({
    settings: { mode: "auto", args: ARGS, debug: false, ...settings },
    build: ({ reexec }) => {
      kinds.push(`program for ${reexec ? "reexec" : "image"}`);
      return build(richSpec(), "hybrid");
    },
    spawn: (execute: BootstrapOptions["execute"]) => {
      const isImage = execute instanceof Fd;
      kinds.push(isImage ? "image" : "reexec");
      if (isImage && refuse !== undefined) throw refuse;
      return child();
    },
    log: (_, text) => log.push(text),
  });
  started.init.pidfd.close();
  return { started, kinds, log };
}

const REFUSED = new SyscallError(
  "execveat",
  ERRNO.EACCES,
  "of the new process",
);

Deno.test("startInit() executes the image if nothing else is asked for, and says nothing", async () => {
  for (const mode of ["image", "auto"] as const) {
    const { kinds, log } = await start({ mode });
    assertEquals(kinds, ["program for image", "image"]);
    assertEquals(log, []);
  }
});

Deno.test("startInit() re-executes if it is asked to, and makes no image", async () => {
  const { kinds } = await start({ mode: "reexec" });
  assertEquals(kinds, ["program for reexec", "reexec"]);
});

Deno.test("startInit() falls back where an image is refused, with another program, and says so", async () => {
  for (const syscall of ["execveat", "memfd_create"]) {
    for (const errno of ["EACCES", "EPERM"] as const) {
      const refuse = new SyscallError(syscall, ERRNO[errno]);
      const { kinds, log } = await start({}, refuse);
      assertEquals(kinds, [
        "program for image",
        "image",
        "program for reexec",
        "reexec",
      ]);
      assertEquals(log, [
        `init image can't be executed (${errno}): re-executing /bin/true`,
      ]);
    }
  }
});

Deno.test("startInit() does not fall back for another failure", async () => {
  for (
    const error of [
      new SyscallError("clone3", ERRNO.EPERM),
      new SyscallError("execveat", ERRNO.ENOMEM),
      new RuntimeError("host", "something else"),
    ]
  ) {
    assertEquals(await assertRejects(() => start({}, error)), error);
  }
});

Deno.test("startInit() names the remedy where an image is refused and nothing else may be", async () => {
  const image = await assertRejects(
    () => start({ mode: "image" }, REFUSED),
    RuntimeError,
  );
  assertMatch(image.message, /use --init reexec or --init auto$/);
  assertEquals(image.cause, REFUSED);
  for (const mode of ["image", "auto"] as const) {
    const settings = { mode, args: undefined };
    const error = await assertRejects(() => start(settings, REFUSED));
    assertMatch((error as Error).message, /; give initArgs$/);
  }
});

Deno.test("startInit() refuses to re-execute nothing", async () => {
  for (const args of [undefined, []]) {
    await assertRejects(
      () => start({ mode: "reexec", args }),
      RuntimeError,
      "there are no initArgs",
    );
  }
});

Deno.test("a re-executed init that is gone is told by whether it had begun", async () => {
  const { started } = await start({ mode: "reexec" });
  assertMatch(
    started.session.exited!().message,
    /^the re-executed init, \/bin\/true, could not start: .* --init image needs none of that$/,
  );
  await started.handlers[MESSAGE.BEGUN]!({ value: 0, fds: [] });
  assertEquals(
    started.session.exited!().message,
    "container init exited unexpectedly",
  );
});

Deno.test("a hook that can't be cloned for want of processes is told with the figure, other failures as ever", async () => {
  const { started } = await start({ mode: "reexec" });
  const { program, session } = started;
  const step = program.steps.find(({ operation }) => operation === "clone")!;
  const clone = recordAt(REEXEC_BASE, step.index);
  assertMatch(
    session.failureAt!(clone, ERRNO.EAGAIN)!.message,
    /EAGAIN, step \d+.*: a re-executed init has 3 threads itself/,
  );
  assertEquals(session.failureAt!(clone, ERRNO.ENOMEM), undefined);
  assertEquals(session.failureAt!(REEXEC_BASE + 16, ERRNO.EAGAIN), undefined);
});

Deno.test("an error about a memory limit is given the figure, others are left alone", async () => {
  const { started } = await start({ mode: "reexec" });
  const error = started.explain!(
    new CgroupError("memory.max", "unable to set memory limit to 1", "1"),
  );
  assertInstanceOf(error, CgroupError);
  assertEquals([error.file, error.value], ["memory.max", "1"]);
  assertMatch(error.message, /to 1: a re-executed init takes 12 MiB itself/);
  const other = new RuntimeError("host", "else");
  assert(started.explain!(other) === other);
  assertEquals((await start({ mode: "image" })).started.explain, undefined);
});

Deno.test("the example's marks are in their order: a part before, TypeScript's, machine code's", () => {
  const { marks, program } = build(exampleSpec(), "hybrid");
  const [begin, tail] = [marks.begin.step!.index, marks.tail.step!.index];
  assert(0 < begin && begin < tail && tail < program.steps.length);
});
