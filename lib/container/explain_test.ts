import { ERRNO } from "../../ffi/abi/errno.ts";
import { memoryFile } from "../../ffi/memfd.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { ProgramError } from "../../init/failure.ts";
import type { CgroupManager } from "../cgroups/mod.ts";
import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
} from "../deps/assert.ts";
import { CgroupError, ConfigError, RuntimeError } from "../errors.ts";
import { HookError } from "../hooks/failure.ts";
import { explainFailure, explainRefusal } from "./explain.ts";

/** A cgroup that only counts what the kernel killed; nothing is to be found out about it. */
function cgroup(oomKillCount: () => number): CgroupManager {
  const nowhere = { mode: "none", paths: {}, mountPoints: {}, existing: [] };
  const toJSON = () => ({ ...nowhere, rootless: false });
  return { oomKillCount, toJSON } as unknown as CgroupManager;
}

const CALM = cgroup(() => 0);
const HOOK = new ProgramError(
  {
    index: 9,
    purpose: "run",
    operation: "TEST",
    pointer: "/hooks/createContainer/2",
    message: "error running createContainer hook #2",
  },
  ERRNO.ECHILD,
);

Deno.test("explainFailure() gives an error back when there is nothing to add", async () => {
  for (
    const error of [
      new ConfigError("/hostname", "bad"),
      new RuntimeError("protocol", "container init exited unexpectedly"),
      new Error("other"),
      HOOK,
    ]
  ) assertStrictEquals(await explainFailure(error, {}, CALM), error);
});

Deno.test("explainFailure() tells that memory ran out, whatever came of it", async () => {
  const error = await explainFailure(HOOK, { status: 9 }, cgroup(() => 1));
  assertInstanceOf(error, RuntimeError);
  assertEquals(
    [error.kind, error.message, error.cause],
    ["state", "container init was OOM-killed (memory limit too low?)", HOOK],
  );
});

Deno.test("explainFailure() tells whose limit it was, if that can be found out", async () => {
  const mount = await Deno.makeTempDir();
  // A name that the kernel's log has never seen.
  const name = crypto.randomUUID();
  const record = {
    mode: "v2",
    paths: { "": `${mount}/${name}` },
    mountPoints: { "": mount },
    existing: [],
    rootless: false,
  };
  const counting = {
    oomKillCount: () => 1,
    toJSON: () => record,
  } as unknown as CgroupManager;
  try {
    Deno.mkdirSync(`${mount}/${name}`);
    const files = {
      "memory.events": "oom 1\noom_kill 1\n",
      "memory.events.local": "oom 1\noom_kill 1\n",
      "memory.max": "4096\n",
    };
    for (const [file, text] of Object.entries(files)) {
      Deno.writeTextFileSync(`${mount}/${name}/${file}`, text);
    }
    const { message } = await explainFailure(HOOK, {}, counting) as Error;
    assertEquals(
      message,
      "container init was OOM-killed (memory limit too low?): the container's limit of 4096 bytes was reached " +
        `(${mount}/${name}), and the kernel killed 1 process`,
    );
  } finally {
    await Deno.remove(mount, { recursive: true });
  }
});

Deno.test("explainFailure() does not mind a cgroup that is gone", async () => {
  const gone = cgroup(() => {
    throw new CgroupError("/x", "gone");
  });
  assertStrictEquals(await explainFailure(HOOK, {}, gone), HOOK);
});

Deno.test("explainFailure() makes a hook's failure of what init and the hook said", async () => {
  using output = memoryFile("output", new TextEncoder().encode(" said\n"));
  const cases: [trace: object, end: string][] = [
    [{ status: 0x200 }, "exit status 2, output: "],
    [{ status: 0x200, output }, "exit status 2, output: said"],
    [{ status: 9, output }, "signal: killed, output: said"],
    [
      { status: 9, output, timedOut: true },
      "it took too long and was killed, output: said",
    ],
  ];
  for (const [trace, end] of cases) {
    const error = await explainFailure(HOOK, trace, CALM);
    assertInstanceOf(error, HookError);
    assertEquals(
      error.message,
      `error running createContainer hook #2: ${end}`,
    );
  }
});

Deno.test("explainFailure() does not blame a hook for another step", async () => {
  const other = new ProgramError(
    { index: 1, purpose: "mount", operation: "fsmount", pointer: "/mounts/0" },
    ERRNO.EPERM,
  );
  assertStrictEquals(await explainFailure(other, { status: 256 }, CALM), other);
});

Deno.test("explainRefusal() gives errors back to root, and those that are no refusal", async () => {
  const refused = new SyscallError("clone3", ERRNO.EPERM);
  const full = new SyscallError("clone3", ERRNO.ENOSPC);
  assertStrictEquals(await explainRefusal(refused, { euid: 0 }), refused);
  for (const error of [full, HOOK, new Error("EPERM"), "EACCES"]) {
    assertStrictEquals(await explainRefusal(error, { euid: 1000 }), error);
  }
});

Deno.test("explainRefusal() adds what is known of user namespaces to a refusal", async () => {
  const refused = new SyscallError("clone3", ERRNO.EPERM);
  const hint = () => "a setting forbids it";
  const error = await explainRefusal(refused, { euid: 1000 }, hint);
  assertInstanceOf(error, RuntimeError);
  assertEquals(
    [error.kind, error.message],
    ["syscall", `${refused.message}; a setting forbids it`],
  );
  const silent = () => undefined;
  assertStrictEquals(
    await explainRefusal(refused, { euid: 1000 }, silent),
    refused,
  );
});
