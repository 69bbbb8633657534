/**
 * What callers read when a command fails: exit code, standard error and log, beside runc's.
 *
 * containerd takes the trimmed message of the last JSON line whose level is "error", and wants an RFC 3339 time in each
 * line. Podman takes a log that is one object, and else what the container monitor read from standard error; both are
 * searched for runc's words, as dockerd does with what containerd gives it.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { ok, type Result, until } from "./command.ts";
import { isGone } from "./container.ts";
import { exists, NSINIT, which } from "./host.ts";
import { INIT_FLAGS } from "./interpreter.ts";

/** A command that fails. ID stands for a container, BUNDLE for a bundle. */
interface Case {
  readonly words: string;
  readonly says: string;
  /** @default {1} */
  readonly code?: number;
  /** What Debian's runc (1.1) says instead: later ones say what we do, or there is a reason, which stands beside. */
  readonly runc?: string;
}

const NONE = "container does not exist";

const WITHOUT_CONTAINER: readonly Case[] = [
  ...["state", "start", "pause", "resume", "ps", "delete", "kill", "events"]
    .map((verb) => ({ words: `${verb} ID`, says: NONE })),
  { words: "update --pids-limit 5 ID", says: NONE },
  { words: "exec ID true", code: 255, says: `exec failed: ${NONE}` },
  { words: "list --format xml", says: "invalid format option" },
  {
    words: "spec --bundle /nosuch",
    says: "chdir /nosuch: no such file or directory",
  },
  {
    words: "spec --bundle BUNDLE",
    says: "File config.json exists. Remove it first",
  },
  {
    words: "run --bundle /nosuch ID",
    says: "RUNTIME run failed: chdir /nosuch: no such file or directory",
  },
  {
    words: "create --bundle BUNDLE ..",
    says: 'RUNTIME create failed: invalid container ID format: ".."', // says which
    runc: "RUNTIME create failed: invalid container ID format",
  },
  {
    words: "create --bundle BUNDLE --console-socket /nosuch ID",
    says:
      "RUNTIME create failed: cannot use console socket if runc will not detach or allocate tty",
  },
  {
    words: "run --bundle BUNDLE --pid-file /nosuch/pid ID",
    says: "RUNTIME run failed: open /nosuch/.pid: no such file or directory",
  },
];

/** Mistakes of the command line: help is printed as well, to standard output. */
const MISUSED: readonly Case[] = [
  ...["state", "start", "pause", "delete", "create", "run", "events"]
    .map((verb) => ({
      words: verb,
      says: `RUNTIME: "${verb}" requires exactly 1 argument(s)`,
    })),
  {
    words: "exec",
    says: 'RUNTIME: "exec" requires a minimum of 1 argument(s)',
  },
  {
    words: "start a b",
    says: 'RUNTIME: "start" requires exactly 1 argument(s)',
  },
  ...["run", "exec", "list"].map((verb) => ({
    words: `${verb} --nosuch`,
    says: "flag provided but not defined: -nosuch",
  })),
  {
    words: "run --preserve-fds x ID",
    says: 'invalid value "x" for flag -preserve-fds: parse error',
  },
];

/** The same in each state of a container. */
const OF_ANY: readonly Case[] = [
  {
    words: "create --bundle BUNDLE ID",
    says: "RUNTIME create failed: container with given ID already exists",
  },
  {
    words: "run --bundle BUNDLE ID",
    says: "RUNTIME run failed: container with given ID already exists",
  },
  { words: "kill ID NOSUCH", says: 'unknown signal "NOSUCH"' },
];

const NOT_FOUND =
  'exec failed: unable to start container process: exec: "nosuch": executable file not found in $PATH';

