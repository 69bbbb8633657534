/** mod.ts as others use it: a program without configuration, and what its classes promise. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import {
  ConfigError,
  type Container,
  exampleSpec,
  Factory,
  type Process,
  ProgramError,
  RuntimeError,
  type Spec,
  StateError,
} from "../mod.ts";
import { assertRejects } from "./assert_rejects.ts";
import type { Box } from "./box.ts";
import { makeRootfs } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok, until } from "./command.ts";
import { isGone } from "./container.ts";
import { exists } from "./host.ts";
import { FACTORY_OPTIONS } from "./interpreter.ts";
import { observe } from "./observation.ts";

const MOD = new URL("../mod.ts", import.meta.url).pathname;

/** The example without a terminal, and with a process that sleeps. */
function sleeper(): Spec {
  const spec = exampleSpec();
  return {
    ...spec,
    process: { ...spec.process!, terminal: false, args: ["sleep", "1000"] },
  };
}

/** A bundle's directory with a root file system; no config.json. */
function bundleOf(box: Box): string {
  const dir = `${box.dir}/bundle`;
  if (!exists(dir)) {
    Deno.mkdirSync(dir);
    makeRootfs(`${dir}/rootfs`);
  }
  return dir;
}

async function create(box: Box, spec: Spec = sleeper()): Promise<Container> {
  const factory = await Factory.open(box.root, FACTORY_OPTIONS);
  return await factory.create(box.newId(), spec, { bundle: bundleOf(box) });
}

async function textOf(
  stream: ReadableStream<Uint8Array> | undefined,
): Promise<string> {
  return await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>)
    .text();
}

/** Runs a shell script; answers what it wrote, and how it ended. */
async function sh(
  container: Container,
  script: string,
  options: Parameters<Container["run"]>[0] = {},
): Promise<{ output: string; code: number; signal: number }> {
  const process = await container.run({
    args: ["sh", "-c", script],
    stdin: "null",
    stdout: "piped",
    ...options,
  });
  const output = await textOf(process.stdout);
  const { code, signal } = await process.wait();
  observe("process", script, { output, code: `${code}`, signal: `${signal}` });
  return { output, code, signal };
}

const PROGRAM = `
import { exampleSpec, Factory, type ProcessEnd } from ${JSON.stringify(MOD)};

const [root, bundle, id] = Deno.args as [string, string, string];
const factory = await Factory.open(root, ${JSON.stringify(FACTORY_OPTIONS)});
let end: ProcessEnd;
{
  await using container = await factory.create(id, exampleSpec(), { bundle });
  const process = await container.run({
    args: ["echo", "hello"],
    terminal: false,
    stdout: "piped",
  });
  const words: string[] = [];
  for await (const chunk of process.stdout!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
    words.push(chunk);
  }
  end = await process.wait();
  console.log(JSON.stringify({ end, words, status: await container.status() }));
}
console.log((await factory.list()).length);
`;

/** What is no use of the library: types that a caller without our configuration must see. */
const WRONG: readonly [what: string, text: string, message: string][] = [
  [
    "a property that there is not",
    `import { Factory } from ${JSON.stringify(MOD)};
     (await Factory.open("/x")).start();`,
    "Property 'start' does not exist",
  ],
  [
    "a configuration with a wrong type",
    `import { exampleSpec, type Spec } from ${JSON.stringify(MOD)};
     export const spec: Spec = { ...exampleSpec(), hostname: 1 };`,
    "Type 'number' is not assignable to type 'string'",
  ],
];

claim(
  "library: a program in an empty folder type-checks without configuration, and runs a container",
  async (box) => {
    const dir = `${box.dir}/empty`;
    await Deno.mkdir(dir);
    await Deno.writeTextFile(`${dir}/program.ts`, PROGRAM);
    const deno = Deno.execPath();
    ok(await box.command([deno, "check", "program.ts"], { cwd: dir }));
    const args = [box.root, bundleOf(box), box.newId()];
    const { stdout } = ok(
      await box.command([deno, "run", "-A", "program.ts", ...args], {
        cwd: dir,
      }),
    );
    assertEquals(stdout.trim().split("\n").map((line) => JSON.parse(line)), [
      {
        end: { code: 0, signal: 0, oom: false },
        words: ["hello\n"],
        status: "stopped",
      },
      0,
    ]);
    assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name), [
      "program.ts",
    ]);
  },
);

