import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../deps/assert.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the executable's entry with a state directory of its own. */
async function nsinit(...words: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", "--no-lock", MAIN, ...words],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

async function inTempDir(
  use: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function line(level: string, msg: string): RegExp {
  const text = JSON.stringify(msg).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^time="[^"]+Z" level=${level} msg=${text}\n$`);
}

Deno.test("main() prints the version and nothing else", async () => {
  for (const flag of ["--version", "-v"]) {
    const { code, stdout, stderr } = await nsinit(flag, "state", "x");
    assertEquals([code, stderr], [0, ""]);
    assertMatch(
      stdout,
      /^nsinit version \d+\.\d+\.\d+\ncommit: \S+\nspec: /,
    );
  }
});

Deno.test("main() prints help on standard output", async () => {
  const general = await nsinit();
  assertEquals([general.code, general.stderr], [0, ""]);
  assertStringIncludes(general.stdout, "GLOBAL OPTIONS:");
  for (const words of [["--help"], ["-h", "state"], ["help"], ["h"]]) {
    assertEquals(await nsinit(...words), general);
  }
  const state = await nsinit("state", "--help");
  assertEquals([state.code, state.stderr], [0, ""]);
  assertStringIncludes(state.stdout, "nsinit state - ");
  for (const words of [["help", "state"], ["state", "x", "y", "-h"]]) {
    assertEquals(await nsinit(...words), state);
  }
});

Deno.test("main() fails with 3 for a command that does not exist", async () => {
  for (const words of [["dance"], ["help", "dance"]]) {
    const { code, stdout, stderr } = await nsinit(...words);
    assertEquals([code, stdout], [3, ""]);
    assertMatch(stderr, line("error", "No help topic for 'dance'"));
  }
});

Deno.test("main() fails with 255 for init called by hand", async () => {
  const { code, stdout, stderr } = await nsinit("init");
  assertEquals([code, stdout], [255, ""]);
  assertStringIncludes(stderr, "init can't be called by hand");
});

Deno.test("main() shows how to use a command that gets too few or too many words", async () => {
  const cases: [string[], string][] = [
    [["state"], 'nsinit: "state" requires exactly 1 argument(s)'],
    [["state", "a", "b"], 'nsinit: "state" requires exactly 1 argument(s)'],
    [["list", "a"], 'nsinit: "list" requires exactly 0 argument(s)'],
    [["kill"], 'nsinit: "kill" requires a minimum of 1 argument(s)'],
    [
      ["kill", "a", "9", "b"],
      'nsinit: "kill" requires a maximum of 2 argument(s)',
    ],
  ];
  for (const [words, message] of cases) {
    const { code, stdout, stderr } = await nsinit(...words);
    assertEquals(code, 1);
    assert(
      stdout.startsWith(`Incorrect Usage.\n\nNAME:\n   nsinit ${words[0]} - `),
    );
    assertMatch(stderr, line("error", message));
  }
});

Deno.test("main() shows how to use flags after a wrong one", async () => {
  const message = "flag provided but not defined: -dance";
  const general = await nsinit("--dance", "list");
  const list = await nsinit("list", "--dance");
  for (
    const [{ code, stdout, stderr }, name] of [
      [general, "nsinit - "],
      [list, "nsinit list - "],
    ] as const
  ) {
    assertEquals(code, 1);
    assert(
      stdout.startsWith(`Incorrect Usage: ${message}\n\nNAME:\n   ${name}`),
    );
    assertMatch(stderr, line("error", message));
  }
});

Deno.test("main() logs a failure to the file, and tells it on standard error", async () => {
  await inTempDir(async (dir) => {
    const log = `${dir}/log`;
    const { code, stdout, stderr } = await nsinit(
      ...["--root", dir, "--log", log, "--log-format", "json", "state", "x"],
    );
    assertEquals([code, stdout, stderr], [1, "", "container does not exist\n"]);
    const { level, msg } = JSON.parse(await Deno.readTextFile(log));
    assertEquals([level, msg], ["error", "container does not exist"]);
  });
});

Deno.test("main() logs wrong usage of a command to the file, too", async () => {
  await inTempDir(async (dir) => {
    const log = `${dir}/log`;
    const { stderr } = await nsinit("--log", log, "state", "--dance");
    const message = "flag provided but not defined: -dance";
    assertEquals(stderr, `${message}\n`);
    assertMatch(await Deno.readTextFile(log), line("error", message));
  });
});

Deno.test("main() refuses wrong values of global flags in one line", async () => {
  const cases: [string[], string][] = [
    [["--log-format", "xml"], "invalid log-format: xml"],
    [["--log", "/no/such/log"], "open /no/such/log: no such file or directory"],
    [
      ["--rootless", "perhaps"],
      'invalid value "perhaps" for --rootless: must be true, false or auto',
    ],
    [["--root", "/"], "Option --root argument should not be set to /"],
  ];
  for (const [words, message] of cases) {
    const { code, stdout, stderr } = await nsinit(...words, "state", "x");
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, line("error", message));
  }
});