const BY_STATE: Readonly<Record<string, readonly Case[]>> = {
  created: [
    { words: "resume ID", says: "container not paused" },
    { words: "exec ID nosuch", code: 255, says: NOT_FOUND },
  ],
  running: [
    { words: "start ID", says: "cannot start an already running container" },
    { words: "resume ID", says: "container not paused" },
    {
      words: "delete ID",
      says: "cannot delete container ID that is not stopped: running",
    },
    { words: "exec ID nosuch", code: 255, says: NOT_FOUND },
    {
      words: "exec ID /no/such",
      code: 255,
      says:
        'exec failed: unable to start container process: exec: "/no/such": stat /no/such: no such file or directory',
    },
    {
      words: "exec --cwd /nosuch ID true",
      code: 255,
      says:
        'exec failed: unable to start container process: chdir to cwd ("/nosuch") set in config.json failed: no such file or directory',
    },
    {
      words: "exec --cwd rel ID true",
      code: 255,
      // Says where it stands, as each mistake of a configuration.
      says:
        'exec failed: /process/cwd: Cwd must be an absolute path, got "rel"',
      runc: "exec failed: Cwd must be an absolute path",
    },
    {
      words: "exec ID",
      code: 255,
      says: "exec failed: exec args cannot be empty",
      runc: "exec failed: process args cannot be empty",
    },
    {
      words: "exec --tty --detach ID true",
      code: 255,
      says:
        "exec failed: cannot allocate tty if runc will detach without setting console socket",
    },
    {
      words: "exec --process /nosuch ID",
      code: 255,
      says: "exec failed: open /nosuch: no such file or directory",
    },
    {
      words: "exec --pid-file /nosuch/pid ID true",
      code: 255,
      says: "exec failed: open /nosuch/.pid: no such file or directory",
    },
    {
      words: "update --resources /nosuch ID",
      says: "open /nosuch: no such file or directory",
    },
    {
      words: "events --interval 0s ID",
      says: "duration interval must be greater than 0",
    },
    { words: "ps --format xml ID", says: "invalid format option" },
  ],
  paused: [
    {
      words: "start ID",
      says: "cannot start a container in the paused state",
    },
    { words: "pause ID", says: "container not running" },
    {
      words: "delete ID",
      says: "cannot delete container ID that is not stopped: paused",
    },
    {
      words: "exec ID true",
      code: 255,
      says:
        "exec failed: cannot exec in a paused container (use --ignore-paused to override)",
    },
  ],
  stopped: [
    { words: "start ID", says: "cannot start a container that has stopped" },
    { words: "pause ID", says: "container not running" },
    { words: "resume ID", says: "container not paused" },
    { words: "kill ID", says: "container not running" },
    {
      words: "exec ID true",
      code: 255,
      says: "exec failed: cannot exec in a stopped container",
    },
    {
      words: "events --stats ID",
      says: "container with id ID is not running",
    },
  ],
};

const STARTING = "RUNTIME run failed: unable to start container process: ";
const DURING_INIT = `${STARTING}error during container init: `;

/** Configurations that fail, and in which phase. */
const PHASES: readonly (Omit<Case, "words"> & { edit: Edit })[] = [
  {
    edit: (spec) => spec.process.args = ["nosuch"],
    says: `${DURING_INIT}exec: "nosuch": executable file not found in $PATH`,
    runc: `${STARTING}exec: "nosuch": executable file not found in $PATH`,
  },
  {
    edit: (spec) => spec.hooks = { prestart: [{ path: "/bin/false" }] },
    says:
      `${DURING_INIT}error running prestart hook #0: exit status 1, stdout: , stderr:`,
    runc:
      `${DURING_INIT}error running hook #0: error running hook: exit status 1, stdout: , stderr:`,
  },
  {
    edit: (spec) => spec.hooks = { poststart: [{ path: "/bin/false" }] },
    says:
      "RUNTIME run failed: error running poststart hook #0: exit status 1, stdout: , stderr:",
    runc:
      "RUNTIME run failed: error running hook #0: error running hook: exit status 1, stdout: , stderr:",
  },
  {
    edit: (spec) => spec.process.args = [],
    says:
      "RUNTIME run failed: /process/args: args must not be empty, expected the program to run",
    runc: "RUNTIME run failed: args must not be empty",
  },
];

/** One of the two, with what it is called with. */
class Runtime {
  readonly name: "nsinit" | "runc";
  readonly id: string;
  readonly #box: Box;
  #logs = 0;

  constructor(box: Box, name: "nsinit" | "runc") {
    this.name = name;
    this.id = name === "nsinit" ? box.newId() : `${box.mark}-runc`;
    this.#box = box;
  }

  get #argv(): string[] {
    return this.name === "nsinit"
      ? [NSINIT, "--root", this.#box.root, ...INIT_FLAGS]
      : ["runc", "--root", `${this.#box.dir}/runc`];
  }

  call(words: readonly string[], globals: string[] = []): Promise<Result> {
    return this.#box.command([...this.#argv, ...globals, ...words]);
  }

  /** Puts its container into a state. */
  async bring(state: string, bundle: string): Promise<void> {
    const pidFile = `${bundle}/${this.name}.pid`;
    const flags = ["--bundle", bundle, "--pid-file", pidFile];
    ok(await this.call(["create", ...flags, this.id]));
    if (state === "created") return;
    ok(await this.call(["start", this.id]));
    if (state === "paused") ok(await this.call(["pause", this.id]));
    if (state !== "stopped") return;
    ok(await this.call(["kill", this.id, "KILL"]));
    const pid = Number(Deno.readTextFileSync(pidFile));
    await until(() => isGone(pid), "the end of the container");
  }