claim(
  "library: the type check notices wrong uses, without configuration",
  async (box) => {
    const files = WRONG.map(([, text], n) => {
      Deno.writeTextFileSync(`${box.dir}/wrong${n}.ts`, text);
      return `wrong${n}.ts`;
    });
    const result = await box.command(
      [Deno.execPath(), "check", ...files],
      { cwd: box.dir, env: { NO_COLOR: "1" } },
    );
    for (const [what, , message] of WRONG) {
      assert(failure(result).includes(message), what);
    }
  },
);

claim("library: run() tells output, exit code and signal", async (box) => {
  const ends: [script: string, output: string, code: number, signal: number][] =
    [
      ["echo out", "out\n", 0, 0],
      ["echo before; exit 7", "before\n", 7, 0],
      ["exit 255", "", 255, 0],
      ["kill -TERM 1; trap 'exit 3' USR1; kill -USR1 1", "", 3, 0],
    ];
  for (const [script, output, code, signal] of ends) {
    await using container = await create(box);
    const end = await sh(container, script);
    assertEquals(end, { output, code, signal });
  }
  assertEquals(box.leaks(), []);
});

claim(
  "library: wait() tells the signal that killed the process, as often as it is asked",
  async (box) => {
    await using container = await create(box);
    const process = await container.run({ stdin: "null" });
    assertEquals(await container.status(), "running");
    assertEquals(process.signal("KILL"), true);
    const end = { code: 0, signal: 9, oom: false };
    assertEquals(await process.wait(), end);
    assertEquals(await process.wait(), end);
    assertEquals(await Promise.all([process.wait(), process.wait()]), [
      end,
      end,
    ]);
    assertEquals(process.signal("KILL"), false);
    assertEquals(process.signal(0), false);
    assertEquals(await container.status(), "stopped");
  },
);

claim(
  "library: a process takes signals by name and number, and no others",
  async (box) => {
    await using container = await create(box);
    const process = await container.run({
      args: [
        "sh",
        "-c",
        "trap 'exit 12' TERM; echo ready; while :; do sleep 0.01; done",
      ],
      stdin: "null",
      stdout: "piped",
    });
    const reader = process.stdout!.getReader();
    assertEquals(
      new TextDecoder().decode((await reader.read()).value),
      "ready\n",
    );
    assertEquals(process.signal(0), true);
    for (const bad of ["NOPE", "SIGNOPE", "", -1, 65, 1.5, "9x"]) {
      let error: unknown;
      try {
        process.signal(bad);
      } catch (thrown) {
        error = thrown;
      }
      assertInstanceOf(error, RuntimeError, `${bad}`);
    }
    await container.signal("SIGTERM");
    assertEquals((await process.wait()).code, 12);
    await reader.cancel();
    const gone = await assertRejects(
      () => container.signal("TERM"),
      StateError,
    );
    assertEquals([gone.id, gone.message], [
      container.id,
      "container not running",
    ]);
  },
);

claim(
  "library: start() makes everything, exec() lets the program go",
  async (box) => {
    await using container = await create(box);
    assertEquals(await container.status(), "creating");
    const process = await container.start({
      args: ["sh", "-c", "echo $$; hostname"],
      stdin: "null",
      stdout: "piped",
    });
    const state = await container.state();
    assertEquals(
      [state.status, state.pid, state.id, state.bundle],
      ["created", process.pid, container.id, bundleOf(box)],
    );
    const command = Deno.readTextFileSync(`/proc/${process.pid}/comm`);
    assertEquals(command, "nsinit\n");
    await container.exec();
    assertEquals(await textOf(process.stdout), "1\nrunc\n");
    assertEquals((await process.wait()).code, 0);
    assertEquals((await container.state()).pid, 0);
  },
);

