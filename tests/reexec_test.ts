/** The re-executed init, and the choice between it and the init image: --init and initArgs. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { type Edit, makeRootfs } from "./bundle.ts";
import { claim } from "./claim.ts";
import {
  type CommandOptions,
  failure,
  ok,
  type Result,
  until,
} from "./command.ts";
import { isGone } from "./container.ts";
import {
  exists,
  missing,
  namespaceOf,
  NSINIT,
  readIfPresent,
  statusField,
} from "./host.ts";
import type { Spec } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

type Mode = "image" | "reexec" | "auto";
const MODES = ["image", "reexec"] as const;
const MOD = new URL("../mod.ts", import.meta.url).pathname;

/** Runs the executable with a choice of the interpreter. */
function nsinit(
  box: Box,
  mode: Mode,
  args: string[],
  options: CommandOptions = {},
): Promise<Result> {
  return box.command(
    [NSINIT, "--init", mode, "--root", box.root, ...args],
    options,
  );
}

/** Runs a container in the foreground. */
async function run(
  box: Box,
  mode: Mode,
  edit: Edit,
  flags: string[] = [],
): Promise<Result> {
  const { dir } = await box.bundle(edit);
  return await nsinit(box, mode, [
    ...flags,
    "run",
    "--bundle",
    dir,
    box.newId(),
  ]);
}

/** Creates a container that sleeps; its id and its first process. */
async function create(
  box: Box,
  mode: Mode,
  edit?: Edit,
): Promise<{ id: string; pid: number }> {
  const { dir } = await box.bundle((spec, bundle) => {
    spec.process.args = ["sleep", "1000"];
    edit?.(spec, bundle);
  });
  const id = box.newId();
  const pidFile = `${dir}/pid`;
  ok(
    await nsinit(box, mode, ["create", "-b", dir, "--pid-file", pidFile, id]),
  );
  return { id, pid: Number(Deno.readTextFileSync(pidFile)) };
}

/** The sentence of a failure, without the time. */
function sentence(result: Result): string {
  return failure(result).replaceAll(/^time="[^"]*" /gm, "");
}

/** An edit of the program's arguments. */
function args(...words: string[]): Edit {
  return (spec) => {
    spec.process.args = words;
  };
}

claim("--init image: a sealed file waits, of one thread", async (box) => {
  const { pid } = await create(box, "image");
  assertMatch(Deno.readLinkSync(`/proc/${pid}/exe`), /^\/memfd:nsinit/);
  assertEquals(statusField(pid, "Threads"), "1");
});

claim(
  "--init reexec: Deno waits, without signals of its own or descriptors",
  async (box) => {
    const { pid, id } = await create(box, "reexec");
    assertMatch(Deno.readLinkSync(`/proc/${pid}/exe`), /deno$|nsinit$/);
    assert(Number(statusField(pid, "Threads")) > 1);
    assertEquals(statusField(pid, "Name"), "nsinit");
    for (const field of ["SigBlk", "SigCgt"]) {
      assertEquals(statusField(pid, field), "0000000000000000", field);
    }
    const open = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) =>
      name
    );
    assertEquals(open.sort(), ["0", "1", "2", "3", "4"]);
    ok(await nsinit(box, "auto", ["start", id]));
    await until(
      () => Deno.readTextFileSync(`/proc/${pid}/cmdline`).startsWith("sleep"),
      "exec of sleep",
    );
    assertEquals(statusField(pid, "Threads"), "1");
  },
);

claim(
  "--init stands before the command or behind it, where it counts",
  async (box) => {
    const { dir } = await box.bundle(args("true"));
    for (
      const [words, isImage] of [
        [["--init", "image", "create"], true],
        [["--init=reexec", "create"], false],
        [["create", "--init", "reexec"], false],
        [["--init", "reexec", "create", "--init", "image"], true],
        [["--init", "image", "create", "--init=reexec"], false],
      ] as const
    ) {
      const pidFile = `${dir}/pid`;
      const at = words.findIndex((word) => word === "create");
      const argv = [
        NSINIT,
        ...(at > 0 ? words.slice(0, at) : ["--init", "auto"]),
        "--root",
        box.root,
        ...words.slice(at),
        "-b",
        dir,
        "--pid-file",
        pidFile,
        box.newId(),
      ];
      ok(await box.command(argv));
      const exe = Deno.readLinkSync(
        `/proc/${Deno.readTextFileSync(pidFile)}/exe`,
      );
      assertEquals(exe.startsWith("/memfd:"), isImage, words.join(" "));
    }
  },
);