Deno.test("main() takes --systemd-cgroup for commands that make no cgroup", async () => {
  await inTempDir(async (dir) => {
    for (const flag of ["--systemd-cgroup", "--systemd-cgroup=false"]) {
      const { code, stderr } = await nsinit("--root", dir, flag, "list");
      assertEquals([code, stderr], [0, ""]);
    }
  });
});

Deno.test("list prints a heading, null or nothing without containers", async () => {
  await inTempDir(async (dir) => {
    const root = ["--root", `${dir}/none`];
    assertEquals(
      (await nsinit(...root, "list")).stdout,
      "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n",
    );
    assertEquals((await nsinit(...root, "list", "-f=json")).stdout, "null\n");
    assertEquals((await nsinit(...root, "list", "-q")).stdout, "");
    const { code, stderr } = await nsinit(...root, "list", "-f", "xml");
    assertEquals(code, 1);
    assertMatch(stderr, line("error", "invalid format option"));
  });
});

Deno.test("spec writes an example once", async () => {
  await inTempDir(async (dir) => {
    const first = await nsinit("spec", "--rootless", "-b", dir);
    assertEquals(first, { code: 0, stdout: "", stderr: "" });
    const text = await Deno.readTextFile(`${dir}/config.json`);
    assert(text.startsWith('{\n\t"ociVersion": "1.3.0",\n'));
    assertStringIncludes(text, '"uidMappings"');
    const { code, stderr } = await nsinit("spec", "-b", dir);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      line("error", "File config.json exists. Remove it first"),
    );
    assertEquals(await Deno.readTextFile(`${dir}/config.json`), text);
  });
});

Deno.test("delete --force removes what is no container, and nothing elsewhere", async () => {
  await inTempDir(async (dir) => {
    await Deno.mkdir(`${dir}/root/broken`, { recursive: true });
    await Deno.writeTextFile(`${dir}/root/broken/state.json`, "{");
    await Deno.mkdir(`${dir}/root/empty`);
    await Deno.mkdir(`${dir}/other`);
    const root = ["--root", `${dir}/root`];
    assertEquals((await nsinit(...root, "delete", "broken")).code, 1);
    assertEquals((await nsinit(...root, "delete", "empty")).code, 1);
    for (const id of ["broken", "empty", "missing"]) {
      const outcome = await nsinit(...root, "delete", "--force", id);
      assertEquals(outcome, { code: 0, stdout: "", stderr: "" });
    }
    assertEquals([...Deno.readDirSync(`${dir}/root`)], []);
    assertEquals((await nsinit(...root, "delete", "-f", "../other")).code, 1);
    assert(Deno.statSync(`${dir}/other`).isDirectory);
  });
});

Deno.test("a relative bundle is meant from the working directory", async () => {
  const { code, stderr } = await nsinit("create", "-b", "no/such/dir", "x");
  assertEquals(code, 1);
  assertMatch(
    stderr,
    line(
      "error",
      `nsinit create failed: chdir ${Deno.cwd()}/no/such/dir: no such file or directory`,
    ),
  );
});