claim(
  "library: start() and exec() are refused in the wrong state, and harm nothing",
  async (box) => {
    await using container = await create(box);
    const early = await assertRejects(() => container.exec(), StateError);
    assertStringIncludes(early.message, "cannot start a container");
    const process = await container.start({ stdin: "null" });
    await assertRejects(() => container.start(), StateError, "first process");
    await container.exec();
    const again = await assertRejects(() => container.exec(), StateError);
    assertEquals(again.message, "cannot start an already running container");
    await assertRejects(() => container.start(), StateError, "first process");
    assertEquals(await container.status(), "running");
    process.signal("KILL");
    await process.wait();
    const late = await assertRejects(() => container.exec(), StateError);
    assertEquals(late.message, "cannot start a container that has stopped");
  },
);

claim(
  "library: calls at once on one container wait for each other without stopping the program",
  async (box) => {
    await using container = await create(box);
    const started = await Promise.allSettled([
      container.start({ stdin: "null" }),
      container.start({ stdin: "null" }),
      container.start({ stdin: "null" }),
    ]);
    const processes = started.filter((result) => result.status === "fulfilled")
      .map(({ value }) => value);
    assertEquals(processes.length, 1);
    const gone = await Promise.allSettled([
      container.exec(),
      container.exec(),
      container.destroy({ force: true }),
      container.destroy({ force: true }),
    ]);
    assertEquals(gone.filter(({ status }) => status === "fulfilled").length, 2);
    for (const result of [...started, ...gone]) {
      if (result.status === "rejected") {
        assertInstanceOf(result.reason, StateError);
      }
    }
    assertEquals((await processes[0]!.wait()).signal, 9);
    assertEquals(box.leaks(), []);
  },
);

claim(
  "library: destroy() is refused while the program runs, unless forced",
  async (box) => {
    const container = await create(box);
    const process = await container.run({ stdin: "null" });
    const error = await assertRejects(() => container.destroy(), StateError);
    assertMatch(error.message, /is not stopped: running/);
    assertEquals(await container.status(), "running");
    await container.destroy({ force: true });
    assertEquals((await process.wait()).signal, 9);
    assertEquals(exists(`${box.root}/${container.id}`), false);
    for (
      const call of [
        () => container.status(),
        () => container.state(),
        () => container.start(),
        () => container.exec(),
        () => container.signal("KILL"),
        () => container.destroy(),
      ]
    ) {
      const gone = await assertRejects(call, StateError);
      assertEquals(gone.message, "container does not exist");
    }
    assertEquals(box.leaks(), []);
  },
);

claim(
  "library: a container that was never started, or only created, can be destroyed",
  async (box) => {
    const factory = await Factory.open(box.root, FACTORY_OPTIONS);
    const first = await create(box);
    await first.destroy();
    const second = await create(box);
    const process = await second.start({ stdin: "null" });
    await second.destroy();
    assertEquals((await process.wait()).signal, 9);
    const third = await create(box);
    await (await factory.load(third.id)).destroy();
    assertEquals(await factory.list(), []);
    assertEquals(box.leaks(), []);
  },
);

claim(
  "library: `await using` destroys what runs, and does nothing after destroy()",
  async (box) => {
    let pid = 0;
    {
      await using container = await create(box);
      pid = (await container.run({ stdin: "null" })).pid;
      assertEquals(isGone(pid), false);
    }
    await until(() => isGone(pid), "end of the process");
    // The destroyed container's process is collected, though nobody has waited for it.
    assertEquals(exists(`/proc/${pid}`), false);
    await using container = await create(box);
    await container.destroy();
  },
);

claim(
  "library: a bad configuration is a ConfigError with the field's pointer",
  async (box) => {
    const factory = await Factory.open(box.root, FACTORY_OPTIONS);
    const spec = sleeper();
    const bad: [pointer: string, spec: Spec][] = [
      ["/hostname", { ...spec, linux: { namespaces: [{ type: "mount" }] } }],
      ["/root/path", { ...spec, root: { path: "nowhere" } }],
      [
        "/process/env/0",
        { ...spec, process: { ...spec.process!, env: ["nothing"] } },
      ],
    ];
    for (const [pointer, wrong] of bad) {
      const error = await assertRejects(
        () => factory.create(box.newId(), wrong, { bundle: bundleOf(box) }),
        ConfigError,
      );
      assertEquals([error.pointer, error.kind], [pointer, "config"]);
    }
    assertEquals(await factory.list(), []);
    assertEquals(exists(box.root), false);
  },
);