  /** Calls it with a log of JSON; gives what callers make of that, and checks its form. */
  async fail(words: readonly string[]): Promise<{ code: number; msg: string }> {
    const log = `${this.#box.dir}/${this.name}.log${this.#logs++}`;
    const globals = ["--log", log, "--log-format", "json"];
    const { code, stderr } = await this.call(words, globals);
    const errors = Deno.readTextFileSync(log).split("\n").slice(0, -1)
      .map((line) => JSON.parse(line)).filter(({ level }) => level === "error");
    const { msg = "" } = errors.at(-1) ?? {};
    for (const line of this.name === "nsinit" ? errors : []) {
      assertEquals(Object.keys(line), ["level", "msg", "time"]);
      assertMatch(line.time, RFC3339);
      assertEquals(line.msg.trim().split("\n").length, 1);
    }
    // With a log, standard error gets the sentence.
    assertStringIncludes(stderr, msg.trim());
    if (this.name === "nsinit") assertEquals(stderr, `${msg}\n`);
    return { code, msg: this.#general(msg.trim()) };
  }

  /** What does not depend on who says it, and of which container. */
  #general(text: string): string {
    return text.replaceAll(this.id, "ID").replace(
      /^(?:nsinit|runc)\b/,
      "RUNTIME",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const root = this.name === "nsinit"
      ? this.#box.root
      : `${this.#box.dir}/runc`;
    if (!exists(`${root}/${this.id}`)) return;
    ok(await this.call(["delete", "--force", this.id]));
  }
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/;
const HAS_RUNC = which("runc") !== undefined;

function wordsOf({ words }: Case, id: string, bundle: string): string[] {
  return words.split(" ").map((word) =>
    word === "ID" ? id : word === "BUNDLE" ? bundle : word
  );
}

/** Calls both with each case, and compares. */
async function compare(
  box: Box,
  cases: readonly Case[],
  options: { state?: string; edit?: Edit } = {},
): Promise<void> {
  const { dir } = await box.bundle((spec, bundle) => {
    spec.process.args = ["sleep", "1000"];
    options.edit?.(spec, bundle);
  });
  const names = HAS_RUNC ? ["nsinit", "runc"] as const : ["nsinit"] as const;
  for (const name of names) {
    await using runtime = new Runtime(box, name);
    if (options.state !== undefined) await runtime.bring(options.state, dir);
    for (const one of cases) {
      const says = name === "runc" ? one.runc ?? one.says : one.says;
      assertEquals(
        await runtime.fail(wordsOf(one, runtime.id, dir)),
        { code: one.code ?? 1, msg: says },
        `${name} ${one.words}`,
      );
    }
  }
}

claim(
  "log contract: commands without a container fail as runc's",
  (box) => compare(box, WITHOUT_CONTAINER),
);

claim(
  "log contract: mistakes of the command line are told as runc tells them",
  (box) => compare(box, MISUSED),
);

for (const [state, cases] of Object.entries(BY_STATE)) {
  claim(
    `log contract: commands for a ${state} container fail as runc's`,
    (box) => compare(box, [...cases, ...OF_ANY], { state }),
  );
}

claim(
  "log contract: a container that can't be made says in which phase it failed",
  async (box) => {
    for (const { edit, ...rest } of PHASES) {
      await compare(box, [{ words: "run --bundle BUNDLE ID", ...rest }], {
        edit,
      });
    }
  },
);

claim(
  "log contract: without --log each command writes one line of text, or of JSON, to standard error",
  async (box) => {
    for (
      const name of HAS_RUNC ? ["nsinit", "runc"] as const : ["nsinit"] as const
    ) {
      const runtime = new Runtime(box, name);
      for (const verb of ["state", "start", "delete", "kill", "pause", "ps"]) {
        const { code, stderr } = await runtime.call([verb, runtime.id]);
        assertEquals(code, 1);
        assertMatch(
          stderr,
          /^time="[^"]+" level=error msg="container does not exist"\n$/,
        );
      }
      const json = await runtime.call(["exec", runtime.id, "true"], [
        "--log-format",
        "json",
      ]);
      assertEquals(json.code, 255);
      const { level, msg, time, ...rest } = JSON.parse(json.stderr);
      assertEquals([level, msg, rest], [
        "error",
        "exec failed: container does not exist",
        {},
      ]);
      assertMatch(time, RFC3339);
      const unknown = await runtime.call(["nosuch"]);
      assertEquals(unknown.code, 3);
      assertMatch(
        unknown.stderr,
        /level=error msg="No help topic for 'nosuch'/,
      );
      const format = await runtime.call(["list"], ["--log-format", "xml"]);
      assertEquals(format.code, 1);
      assertMatch(format.stderr, /level=error msg="invalid log-format: xml"\n/);
    }
  },
);

claim(
  "log contract: with --debug there are more lines, and the last error is still the failure",
  async (box) => {
    const log = `${box.dir}/log`;
    const { dir } = await box.bundle((spec) => {
      spec.process.args = ["nosuch"];
    });
    const globals = ["--debug", "--log", log, "--log-format", "json"];
    const { code } = await box.nsinit([
      ...[...globals, "run", "--bundle", dir, box.newId()],
    ]);
    assertEquals(code, 1);
    const lines = Deno.readTextFileSync(log).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    assert(lines.some(({ level }) => level === "debug"));
    for (const { level, msg, time } of lines) {
      assertEquals([typeof level, typeof msg], ["string", "string"]);
      assertMatch(time, RFC3339);
    }
    assertStringIncludes(
      lines.findLast(({ level }) => level === "error").msg,
      'exec: "nosuch": executable file not found in $PATH',
    );
  },
);
