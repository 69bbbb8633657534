/** Further processes: the command `exec`, and the library's join(). */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { Factory, StateError } from "../mod.ts";
import { assertRejects } from "./assert_rejects.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { ok, type Result, until } from "./command.ts";
import { type Container, isGone } from "./container.ts";
import { exists, missing, namespaceOf } from "./host.ts";
import { FACTORY_OPTIONS } from "./interpreter.ts";

const TYPES = ["pid", "mnt", "ipc", "uts", "net", "cgroup"];

/** What a successful `exec` of a shell script writes, without the last newline. */
async function out(
  container: Container,
  script: string,
  ...flags: string[]
): Promise<string> {
  return written(await exec(container, flags, "sh", "-c", script));
}

function written(result: Result): string {
  return ok(result).stdout.replace(/\n$/, "");
}

const boxes = new WeakMap<Container, Box>();

async function exec(
  container: Container,
  flags: readonly string[],
  ...program: string[]
): Promise<Result> {
  const box = boxes.get(container)!;
  return await box.nsinit(["exec", ...flags, container.id, ...program]);
}

/** The ids of all processes, as `ps` lists them. */
async function pids(container: Container): Promise<number[]> {
  const argv = ["ps", "--format", "json", container.id];
  return JSON.parse(ok(await boxes.get(container)!.nsinit(argv)).stdout);
}

/** The error of an `exec` that could not start its process. */
function refusal({ code, stderr }: Result): string {
  assertEquals(code, 255);
  return stderr;
}

/** A test with a container that runs. */
function claimRunning(
  name: string,
  body: (container: Container, box: Box) => Promise<void>,
  edit?: Edit,
  options: Parameters<typeof claim>[2] = {},
): void {
  claim(name, async (box) => {
    const container = await box.start(edit);
    boxes.set(container, box);
    await body(container, box);
  }, options);
}

claimRunning(
  "exec: the process is in all namespaces and cgroups of the container",
  async (container) => {
    const pid = await container.pid();
    const links = TYPES.map((type) => `readlink /proc/self/ns/${type}`);
    assertEquals(
      (await out(container, links.join("; "))).split("\n"),
      TYPES.map((type) => namespaceOf(pid, type)),
    );
    assertEquals(
      await out(container, "cat /proc/self/cgroup"),
      await out(container, "cat /proc/1/cgroup"),
    );
    assertMatch(await out(container, "cat /proc/1/cmdline"), /^sleep/);
  },
);

claimRunning(
  "exec: exit codes, signals, and 255 for what can't be executed",
  async (container) => {
    const code = async (script: string) =>
      (await exec(container, [], "sh", "-c", script)).code;
    assertEquals(await code("exit 42"), 42);
    assertEquals(await code("kill -9 $$"), 137);
    const missing = await exec(container, [], "no-such-program");
    assertEquals(missing.code, 255);
    assertStringIncludes(
      missing.stderr,
      'exec failed: unable to start container process: exec: \\"no-such-program\\": executable file not found in $PATH',
    );
    assertEquals((await exec(container, [])).code, 255);
  },
);

claimRunning(
  "exec: the standard streams are passed through",
  async (container, box) => {
    const argv = ["exec", container.id, "sh", "-c", "cat; echo error >&2"];
    const result = await box.nsinit(argv, { stdin: "typed" });
    assertEquals([result.stdout, result.stderr], ["typed", "error\n"]);
  },
);

claimRunning(
  "exec: environment, working directory, user and groups",
  async (container) => {
    const flags = [
      ...["--env", "ONE=1", "-e", "TWO=two lines\nof text", "-e", "PATH=/bin"],
      ...["--cwd", "/etc", "--user", "1000:100", "-g", "5"],
      ...["--additional-gids", "6"],
    ];
    const text = await out(
      container,
      'echo "$ONE $TWO $PATH $KEPT"; pwd; id -u; id -g; id -G',
      ...flags,
    );
    assertEquals(text.split("\n"), [
      ...["1 two lines", "of text /bin yes", "/etc", "1000", "100"],
      "100 5 6",
    ]);
    assertEquals(await out(container, "id -u; id -g", "-u", "7"), "7\n0");
  },
  (spec) => spec.process.env.push("KEPT=yes"),
);