claim(
  "library: bad options of a process are refused, and the container can be started after",
  async (box) => {
    await using container = await create(box);
    const bad: [pointer: string, options: Parameters<Container["run"]>[0]][] = [
      ["/process/args", { args: [] }],
      ["/process/cwd", { cwd: "relative" }],
      ["/process/env/0", { env: ["=x"] }],
      ["/process/user", { user: "nobody" }],
      ["/process/user/uid", { user: "4294967296" }],
      ["/process/user/gid", { user: "1:99999999999" }],
    ];
    for (const [pointer, options] of bad) {
      const error = await assertRejects(
        () => container.start({ stdout: "piped", ...options }),
        ConfigError,
      );
      assertEquals(error.pointer, pointer, error.message);
    }
    const { output } = await sh(container, "echo fine");
    assertEquals(output, "fine\n");
  },
);

claim(
  "library: a set-up that fails is a ProgramError with step and errno, and leaves nothing",
  async (box) => {
    await using container = await create(box);
    for (const name of ["nothing", "/bin/nothing", "/etc/passwd", "/etc"]) {
      const error = await assertRejects(
        () =>
          container.run({
            args: [name],
            stdin: "piped",
            stdout: "piped",
            stderr: "piped",
          }),
        ProgramError,
      );
      assertEquals(error.pointer, "/process/args/0");
      assertEquals(error.kind, "program");
      assert(error.step > 10);
      assertStringIncludes(error.message, name);
      assertEquals(
        error.errnoName,
        name === "/etc/passwd"
          ? "EACCES"
          : name === "/etc"
          ? "EISDIR"
          : "ENOENT",
      );
      assertEquals(await container.status(), "creating");
    }
    assertEquals(box.leaks().filter((leak) => !leak.startsWith("state")), []);
  },
);

claim(
  "library: a program that can't be executed fails in run(), and is collected",
  async (box) => {
    await using container = await create(box);
    Deno.writeTextFileSync(`${bundleOf(box)}/rootfs/bin/broken`, "neither");
    Deno.chmodSync(`${bundleOf(box)}/rootfs/bin/broken`, 0o755);
    const error = await assertRejects(
      () =>
        container.run({ args: ["broken"], stdin: "piped", stdout: "piped" }),
      ProgramError,
    );
    assertEquals([error.operation, error.errnoName], ["execve", "ENOEXEC"]);
    assertEquals(await container.status(), "stopped");
  },
);

claim(
  "library: when exec() says that it failed, the first process has ended",
  async (box) => {
    await using container = await create(box);
    Deno.writeTextFileSync(`${bundleOf(box)}/rootfs/bin/broken`, "neither");
    Deno.chmodSync(`${bundleOf(box)}/rootfs/bin/broken`, 0o755);
    const process = await container.start({ args: ["broken"] });
    await assertRejects(() => container.exec(), ProgramError);
    assert(isGone(process.pid));
  },
);

claim(
  "library: bad ids, taken ids and bad bundles leave nothing",
  async (box) => {
    const factory = await Factory.open(box.root, FACTORY_OPTIONS);
    const bundle = bundleOf(box);
    for (const id of ["", ".", "..", "a/b", "../x", "a b", "x".repeat(1025)]) {
      await assertRejects(
        () => factory.create(id, sleeper(), { bundle }),
        StateError,
      );
      await assertRejects(() => factory.load(id), StateError);
    }
    for (const path of [`${box.dir}/none`, `${box.dir}/file`, ""]) {
      Deno.writeTextFileSync(`${box.dir}/file`, "");
      await assertRejects(
        () => factory.create(box.newId(), sleeper(), { bundle: path }),
        RuntimeError,
      );
    }
    assertEquals(exists(box.root), false);
    await using container = await create(box);
    const error = await assertRejects(
      () => factory.create(container.id, sleeper(), { bundle }),
      StateError,
    );
    assertEquals(error.message, "container with given ID already exists");
    assertEquals((await factory.list()).map(({ id }) => id), [container.id]);
  },
);

