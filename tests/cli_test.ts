/** The command line: version, help, wrong usage, global options, spec. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { exists, NSINIT } from "./host.ts";

/** All commands for users; plan is not one of runc's. */
const COMMANDS = "create delete features kill list run spec start state plan"
  .split(" ");

for (const flag of ["--version", "-v"]) {
  claim(
    `${flag} prints name, version and that of the specification`,
    async (box) => {
      const { stdout, stderr } = ok(await box.command([NSINIT, flag]));
      const lines = stdout.split("\n");
      // runc calls itself "runc".
      assertMatch(lines[0] ?? "", /^nsinit version \d+\.\d+\.\d+/);
      assertStringIncludes(lines.join("\n"), "\nspec: 1.3.0");
      assertEquals(stderr, "");
    },
  );
}

for (const args of [["--help"], ["-h"], ["help"], []]) {
  claim(
    `${args.join(" ") || "no arguments"}: the help names every command`,
    async (box) => {
      const { stdout } = ok(await box.command([NSINIT, ...args]));
      const missing = COMMANDS.filter((command) =>
        !new RegExp(`^ +${command}\\b`, "m").test(stdout)
      );
      assertEquals(missing, []);
    },
  );
}

for (const command of COMMANDS) {
  claim(`${command} --help names the command and its flags`, async (box) => {
    const { stdout, stderr } = ok(
      await box.command([NSINIT, command, "--help"]),
    );
    assertStringIncludes(stdout, command);
    assertEquals(stderr, "");
    const flags: Record<string, string[]> = {
      create:
        "bundle console-socket pid-file no-pivot no-new-keyring preserve-fds"
          .split(" "),
      run:
        "bundle console-socket pid-file no-pivot preserve-fds detach keep no-subreaper"
          .split(" "),
      delete: ["force"],
      list: ["format", "quiet"],
      spec: ["bundle", "rootless"],
      plan: ["bundle", "format"],
    };
    for (const flag of flags[command] ?? []) {
      assertStringIncludes(stdout, `--${flag}`);
    }
  });
}

claim("an unknown command fails and is named", async (box) => {
  const result = await box.command([NSINIT, "dance"]);
  assertEquals(result.code !== 0, true);
  assertStringIncludes(result.stdout + result.stderr, "dance");
});

claim("an unknown global flag fails and is named", async (box) => {
  const { code, stdout, stderr } = await box.command([
    NSINIT,
    "--dance",
    "list",
  ]);
  assertEquals(code, 1);
  assertStringIncludes(stdout + stderr, "dance");
});

for (const command of COMMANDS) {
  claim(`${command}: an unknown flag fails and is named`, async (box) => {
    const { code, stdout, stderr } = await box.nsinit(
      [command, "--dance", "id"],
    );
    assertEquals(code, 1);
    assertStringIncludes(stdout + stderr, "dance");
  });
}

for (const command of ["create", "run", "start", "state", "kill", "delete"]) {
  claim(
    `${command}: without an id it explains its usage and fails`,
    async (box) => {
      const { code, stdout, stderr } = await box.nsinit([command]);
      assertEquals(code, 1);
      assertMatch(stdout + stderr, /Incorrect Usage|requires|argument/);
      assertStringIncludes(stdout + stderr, command);
    },
  );
}

for (const command of ["create", "run", "start", "state", "delete"]) {
  claim(`${command}: a second id fails`, async (box) => {
    const { code } = await box.nsinit([command, "one", "two"]);
    assertEquals(code, 1);
  });
}

claim("a flag without its value fails", async (box) => {
  const { code, stdout, stderr } = await box.nsinit(["create", "--bundle"]);
  assertEquals(code, 1);
  assertMatch(stdout + stderr, /bundle/);
});

claim("a flag's value may follow = or a space", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["true"];
  });
  ok(await box.nsinit(["run", `--bundle=${bundle.dir}`, box.newId()]));
  ok(await box.nsinit(["run", "--bundle", bundle.dir, box.newId()]));
  ok(await box.nsinit(["run", "-b", bundle.dir, box.newId()]));
});

claim("--log-format: another word is refused", async (box) => {
  const text = failure(
    await box.command([NSINIT, "--log-format", "xml", "list"]),
  );
  assertMatch(text, /invalid log-format: "?xml/);
});

claim(
  "--log: the message goes to the file as text, and to stderr",
  async (box) => {
    const file = `${box.dir}/log`;
    const text = failure(await box.nsinit(["--log", file, "state", "nobody"]));
    assertStringIncludes(text, "container does not exist");
    assertMatch(
      await Deno.readTextFile(file),
      /^time="?\S+"? level=error msg="?container does not exist"?\n$/,
    );
  },
);

claim(
  "--log --log-format json: one object a line with level, msg and time",
  async (box) => {
    const file = `${box.dir}/log`;
    const text = failure(
      await box.nsinit(
        ["--log", file, "--log-format", "json", "state", "nobody"],
      ),
    );
    assertStringIncludes(text, "container does not exist");
    const lines = (await Deno.readTextFile(file)).trim().split("\n");
    assertEquals(lines.length, 1);
    const { level, msg, time } = JSON.parse(lines[0] ?? "");
    assertEquals([level, msg], ["error", "container does not exist"]);
    assertEquals(Number.isNaN(Date.parse(time)), false);
  },
);

claim(
  "--log-format json without --log: the object goes to stderr",
  async (box) => {
    const text = failure(
      await box.nsinit(["--log-format", "json", "state", "nobody"]),
    );
    assertEquals(JSON.parse(text).msg, "container does not exist");
  },
);

claim("--log: messages are added to the file", async (box) => {
  const file = `${box.dir}/log`;
  await box.nsinit(["--log", file, "state", "one"]);
  await box.nsinit(["--log", file, "state", "two"]);
  assertEquals((await Deno.readTextFile(file)).trim().split("\n").length, 2);
});

claim("--log: a file that can't be opened fails", async (box) => {
  failure(await box.nsinit(["--log", "/no/such/dir/log", "list"]));
});

claim("--debug: more is logged, and nothing of it to stdout", async (box) => {
  const log = `${box.dir}/log`;
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["echo", "ran"];
  });
  const { stdout } = ok(
    await box.nsinit(
      ["--debug", "--log", log, "run", "-b", bundle.dir, box.newId()],
    ),
  );
  assertEquals(stdout, "ran\n");
  assertStringIncludes(await Deno.readTextFile(log), "level=debug");
});