claim("--init: another word is refused, and nothing is made", async (box) => {
  for (const word of ["", "Image", "yes"]) {
    const id = box.newId();
    const { dir } = await box.bundle();
    const text = failure(
      await box.command([
        NSINIT,
        `--init=${word}`,
        "--root",
        box.root,
        "run",
        "-b",
        dir,
        id,
      ]),
    );
    assertStringIncludes(
      text,
      `invalid value \\"${word}\\" for --init: must be image, reexec or auto`,
    );
    assertEquals(exists(`${box.root}/${id}`), false);
  }
});

/** Commands in a PID namespace in which no file in memory can be executed: sysctl vm.memfd_noexec. */
const WITHOUT_MEMFD = [
  ..."unshare --pid --fork --kill-child --mount-proc sh -c".split(" "),
  'echo 2 >/proc/sys/vm/memfd_noexec && exec "$@"',
  "sh",
];
const MEMFD_SKIP = {
  skip: exists("/proc/sys/vm/memfd_noexec")
    ? missing("unshare")
    : "this kernel has no vm.memfd_noexec",
};

for (
  const [title, flags] of [["auto", ["--init", "auto"]], ["no --init", []]]
) {
  claim(
    `${title}: where no image can be executed, init is re-executed, and a debug line says so`,
    async (box) => {
      const { dir } = await box.bundle(args("echo", "hello"));
      const result = ok(
        await box.command([
          ...WITHOUT_MEMFD,
          "env",
          NSINIT,
          ...flags!,
          "--debug",
          "--root",
          box.root,
          "run",
          "-b",
          dir,
          box.newId(),
        ], { ownInit: true }),
      );
      assertEquals(result.stdout, "hello\n");
      assertMatch(
        result.stderr,
        /level=debug msg="init image can't be executed \(EACCES\): re-executing \/.*\n.*machine code/,
      );
    },
    MEMFD_SKIP,
  );
}

claim(
  "--init image: where it can't be executed, the error names a remedy",
  async (box) => {
    const { dir } = await box.bundle(args("true"));
    const id = box.newId();
    const text = failure(
      await box.command([
        ...WITHOUT_MEMFD,
        NSINIT,
        "--init",
        "image",
        "--root",
        box.root,
        "run",
        "-b",
        dir,
        id,
      ]),
    );
    assertStringIncludes(
      text,
      "init image can't be executed (EACCES): vm.memfd_noexec or a security module forbids it; use --init reexec or --init auto",
    );
    assertEquals(exists(`${box.root}/${id}`), false);
  },
  MEMFD_SKIP,
);

claim(
  "auto: no debug line says re-executing where the image can be executed",
  async (box) => {
    const { stderr } = ok(await run(box, "auto", args("true"), ["--debug"]));
    assertNotMatch(stderr, /re-executing|machine code/);
  },
);