claim(
  "library: list() and load() find containers, also of other programs",
  async (box) => {
    const factory = await Factory.open(`${box.root}/`, FACTORY_OPTIONS);
    assertEquals(await factory.list(), []);
    await using one = await create(box);
    const process = await one.run({ stdin: "null" });
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["sleep", "1000"];
    });
    const other = box.newId();
    ok(await box.nsinit(["create", "--bundle", bundle.dir, other]));
    assertEquals(
      (await factory.list()).map(({ id, status }) => [id, status]),
      [[one.id, "running"], [other, "created"]],
    );
    const found = await factory.load(one.id);
    assertEquals((await found.state()).pid, process.pid);
    assertEquals(found.spec.process?.args, ["sleep", "1000"]);
    const foreign = await factory.load(other);
    await foreign.exec();
    assertEquals(await foreign.status(), "running");
    await foreign.destroy({ force: true });
    const missing = await assertRejects(
      () => factory.load("missing"),
      StateError,
    );
    assertEquals(missing.message, "container does not exist");
  },
);

claim("library: one broken record does not hide the others", async (box) => {
  const factory = await Factory.open(box.root, FACTORY_OPTIONS);
  await using container = await create(box);
  const broken = box.newId();
  Deno.mkdirSync(`${box.root}/${broken}`);
  Deno.writeTextFileSync(`${box.root}/${broken}/state.json`, "{");
  const list = await factory.list();
  assertEquals(list.map(({ id, problem }) => [id, problem === undefined]), [
    [container.id, true],
    [broken, false],
  ]);
  await assertRejects(() => factory.load(broken), StateError, "no record");
});