claimRunning(
  "exec: capabilities are the configuration's, and inheritable ones are never added",
  async (container) => {
    const sets = async (...flags: string[]) => {
      const text = await out(
        container,
        "grep ^Cap /proc/self/status",
        ...flags,
      );
      return text.split("\n").map((line) => Number.parseInt(line.slice(8), 16));
    };
    const kill = 1 << 5;
    const chown = 1 << 0;
    // Inheritable, permitted, effective, bounding, ambient.
    assertEquals(await sets(), [0, kill, kill, kill, 0]);
    const both = kill | chown;
    assertEquals(await sets("--cap", "CAP_CHOWN"), [0, both, both, both, 0]);
  },
  (spec) => {
    const kill = ["CAP_KILL"];
    spec.process.capabilities = {
      bounding: kill,
      effective: kill,
      permitted: kill,
    };
  },
);

claimRunning(
  "exec: limits, oom score, filter and no_new_privs are the container's",
  async (container) => {
    assertEquals(await out(container, "ulimit -n"), "77");
    assertEquals(await out(container, "cat /proc/self/oom_score_adj"), "123");
    const status = (name: string, ...flags: string[]) =>
      out(container, `grep ^${name}: /proc/self/status`, ...flags);
    assertMatch(await status("Seccomp"), /2$/);
    assertMatch(await status("NoNewPrivs"), /0$/);
    assertMatch(await status("NoNewPrivs", "--no-new-privs"), /1$/);
    const { code, stderr } = await exec(container, [], "mkdir", "/tmp/new");
    assertEquals(code, 1);
    assertMatch(stderr, /Operation not permitted/);
  },
  (spec) => {
    spec.process.noNewPrivileges = false;
    spec.process.oomScoreAdj = 123;
    spec.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 77, hard: 99 }];
    spec.linux.seccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    };
  },
);

claimRunning(
  "exec --process: the process of a file; what it leaves out is the container's",
  async (container, box) => {
    const file = `${box.dir}/process.json`;
    const write = (process: unknown) =>
      Deno.writeTextFileSync(file, JSON.stringify(process));
    write({
      args: ["sh", "-c", "echo $X $KEPT; pwd; id -u; ulimit -n"],
      env: ["X=y", "PATH=/bin"],
      cwd: "/tmp",
      user: { uid: 5, gid: 6 },
    });
    const text = written(await exec(container, ["--process", file]));
    assertEquals(text, "y\n/tmp\n5\n77");
    write({ args: ["true"], cwd: "tmp", user: { uid: 0, gid: 0 } });
    const bad = await exec(container, ["-p", file]);
    assertEquals(bad.code, 255);
    assertStringIncludes(bad.stderr, "/process/cwd");
    write({ args: [], cwd: "/", user: { uid: 0, gid: 0 } });
    assertMatch(refusal(await exec(container, ["-p", file])), /args/);
    write({ cwd: "/", user: { uid: "0", gid: 0 } });
    assertMatch(refusal(await exec(container, ["-p", file])), /\/user\/uid/);
    assertMatch(refusal(await exec(container, ["-p", "/nosuch"])), /nosuch/);
  },
  (spec) => {
    spec.process.env.push("KEPT=yes");
    spec.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 77, hard: 99 }];
  },
);

claimRunning(
  "exec --detach: returns at once, with the pid in a file; delete ends it with the rest",
  async (container, box) => {
    const file = `${box.dir}/exec.pid`;
    const flags = ["--detach", "--pid-file", file];
    ok(await exec(container, flags, "sleep", "1000"));
    const pid = Number(Deno.readTextFileSync(file));
    assertEquals(
      namespaceOf(pid, "pid"),
      namespaceOf(await container.pid(), "pid"),
    );
    assert((await pids(container)).includes(pid));
    await container.kill();
    await until(() => isGone(pid), "end of the other process");
  },
);