claim(
  "--init reexec --debug: a line for each step, between two parts in machine code",
  async (box) => {
    const { dir } = await box.bundle(args("true"));
    const log = `${dir}/log`;
    const flags = ["--debug", "--log", log, "--log-format", "json"];
    ok(
      await nsinit(box, "reexec", [...flags, "run", "-b", dir, box.newId()]),
    );
    const lines = Deno.readTextFileSync(log).trim().split("\n")
      .map((line): { msg: string; level: string } => JSON.parse(line))
      .filter(({ msg }) => /^steps? \d/.test(msg));
    assert(lines.every(({ level }) => level === "debug"));
    const texts = lines.map(({ msg }) => msg);
    assertMatch(texts[0]!, /^steps 0 to \d+: machine code$/);
    assertMatch(texts.at(-1)!, /^steps \d+ to \d+: machine code$/);
    const steps = texts.slice(1, -1);
    const numbers = steps.map((text) => Number(/^step (\d+): /.exec(text)![1]));
    const [, first] = /to (\d+)/.exec(texts[0]!)!;
    assertEquals(numbers[0], Number(first) + 1);
    assertEquals(numbers, numbers.toSorted((a, b) => a - b));
    assertMatch(steps[0]!, /: prctl\(15, "nsinit", 0, 0, 0\) = 0$/);
    assert(steps.some((text) => /: pivot_root\(.*\) = 0$/.test(text)));
    assert(steps.some((text) => / = ENOENT \(no such file/.test(text)));
    assert(steps.some((text) => /unless .* \(it is not\)$/.test(text)));
  },
);

/** What goes wrong, each in another part of the program. */
const FAILURES: Readonly<Record<string, Edit>> = {
  "a namespace's path": (spec) =>
    spec.linux.namespaces.push({ type: "cgroup", path: "/proc/self/ns/net" }),
  "a mount's source": (spec) =>
    spec.mounts.push({
      destination: "/mnt",
      type: "none",
      source: "/nonexistent",
      options: ["bind"],
    }),
  "a mount's option": (spec) =>
    spec.mounts.push({
      destination: "/mnt",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nonsense=1"],
    }),
  "a sysctl": (spec) => {
    spec.linux.sysctl = { "net.ipv4.nonexistent": "1" };
  },
  "a createContainer hook": (spec) => {
    spec.hooks = {
      createContainer: [{
        path: "/bin/sh",
        args: ["sh", "-c", "echo sorry >&2; exit 3"],
      }],
    };
  },
  "a createContainer hook that can't be executed": (spec) => {
    spec.hooks = { createContainer: [{ path: "/nonexistent" }] };
  },
  "a createContainer hook that takes too long": (spec) => {
    spec.hooks = {
      createContainer: [{
        path: "/bin/sleep",
        args: ["sleep", "100"],
        timeout: 1,
      }],
    };
  },
  "a startContainer hook": (spec) => {
    spec.hooks = {
      startContainer: [{
        path: "/bin/sh",
        args: ["sh", "-c", "echo sorry >&2; kill -9 $$"],
      }],
    };
  },
  "the working directory": (spec) => {
    spec.process.cwd = "/bin/sh";
  },
  "a name that is not in PATH": args("nosuchprogram"),
  "a path that is no program": args("/etc"),
  "a file that can't be executed": (spec, bundle) => {
    bundle.file("rootfs/bad", "#!/nonexistent\n");
    spec.process.args = ["/bad"];
  },
};

for (const [what, edit] of Object.entries(FAILURES)) {
  claim(`a failure is told alike by both: ${what}`, async (box) => {
    const [image, reexec] = [
      await run(box, "image", edit),
      await run(box, "reexec", edit),
    ];
    const same = (result: Result): string =>
      sentence(result).replaceAll(/bundle\d|-\d+\b/g, "N");
    assertEquals(same(reexec), same(image));
    assertEquals(reexec.stdout, image.stdout);
  });
}

for (
  const [type, soft] of [
    ["RLIMIT_AS", 8 << 20],
    ["RLIMIT_DATA", 2 << 20],
    ["RLIMIT_STACK", 64 << 10],
    ["RLIMIT_NOFILE", 8],
    ["RLIMIT_NPROC", 1],
    ["RLIMIT_CPU", 1],
  ] as const
) {
  claim(`--init reexec: a small ${type} is no hindrance`, async (box) => {
    const { stdout } = ok(
      await run(box, "reexec", (spec) => {
        spec.process.args = ["cat", "/proc/self/limits"];
        spec.process.rlimits = [{ type, soft, hard: soft }];
      }),
    );
    assertMatch(stdout, new RegExp(` ${soft} +${soft} `));
  });
}

for (const noNewPrivileges of [true, false]) {
  claim(
    `--init reexec: a filter that kills what V8 lives on, ${
      noNewPrivileges ? "with" : "without"
    } no_new_privs`,
    async (box) => {
      const { stdout } = ok(
        await run(box, "reexec", (spec) => {
          spec.process.args = ["grep", "^Seccomp:", "/proc/self/status"];
          spec.process.noNewPrivileges = noNewPrivileges;
          spec.linux.seccomp = {
            defaultAction: "SCMP_ACT_ALLOW",
            syscalls: [{
              names: "futex madvise epoll_wait epoll_pwait eventfd2 clone3"
                .split(" "),
              action: "SCMP_ACT_KILL_PROCESS",
            }, { names: ["mmap"], action: "SCMP_ACT_ERRNO" }],
          };
          spec.hooks = { startContainer: [{ path: "/bin/true" }] };
        }),
      );
      assertEquals(stdout, "Seccomp:\t2\n");
    },
  );
}

/** Types of namespaces and their files. */
const TYPES = [
  ["user", "user"],
  ["mount", "mnt"],
  ["pid", "pid"],
  ["network", "net"],
  ["ipc", "ipc"],
  ["uts", "uts"],
  ["cgroup", "cgroup"],
  ["time", "time"],
] as const;

/** A container that has a namespace of each type of its own. */
function ownAll(spec: Spec): void {
  addUserNamespace(spec);
  spec.linux.namespaces.push({ type: "time" });
  if (!spec.linux.namespaces.some(({ type }) => type === "cgroup")) {
    spec.linux.namespaces.push({ type: "cgroup" });
  }
}

for (const mode of MODES) {
  claim(
    `--init ${mode}: all eight namespaces of another are joined`,
    async (box) => {
      const first = await create(box, mode, ownAll);
      ok(await nsinit(box, mode, ["start", first.id]));
      const second = await create(box, mode, (spec) => {
        spec.linux.namespaces = TYPES.map(([type, file]) => ({
          type,
          path: `/proc/${first.pid}/ns/${file}`,
        }));
        delete spec.hostname;
        delete spec.linux.maskedPaths;
        delete spec.linux.readonlyPaths;
        spec.mounts = [];
        spec.root.path = "/";
        spec.root.readonly = false;
      });
      for (const [, file] of TYPES) {
        assertEquals(
          namespaceOf(second.pid, file),
          namespaceOf(first.pid, file),
          file,
        );
      }
    },
  );

  for (const [type, file] of TYPES) {
    // A user namespace brings others along; a root file system must be seen from a joined mount namespace.
    if (type === "user" || type === "mount") continue;
    claim(
      `--init ${mode}: a joined ${type} namespace beside new ones`,
      async (box) => {
        const first = await create(box, mode, (spec) => {
          if (type === "time") spec.linux.namespaces.push({ type });
        });
        const path = `/proc/${first.pid}/ns/${file}`;
        const second = await create(box, mode, (spec) => {
          spec.linux.namespaces = spec.linux.namespaces.filter((one) =>
            one.type !== type
          );
          spec.linux.namespaces.push({ type, path });
          if (type === "uts") delete spec.hostname;
        });
        assertEquals(Deno.readLinkSync(path), namespaceOf(second.pid, file));
      },
    );
  }
}

claim(
  "--init reexec: a joined mount namespace beside a new user namespace is refused",
  async (box) => {
    const holder = await create(box, "image");
    const path = `/proc/${holder.pid}/ns/mnt`;
    const text = failure(
      await run(box, "reexec", (spec) => {
        addUserNamespace(spec);
        spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
          type !== "mount"
        );
        spec.linux.namespaces.push({ type: "mount", path });
      }),
    );
    assertMatch(
      text,
      /\/linux\/namespaces\/\d+\/path: cannot join \/proc\/\d+\/ns\/mnt: .*\(--init image\)/,
    );
  },
);