claim("--root: containers of one root are unknown in another", async (box) => {
  const container = await box.create();
  const other = ["--root", `${box.dir}/other`];
  failure(await box.command([NSINIT, ...other, "state", container.id]));
  const { stdout } = ok(await box.command([NSINIT, ...other, "list", "-q"]));
  assertEquals(stdout, "");
});

claim("--root: a relative directory", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["true"];
  });
  const id = box.newId();
  ok(
    await box.command(
      [NSINIT, "--root", "state", "create", "-b", bundle.dir, id],
      { cwd: box.dir },
    ),
  );
  assertEquals(exists(`${box.root}/${id}`), true);
});

claim(
  "--root: without it, other users have $XDG_RUNTIME_DIR/nsinit",
  async (box) => {
    const dir = `${box.dir}/xdg`;
    await Deno.mkdir(dir);
    await Deno.chown(dir, 65_534, 65_534);
    const { stdout } = ok(
      await box.command([NSINIT, "list", "-q"], {
        env: { XDG_RUNTIME_DIR: dir, USER: "nobody", HOME: "/nonexistent" },
        asNobody: true,
      }),
    );
    assertEquals(stdout, "");
  },
);

claim(
  "spec: writes a config.json of the present specification",
  async (box) => {
    const dir = `${box.dir}/new`;
    await Deno.mkdir(dir);
    ok(await box.command([NSINIT, "spec", "--bundle", dir]));
    const text = await Deno.readTextFile(`${dir}/config.json`);
    const spec = JSON.parse(text);
    assertMatch(spec.ociVersion, /^1\./);
    assertEquals(spec.root, { path: "rootfs", readonly: true });
    assertEquals(spec.process.args, ["sh"]);
    assertEquals(spec.process.terminal, true);
    assertEquals(spec.process.noNewPrivileges, true);
    assertEquals(
      spec.linux.namespaces.map(({ type }: { type: string }) => type)
        .filter((type: string) => type !== "cgroup").sort(),
      ["ipc", "mount", "network", "pid", "uts"],
    );
    assertMatch(text, /^\{\n\t"ociVersion"/);
  },
);

claim("spec: in the current directory by default", async (box) => {
  ok(await box.command([NSINIT, "spec"], { cwd: box.dir }));
  assertEquals(exists(`${box.dir}/config.json`), true);
});

claim("spec: refuses to overwrite", async (box) => {
  await Deno.writeTextFile(`${box.dir}/config.json`, "mine");
  const text = failure(
    await box.command([NSINIT, "spec"], { cwd: box.dir }),
  );
  assertMatch(text, /config\.json exists/);
  assertEquals(await Deno.readTextFile(`${box.dir}/config.json`), "mine");
});

claim("spec: a directory that is missing fails", async (box) => {
  failure(await box.command([NSINIT, "spec", "--bundle", "/no/such/dir"]));
});

claim(
  "spec --rootless: a user namespace with one mapping each, no network namespace, no limits",
  async (box) => {
    ok(await box.command([NSINIT, "spec", "--rootless"], { cwd: box.dir }));
    const spec = JSON.parse(await Deno.readTextFile(`${box.dir}/config.json`));
    const types = spec.linux.namespaces.map(({ type }: { type: string }) =>
      type
    );
    assertEquals([types.includes("user"), types.includes("network")], [
      true,
      false,
    ]);
    assertEquals(spec.linux.uidMappings, [
      { containerID: 0, hostID: Deno.uid(), size: 1 },
    ]);
    assertEquals(spec.linux.resources, undefined);
  },
);

claim(
  "the default config.json runs as it is, but for the terminal",
  async (box) => {
    const bundle = await box.bundle();
    const { code, stdout } = await box.nsinit(
      ["run", "-b", bundle.dir, box.newId()],
      { stdin: "echo from sh\n" },
    );
    assertEquals([code, stdout], [0, "from sh\n"]);
  },
);

claim(
  "the executable works from any directory, through a link, with an empty environment",
  async (box) => {
    await Deno.symlink(NSINIT, `${box.dir}/linked`);
    const { stdout } = ok(
      await box.command([`${box.dir}/linked`, "--version"], {
        cwd: "/",
        clearEnv: true,
      }),
    );
    assertMatch(stdout, /version/);
  },
);