claimRunning(
  "exec --pid-file: where it can't be written, no process is left",
  async (container) => {
    const flags = ["--detach", "--pid-file", "/nosuch/dir/pid"];
    const result = await exec(container, flags, "sleep", "1000");
    assertEquals(result.code, 255);
    assertEquals(await pids(container), [await container.pid()]);
  },
);

claimRunning(
  "exec: descriptors of ours are passed only if asked for",
  async (container, box) => {
    const path = `${box.dir}/passed`;
    Deno.writeTextFileSync(path, "kept");
    const run = (...flags: string[]) =>
      box.nsinit(
        [
          "exec",
          ...flags,
          container.id,
          "sh",
          "-c",
          "ls /proc/self/fd; cat <&3",
        ],
        { fds: { 3: path } },
      );
    const kept = ok(await run("--preserve-fds", "1")).stdout;
    assertMatch(kept, /^0\n1\n2\n3\n\d+\nkept$/);
    const without = await run();
    assertMatch(without.stdout, /^0\n1\n2\n\d+\n$/);
    assertEquals(without.code, 1);
    const missing = await run("--preserve-fds", "7");
    assertEquals(missing.code, 255);
    assertStringIncludes(missing.stderr, "preserved-fd");
  },
);

claim(
  "exec: a created container is joined before its program runs",
  async (box) => {
    const container = await box.create();
    boxes.set(container, box);
    assertEquals(await out(container, "cat /proc/1/comm"), "nsinit");
    assertEquals((await container.state()).status, "created");
  },
  {},
);

claimRunning(
  "exec: a paused container only with --ignore-paused, and the process waits for resume",
  async (container, box) => {
    ok(await container.try("pause"));
    const refused = await exec(container, [], "true");
    assertEquals(refused.code, 255);
    assertStringIncludes(
      refused.stderr,
      "cannot exec in a paused container (use --ignore-paused to override)",
    );
    const argv = box.argv(
      "exec",
      "--ignore-paused",
      container.id,
      "echo",
      "on",
    );
    const waiting = box.spawn(argv);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assertEquals(Deno.readTextFileSync(waiting.outFile), "");
    ok(await container.try("resume"));
    assertEquals(ok(await waiting.result()).stdout, "on\n");
  },
);

claimRunning(
  "exec: a stopped container, and one that is not there, are refused",
  async (container, box) => {
    await container.kill();
    const stopped = await exec(container, [], "true");
    assertEquals(stopped.code, 255);
    assertStringIncludes(stopped.stderr, "cannot exec in a stopped container");
    const unknown = await box.nsinit(["exec", `${box.mark}-none`, "true"]);
    assertEquals(unknown.code, 255);
    assertStringIncludes(unknown.stderr, "container does not exist");
  },
);

claimRunning(
  "exec: bad ids of users, groups and cgroups are refused, and nothing is left",
  async (container) => {
    const cases: [flags: string[], text: RegExp][] = [
      [["--user", "root"], /bad uid/],
      [["--user", "0:x"], /bad gid/],
      [["--user", "-1"], /bad uid/],
      [["-g", "4294967295"], /bad additional-gids/],
      [["--cwd", "relative"], /\/process\/cwd/],
      [["--cgroup", ".."], /bad sub cgroup path/],
      [["--cgroup", "a/../../b"], /bad sub cgroup path/],
      [["--cgroup", "nosuch:/x"], /unknown controller nosuch/],
      [["--cgroup", "a", "--cgroup", "b"], /missing <controller>: prefix/],
      [["--cgroup", "pids,:a"], /empty <controller> prefix/],
      [["--cgroup", "pids:a", "--cgroup", "pids:b"], /multiple times/],
      [["--cgroup", "nosuch"], /adding pid \d+ to cgroups.*no such file/],
      [["--console-socket", "/nosuch"], /cannot use console socket/],
      [["--tty", "--detach"], /cannot allocate tty/],
    ];
    for (const [flags, text] of cases) {
      const result = await exec(container, flags, "true");
      assertEquals(result.code, 255, flags.join(" "));
      assertMatch(result.stderr, text);
    }
    assertEquals(await pids(container), [await container.pid()]);
  },
);