claim(
  "library: what is written to a piped stdin arrives, with its end",
  async (box) => {
    await using container = await create(box);
    const process = await container.run({
      args: ["sh", "-c", "cat; cat >&2"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    });
    const text = "line\n".repeat(100_000);
    const writer = process.stdin!.getWriter();
    const written = writer.write(new TextEncoder().encode(text)).then(() =>
      writer.close()
    );
    const [output, errors] = await Promise.all([
      textOf(process.stdout),
      textOf(process.stderr),
      written,
    ]);
    assertEquals([output === text, errors], [true, ""]);
    assertEquals((await process.wait()).code, 0);
  },
);

claim("library: streams are null or inherited as asked", async (box) => {
  await using container = await create(box);
  const { output } = await sh(container, "cat; readlink /proc/self/fd/0");
  assertEquals(output, "/dev/null\n");
});

claim("library: env, cwd and user are as the options say", async (box) => {
  await using container = await create(box);
  const { output } = await sh(
    container,
    "id -u; id -g; pwd; env | sort | grep -v SHLVL",
    {
      env: ["PATH=/bin", "X=first", "X=second"],
      cwd: "/tmp",
      user: "1000:5",
    },
  );
  assertEquals(output.trim().split("\n"), [
    "1000",
    "5",
    "/tmp",
    "HOME=/home/ana",
    "PATH=/bin",
    "PWD=/tmp",
    "X=second",
  ]);
});

claim(
  "library: 16 containers at once, while a timer keeps ticking",
  async (box) => {
    await using warm = await create(box);
    await sh(warm, "true");
    const start = performance.now();
    let [last, gap] = [start, 0];
    const timer = setInterval(() => {
      const now = performance.now();
      [gap, last] = [Math.max(gap, now - last), now];
    }, 1);
    const many = Array.from({ length: 16 }, (_, n) => n);
    try {
      const ends = await Promise.all(many.map(async (n) => {
        await using container = await create(box);
        return await sh(container, `sleep 0.2; echo ${n}; exit ${n}`);
      }));
      assertEquals(
        ends,
        many.map((n) => ({ output: `${n}\n`, code: n, signal: 0 })),
      );
    } finally {
      clearInterval(timer);
    }
    const elapsed = performance.now() - start;
    Deno.stdout.writeSync(
      new TextEncoder().encode(
        `longest gap: ${gap.toFixed(1)} of ${elapsed.toFixed(1)} ms\n`,
      ),
    );
    assertLess(gap, elapsed / 2);
    await warm.destroy();
    assertEquals(box.leaks(), []);
  },
);

claim(
  "library: a program that waits does not stop others from running",
  async (box) => {
    const containers = await Promise.all(
      [0, 1, 2, 3].map(() => create(box)),
    );
    const processes: Process[] = [];
    for (const container of containers) {
      processes.push(await container.run({ stdin: "null" }));
    }
    const ends = processes.map((process) => process.wait());
    await using quick = await create(box);
    assertEquals((await sh(quick, "echo now")).output, "now\n");
    for (const container of containers) {
      await container.destroy({
        force: true,
      });
    }
    assertEquals((await Promise.all(ends)).map(({ signal }) => signal), [
      9,
      9,
      9,
      9,
    ]);
  },
);

claim(
  "library: a terminal is typed into and read, to its end after wait()",
  async (box) => {
    await using container = await create(box);
    const process = await container.start({
      args: ["sh", "-c", "stty size; read line; echo got $line; tty"],
      terminal: true,
    });
    const terminal = process.console!;
    terminal.resize({ columns: 100, rows: 40 });
    await container.exec();
    await terminal.write(new TextEncoder().encode("a line\n"));
    assertEquals((await process.wait()).code, 0);
    let output = "";
    for (
      let bytes = await terminal.read();
      bytes !== undefined;
      bytes = await terminal.read()
    ) output += new TextDecoder().decode(bytes);
    // What is typed is shown as it is; the line ends of programs are left as they are, too.
    const lines = output.split(/\r?\n/).filter((line) => line !== "a line");
    assertEquals(lines, [
      "40 100",
      "got a line",
      "/dev/pts/0",
      "",
    ]);
  },
);

claim(
  "library: of several creates of one id at once, one succeeds",
  async (box) => {
    const factory = await Factory.open(box.root, FACTORY_OPTIONS);
    const id = box.newId();
    const bundle = bundleOf(box);
    const made = await Promise.allSettled(
      [1, 2, 3].map(() => factory.create(id, sleeper(), { bundle })),
    );
    const good = made.filter((result) => result.status === "fulfilled");
    assertEquals(good.length, 1);
    for (const result of made) {
      if (result.status === "rejected") {
        assertEquals(
          result.reason.message,
          "container with given ID already exists",
        );
      }
    }
    await good[0]!.value.destroy();
  },
);

claim(
  "library: another object of the same container may destroy it, and wait() still tells the end",
  async (box) => {
    const factory = await Factory.open(box.root, FACTORY_OPTIONS);
    const container = await create(box);
    const process = await container.run({ stdin: "null" });
    await (await factory.load(container.id)).destroy({ force: true });
    assertEquals((await process.wait()).signal, 9);
    await container[Symbol.asyncDispose]();
  },
);

claim(
  "library: warnings go to the log, and to nobody without one",
  async (box) => {
    const spec = sleeper();
    spec.process!.capabilities!.bounding!.push("CAP_NO_SUCH_THING");
    const lines: string[] = [];
    const factory = await Factory.open(box.root, {
      ...FACTORY_OPTIONS,
      log: (level, message) => lines.push(`${level}: ${message}`),
    });
    await using container = await factory.create(box.newId(), spec, {
      bundle: bundleOf(box),
    });
    assertEquals((await sh(container, "true")).code, 0);
    assertEquals(
      lines.some((line) => /^warning: .*CAP_NO_SUCH_THING/.test(line)),
      true,
    );
  },
);

claim(
  "destroy() collects processes that joined and that nobody waits for",
  async (box) => {
    const container = await create(box);
    await container.run({ stdin: "null" });
    const options = { args: ["sleep", "1000"], stdin: "null" } as const;
    const joined = await container.join(options);
    await container.destroy({ force: true });
    assertEquals(joined.isCollected, true);
    assertEquals((await joined.wait()).signal, 9);
  },
);