claim(
  "--init reexec: neither the caller's variables nor the container's are in init's environment",
  async (box) => {
    const { dir } = await box.bundle((spec) => {
      spec.process.args = ["sleep", "1000"];
      spec.process.env.push("CONTAINER_SECRET=1");
    });
    const pidFile = `${dir}/pid`;
    const env = { CALLER_SECRET: "1", DENO_AUTH_TOKENS: "x@y" };
    const words = ["create", "-b", dir, "--pid-file", pidFile, box.newId()];
    ok(await nsinit(box, "reexec", words, { env }));
    const pid = Deno.readTextFileSync(pidFile);
    const found = Deno.readTextFileSync(`/proc/${pid}/environ`);
    assertNotMatch(found, /SECRET|TOKENS/);
  },
);

claim(
  "--init reexec: who holds init's executable can't write to it, nor when nobody executes it",
  async (box) => {
    const { id, pid } = await create(box, "reexec");
    using file = Deno.openSync(`/proc/${pid}/exe`);
    const target = `/proc/${pid}/exe`;
    const script = [
      `exec 9<${target}`,
      `(echo x >${target}) 2>&1`,
      `echo ready`,
      `while test -e ${target}; do sleep 0.05; done 2>/dev/null`,
      "(echo x >/proc/self/fd/9) 2>&1",
    ].join("\n");
    const attacker = box.spawn(["sh", "-c", script]);
    await until(
      () => (readIfPresent(attacker.outFile) ?? "").includes("ready"),
      "attacker",
    );
    ok(await nsinit(box, "auto", ["delete", "--force", id]));
    await until(() => isGone(pid), "end of init");
    const { stdout } = await attacker.result();
    const [before, , after] = stdout.trim().split("\n");
    assertMatch(before!, /Text file busy|Read-only file system/);
    // Other processes may still execute the same file.
    assertMatch(after!, /Text file busy|Read-only file system/);
    assertEquals(file.statSync().isFile, true);
  },
);