claimRunning(
  "exec --cgroup: a cgroup below the container's, for one controller of v1",
  async (container) => {
    await out(container, "mkdir /sys/fs/cgroup/pids/below");
    const flags = ["--cgroup", "pids:below"];
    const lines = await out(container, "cat /proc/self/cgroup", ...flags);
    assertMatch(lines, /:pids:.*\/below$/m);
    assertEquals(lines.match(/\/below$/gm)?.length, 1);
  },
  (spec) => {
    const mount = spec.mounts.find(({ type }) => type === "cgroup")!;
    mount.options = (mount.options ?? []).filter((option) => option !== "ro");
  },
  { skip: exists("/sys/fs/cgroup/pids") ? undefined : "no cgroup v1" },
);

claimRunning(
  "exec --tty: a terminal, which its program controls",
  async (container, box) => {
    const script = "tty; test -t 0 && test -t 2 && echo all; stty size; exit 9";
    const argv = box.argv("exec", "--tty", container.id, "sh", "-c", script);
    const typed = argv.map((word) => `'${word}'`).join(" ");
    const command = `stty rows 33 cols 99; ${typed}; echo code $?`;
    const { stdout } = ok(
      await box.command(["script", "-qec", command, "/dev/null"]),
    );
    const lines = stdout.replaceAll("\r", "").replaceAll("^@", "");
    assertMatch(lines, /\/dev\/pts\/\d+\nall\n33 99\n\W*code 9\n/);
  },
  undefined,
  { skip: missing("script") },
);

claimRunning(
  "exec: 50 at once, each with its own output and exit code",
  async (container) => {
    const many = Array.from({ length: 50 }, (_, n) => n);
    const results = await Promise.all(
      many.map((n) => exec(container, [], "sh", "-c", `echo ${n}; exit ${n}`)),
    );
    assertEquals(
      results.map(({ code, stdout }) => [code, stdout]),
      many.map((n) => [n, `${n}\n`]),
    );
  },
);

claimRunning(
  "library: join() starts further processes, 50 at once",
  async (container, box) => {
    const factory = await Factory.open(box.root, FACTORY_OPTIONS);
    const joined = await factory.load(container.id);
    const many = Array.from({ length: 50 }, (_, n) => n);
    const ends = await Promise.all(many.map(async (n) => {
      const process = await joined.join({
        args: ["sh", "-c", `echo $X ${n}; exit ${n}`],
        env: ["PATH=/bin", "X=x"],
        user: "1000:1000",
        stdin: "null",
        stdout: "piped",
        stderr: "null",
      });
      const output = await new Response(
        process.stdout as ReadableStream<Uint8Array<ArrayBuffer>>,
      ).text();
      const { code } = await process.wait();
      return [output, code];
    }));
    assertEquals(ends, many.map((n) => [`x ${n}\n`, n]));
    const long = await joined.join({ args: ["sleep", "1000"], stdin: "null" });
    assertEquals((await joined.processes()).length, 2);
    assert(long.signal("TERM"));
    assertEquals((await long.wait()).signal, 15);
    await joined.signal("KILL");
    const pid = await container.pid();
    await until(() => isGone(pid), "end of the container");
    const error = await assertRejects(
      () => joined.join({ args: ["true"] }),
      StateError,
    );
    assertEquals(error.message, "cannot exec in a stopped container");
  },
);
