import {
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
} from "../deps/assert.ts";
import type { StateDocument } from "../spec/state.ts";
import type { Hook } from "../spec/types.ts";
import { describeStatus, HookError, hookFailure } from "./failure.ts";
import { runAllHooks, runHooks } from "./run.ts";

const STATE: StateDocument = {
  ociVersion: "1.3.0",
  id: "web",
  status: "creating",
  pid: 4711,
  bundle: "/bundle",
};

function sh(script: string, more: Partial<Hook> = {}): Hook {
  return { path: "/bin/sh", args: ["sh", "-c", script], ...more };
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

async function withDirectory(
  body: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("runHooks() runs hooks in order, each with the state on its standard input", async () => {
  await withDirectory(async (dir) => {
    await runHooks("prestart", [
      sh(`cat >${dir}/one; echo one >>${dir}/order`),
      sh(`cat >${dir}/two; echo two >>${dir}/order`),
    ], STATE);
    assertEquals(Deno.readTextFileSync(`${dir}/order`), "one\ntwo\n");
    for (const name of ["one", "two"]) {
      const seen = JSON.parse(Deno.readTextFileSync(`${dir}/${name}`));
      assertEquals(seen, STATE);
    }
  });
});

Deno.test("a hook gets its arguments and its environment, and nothing else", async () => {
  await withDirectory(async (dir) => {
    await runHooks("poststart", [
      sh(`echo "$0 $1" >${dir}/args; env | grep -v PWD | sort >${dir}/env`, {
        args: [
          "name",
          "-c",
          `echo "$0 $1" >${dir}/args; env | grep -vE 'PWD|SHLVL|_=' | sort >${dir}/env`,
          "zero",
          "a b",
        ],
        env: ["B=2", "PATH=/usr/bin:/bin"],
      }),
    ], STATE);
    assertEquals(Deno.readTextFileSync(`${dir}/args`), "zero a b\n");
    assertEquals(
      Deno.readTextFileSync(`${dir}/env`),
      "B=2\nPATH=/usr/bin:/bin\n",
    );
  });
});

Deno.test("a hook without arguments is called by its path, and one without an environment gets ours", async () => {
  await withDirectory(async (dir) => {
    const path = `${dir}/hook`;
    Deno.writeTextFileSync(path, `#!/bin/sh\necho "$0:$#:$PATH" >${dir}/out\n`);
    Deno.chmodSync(path, 0o755);
    await runHooks("prestart", [{ path }], STATE);
    const out = Deno.readTextFileSync(`${dir}/out`);
    assertEquals(out, `${path}:0:${Deno.env.get("PATH")}\n`);
    await runHooks("prestart", [{ path, args: [], env: [] }], STATE);
    assertMatch(Deno.readTextFileSync(`${dir}/out`), /:0:/);
  });
});

/** Hooks that fail, and what is said. */
const FAILURES: readonly [what: string, hook: Hook, message: string][] = [
  [
    "exits",
    sh("echo out; echo err >&2; exit 3"),
    "error running createRuntime hook #1: exit status 3, stdout: out, stderr: err",
  ],
  [
    "is killed",
    sh("kill -KILL $$"),
    "error running createRuntime hook #1: signal: killed, stdout: , stderr: ",
  ],
  [
    "is missing",
    { path: "/nonexistent/hook" },
    "error running createRuntime hook #1: cannot execute /nonexistent/hook: execve of the new process: no such file or directory (ENOENT)",
  ],
  [
    "is no program",
    { path: "/etc/passwd" },
    "error running createRuntime hook #1: cannot execute /etc/passwd: execve of the new process: permission denied (EACCES)",
  ],
];

for (const [what, hook, message] of FAILURES) {
  Deno.test(`runHooks() stops at a hook that ${what}`, async () => {
    await withDirectory(async (dir) => {
      const error = await assertRejects(
        () =>
          runHooks("createRuntime", [
            sh("exit 0"),
            hook,
            sh(`touch ${dir}/never`),
          ], STATE),
        HookError,
      );
      assertEquals(
        [error.message, error.hook, error.index, error.kind],
        [message, "createRuntime", 1, "hook"],
      );
      assertEquals(exists(`${dir}/never`), false);
    });
  });
}

Deno.test("a hook that takes too long is killed, and its children do not hold us up", async () => {
  await withDirectory(async (dir) => {
    const start = performance.now();
    const error = await assertRejects(
      () =>
        runHooks("prestart", [
          sh(`echo $$ >${dir}/pid; exec sleep 100`, { timeout: 1 }),
        ], STATE),
      HookError,
    );
    assertEquals(
      error.message,
      "error running prestart hook #0: /bin/sh did not end within 1 s and was killed",
    );
    assertLess(performance.now() - start, 10_000);
    const pid = Deno.readTextFileSync(`${dir}/pid`).trim();
    assertEquals(exists(`/proc/${pid}`), false);
  });
});

Deno.test("a hook that leaves a child behind is done when it has ended itself", async () => {
  const start = performance.now();
  await runHooks("prestart", [sh("sleep 2 & exit 0")], STATE);
  assertLess(performance.now() - start, 1900);
});

Deno.test("a hook that writes a lot is no failure, and a failed one's output is cut", async () => {
  const flood = "yes | head -c 300000";
  await runHooks("prestart", [sh(flood)], STATE);
  const error = await assertRejects(
    () => runHooks("prestart", [sh(`${flood}; exit 1`)], STATE),
    HookError,
  );
  assertLess(error.message.length, 100_000);
});

Deno.test("runAllHooks() runs those behind a failed one too, and gives all failures", async () => {
  await withDirectory(async (dir) => {
    const errors = await runAllHooks("poststop", [
      sh("exit 1"),
      sh(`touch ${dir}/run`),
      { path: "/nonexistent" },
    ], STATE);
    assertEquals(errors.map(({ index }) => index), [0, 2]);
    assertEquals(exists(`${dir}/run`), true);
    assertEquals(await runAllHooks("poststop", [], STATE), []);
  });
});

Deno.test("runHooks() leaves no descriptors open, whatever happens", async () => {
  const count = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = count();
  await runHooks("prestart", [sh("exit 0")], STATE);
  await assertRejects(() => runHooks("prestart", [sh("exit 1")], STATE));
  await assertRejects(() => runHooks("prestart", [{ path: "/x" }], STATE));
  assertEquals(count(), before);
});

Deno.test("hookFailure() tells how a hook of init's ended", () => {
  const said = (waitStatus: number, timedOut = false): string =>
    hookFailure("createContainer", 2, { waitStatus, output: "o", timedOut })
      .message;
  assertEquals(
    [said(0x300), said(9), said(0x8b), said(9, true)],
    [
      "error running createContainer hook #2: exit status 3, output: o",
      "error running createContainer hook #2: signal: killed, output: o",
      "error running createContainer hook #2: signal: segmentation fault, output: o",
      "error running createContainer hook #2: it took too long and was killed, output: o",
    ],
  );
  assertEquals(describeStatus({ code: 0, signal: 0 }), "exit status 0");
});