claim(
  "--init reexec: a limit of one process suffices, and one that hooks can't live with is told",
  async (box) => {
    const limited = (hooks: Spec["hooks"]): Edit => (spec) => {
      spec.process.args = ["true"];
      spec.linux.resources = { ...spec.linux.resources, pids: { limit: 1 } };
      if (hooks !== undefined) spec.hooks = hooks;
    };
    ok(await run(box, "reexec", limited(undefined)));
    const hooks = { createContainer: [{ path: "/bin/true" }] };
    assertMatch(
      failure(await run(box, "reexec", limited(hooks))),
      /error during container init: cannot run createContainer hook #0 .*EAGAIN.*: a re-executed init has 3 threads itself, which the limit of processes counts; --init image has one/,
    );
  },
);

claim("--init reexec: too small a limit of memory is told", async (box) => {
  const text = failure(
    await run(box, "reexec", (spec) => {
      spec.linux.resources = {
        ...spec.linux.resources,
        memory: { limit: 4 << 20 },
      };
    }),
  );
  assertMatch(
    text,
    /memory limit.*: a re-executed init takes 12 MiB itself; --init image takes 40 kB/,
  );
});

/** A script that makes a container and is itself the container's init. */
const SCRIPT = `
import { exampleSpec, Factory, init, isInit } from ${JSON.stringify(MOD)};

if (isInit()) init();
const [root, bundle, id] = Deno.args;
const factory = await Factory.open(root, {
  initArgs: [Deno.execPath(), "run", "-A", "--no-config", "--no-lock", import.meta.filename],
  ...JSON.parse(Deno.args[3] ?? "{}"),
});
await using container = await factory.create(id, exampleSpec(), { bundle });
const process = await container.start({ args: ["true"], terminal: false });
console.log(Deno.readLinkSync("/proc/" + process.pid + "/exe"));
await container.exec();
console.log((await process.wait()).code);
`;

/** Runs {@linkcode SCRIPT} with options of the factory. */
async function runScript(box: Box, options: unknown): Promise<Result> {
  const dir = `${box.dir}/bundle`;
  if (!exists(dir)) {
    Deno.mkdirSync(dir);
    makeRootfs(`${dir}/rootfs`);
  }
  Deno.writeTextFileSync(`${dir}/script.ts`, SCRIPT);
  return await box.command([
    Deno.execPath(),
    ..."run -A --no-config --no-lock".split(" "),
    `${dir}/script.ts`,
    box.root,
    dir,
    box.newId(),
    JSON.stringify(options),
  ]);
}

claim("library: initArgs name a program that calls init()", async (box) => {
  const { stdout } = ok(await runScript(box, {}));
  assertEquals(stdout, `${Deno.realPathSync(Deno.execPath())}\n0\n`);
});

claim("library: init chooses between initArgs and the image", async (box) => {
  for (const init of ["image", "auto"]) {
    const { stdout } = ok(await runScript(box, { init }));
    assertMatch(stdout, /^\/memfd:nsinit.*\n0\n$/);
  }
});

claim(
  "library: initArgs that can't serve are refused, or told",
  async (box) => {
    for (
      const [initArgs, message] of [
        [["deno"], `cannot use initArgs: "deno" is no absolute path`],
        [["/nonexistent"], "/nonexistent"],
        [["/etc/passwd"], "cannot re-execute /etc/passwd: permission denied"],
        [["/bin/true"], "the re-executed init, /bin/true, could not start"],
      ] as const
    ) {
      const { code, stderr } = await runScript(box, { initArgs });
      assertEquals(code, 1);
      assertStringIncludes(stderr, message);
    }
    const { stderr } = await runScript(box, { init: "reexec", initArgs: [] });
    assertStringIncludes(stderr, "there are no initArgs");
  },
);

claim(
  "library: an init whose modules the container's root can't read is told of",
  async (box) => {
    const dir = `${box.dir}/private`;
    Deno.mkdirSync(dir, { mode: 0o700 });
    Deno.writeTextFileSync(`${dir}/init.ts`, "");
    const { dir: bundle } = await box.bundle(addUserNamespace);
    const script = `${bundle}/user.ts`;
    Deno.writeTextFileSync(
      script,
      `import { Factory, loadSpec } from ${JSON.stringify(MOD)};
const [root, bundle, id, module] = Deno.args;
const factory = await Factory.open(root, {
  initArgs: [Deno.execPath(), "run", "-A", "--no-config", "--no-lock", module],
});
const { spec } = loadSpec(bundle);
await using container = await factory.create(id, spec, { bundle });
await container.start();
`,
    );
    const { code, stderr } = await box.command([
      Deno.execPath(),
      ..."run -A --no-config --no-lock".split(" "),
      script,
      box.root,
      bundle,
      box.newId(),
      `${dir}/init.ts`,
    ]);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /could not start: .* it and its modules must be readable for the container's root; --init image needs none of that/,
    );
  },
);
