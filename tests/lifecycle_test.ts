/** create, start, state, kill, delete, list and run: states, texts, JSON shapes: runtime.md#lifecycle. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok, until } from "./command.ts";
import { isGone } from "./container.ts";
import { exists } from "./host.ts";

claim("create: the program waits, its state is created", async (box) => {
  const container = await box.create((spec) => {
    spec.process.args = ["echo", "ran"];
  });
  const state = await container.state();
  assertEquals(state.status, "created");
  assertEquals(isGone(state.pid), false);
  assertEquals(container.output(), "");
});

claim(
  "create, start, end, delete: created, running, stopped, gone",
  async (box) => {
    const container = await box.create();
    assertEquals((await container.state()).status, "created");
    await container.start();
    assertEquals((await container.state()).status, "running");
    await container.kill();
    const { status, pid } = await container.state();
    assertEquals([status, pid], ["stopped", 0]);
    await container.delete();
    assertStringIncludes(
      failure(await container.try("state")),
      "container does not exist",
    );
  },
);

claim("start: the program runs, and its end makes it stopped", async (box) => {
  const container = await box.create((spec) => {
    spec.process.args = ["echo", "ran"];
  });
  await container.start();
  await container.outputWith("ran\n");
  await container.finished();
  assertEquals((await container.state()).status, "stopped");
});

claim(
  "state: exactly the keys that callers know, indented by two spaces",
  async (box) => {
    const container = await box.create((spec) => {
      spec.annotations = { "com.example.note": "yes" };
    });
    const { stdout } = ok(await container.try("state"));
    const state = JSON.parse(stdout);
    assertEquals(Object.keys(state), [
      "ociVersion",
      "id",
      "pid",
      "status",
      "bundle",
      "rootfs",
      "created",
      "annotations",
      "owner",
    ]);
    assertEquals(stdout.trimEnd(), JSON.stringify(state, undefined, 2));
    assertEquals(state.id, container.id);
    assertEquals(state.pid, await container.pid());
    assertEquals(state.bundle, container.bundle.dir);
    assertEquals(state.rootfs, container.bundle.rootfs);
    assertEquals(state.annotations, { "com.example.note": "yes" });
    assertEquals(state.owner, "");
    assertMatch(state.ociVersion, /^1\.\d+\.\d+/);
    assertMatch(state.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    assertEquals(
      Math.abs(Date.now() - Date.parse(state.created)) < 60_000,
      true,
    );
  },
);

claim("state: a reader of pipes gets all of it in one piece", async (box) => {
  const container = await box.create();
  const { stdout } = ok(await container.try("state"));
  assertMatch(stdout, /[^\n]\n$/); // what stood behind the last line end would be a second write
});

claim("state: without annotations there is no such key", async (box) => {
  const container = await box.create();
  assertEquals("annotations" in (await container.state()), false);
});

for (const command of ["state", "start", "kill", "delete"]) {
  claim(`${command}: an unknown id`, async (box) => {
    const text = failure(await box.nsinit([command, "nobody-knows"]));
    assertStringIncludes(text, "container does not exist");
  });
}

claim("delete --force: an unknown id is no error", async (box) => {
  const { code } = await box.nsinit(["delete", "--force", "nobody-knows"]);
  assertEquals(code, 0);
});

claim("create: an id that is taken", async (box) => {
  const container = await box.create();
  const other = await box.bundle();
  const text = failure(
    await box.nsinit(["create", "-b", other.dir, container.id]),
  );
  assertStringIncludes(text, "container with given ID already exists");
  assertEquals((await container.state()).bundle, container.bundle.dir);
});

claim("run: an id that is taken", async (box) => {
  const container = await box.start();
  const text = failure(
    await box.nsinit(["run", "-b", container.bundle.dir, container.id]),
  );
  assertStringIncludes(text, "container with given ID already exists");
  assertEquals((await container.state()).status, "running");
});

claim("an id can be used again after delete", async (box) => {
  const container = await box.create();
  await container.delete();
  ok(
    await box.nsinit(
      ["create", "-b", container.bundle.dir, container.id],
    ),
  );
});

claim("create: the bundle is the current directory by default", async (box) => {
  const bundle = await box.bundle();
  const id = box.newId();
  ok(await box.nsinit(["create", id], { cwd: bundle.dir }));
  const { stdout } = ok(await box.nsinit(["state", id]));
  assertEquals(JSON.parse(stdout).bundle, bundle.dir);
});

claim("create: a relative bundle is made absolute", async (box) => {
  const bundle = await box.bundle();
  const id = box.newId();
  const name = bundle.dir.replace(/.*\//, "");
  ok(await box.nsinit(["create", "--bundle", name, id], { cwd: box.dir }));
  const { stdout } = ok(await box.nsinit(["state", id]));
  assertEquals(JSON.parse(stdout).bundle, bundle.dir);
});

claim("create: a later change of config.json does not matter", async (box) => {
  const container = await box.create((spec) => {
    spec.process.args = ["echo", "before"];
  });
  container.bundle.spec.process.args = ["echo", "after"];
  container.bundle.write();
  await container.start();
  assertEquals(await container.outputWith("\n"), "before\n");
});

claim("create: config.json may be gone afterwards", async (box) => {
  const container = await box.create((spec) => {
    spec.process.args = ["echo", "ran"];
  });
  await Deno.remove(`${container.bundle.dir}/config.json`);
  await container.start();
  await container.outputWith("ran\n");
  await container.finished();
  await container.delete();
});

claim("start: twice", async (box) => {
  const container = await box.start();
  assertStringIncludes(
    failure(await container.try("start")),
    "cannot start an already running container",
  );
  assertEquals((await container.state()).status, "running");
});

claim("start: a container that has stopped", async (box) => {
  const container = await box.start();
  await container.kill();
  assertStringIncludes(
    failure(await container.try("start")),
    "cannot start a container that has stopped",
  );
});

claim("start: a container whose waiting process was killed", async (box) => {
  const container = await box.create();
  const pid = await container.pid();
  Deno.kill(pid, "SIGKILL");
  await until(() => isGone(pid), "end of init");
  assertStringIncludes(
    failure(await container.try("start")),
    "cannot start a container that has stopped",
  );
  await container.delete();
});

// Not runc's: there nobody hears of it.
for (
  const [what, content, reason] of [
    [
      "an interpreter that is missing",
      "#!/no/such/interpreter\n",
      /no such file or directory/i,
    ],
    ["no known format", "just some text\n", /exec format error/i],
  ] as [string, string, RegExp][]
) {
  claim(`start: a program with ${what} is reported by start`, async (box) => {
    const container = await box.create((spec, bundle) => {
      bundle.file("rootfs/bin/broken", content);
      spec.process.args = ["/bin/broken"];
    });
    const text = failure(await container.try("start"));
    assertMatch(text, reason);
    assertStringIncludes(text, "/bin/broken");
    assertEquals((await container.state()).status, "stopped");
    await container.delete();
  });

  claim(
    `run: a program with ${what} is reported, and nothing is left`,
    async (box) => {
      const result = await box.sh("", (spec, bundle) => {
        bundle.file("rootfs/bin/broken", content);
        spec.process.args = ["/bin/broken"];
      });
      assertMatch(failure(result), reason);
      assertEquals(box.leaks(), []);
    },
  );
}

for (const signal of ["9", "KILL", "SIGKILL", "kill"]) {
  claim(`kill: the signal as ${signal}`, async (box) => {
    const container = await box.start();
    await container.kill(signal);
    assertEquals((await container.state()).status, "stopped");
  });
}

claim("kill: SIGTERM by default", async (box) => {
  const container = await box.start((spec) => {
    spec.process.args = [
      "sh",
      "-c",
      'trap "echo got TERM; exit" TERM; echo ready; while :; do sleep 0.02; done',
    ];
  });
  await container.outputWith("ready");
  ok(await container.try("kill"));
  await container.outputWith("got TERM");
});

claim(
  "kill: another signal by name reaches the program and leaves it alive",
  async (box) => {
    const container = await box.start((spec) => {
      spec.process.args = [
        "sh",
        "-c",
        'trap "echo got USR1" USR1; echo ready; while :; do sleep 0.02; done',
      ];
    });
    await container.outputWith("ready");
    ok(await container.try("kill", "USR1"));
    await container.outputWith("got USR1");
    assertEquals((await container.state()).status, "running");
  },
);

claim("kill: an unknown signal is refused and named", async (box) => {
  const container = await box.start();
  assertMatch(
    failure(await container.try("kill", "DREAM")),
    /unknown signal.*DREAM/,
  );
  assertEquals((await container.state()).status, "running");
});

claim("kill: a container that has stopped", async (box) => {
  const container = await box.start();
  await container.kill();
  assertStringIncludes(
    failure(await container.try("kill", "KILL")),
    "container not running",
  );
});

claim(
  "kill: SIGKILL ends what outlived the first process of a shared PID namespace",
  async (box) => {
    const container = await box.start((spec) => {
      spec.process.args = ["sh", "-c", "sleep 1000 & sleep 1000"];
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "pid"
      );
    });
    const pid = await container.pid();
    Deno.kill(pid, "SIGKILL");
    await until(() => isGone(pid), "end of the first process");
    assertStringIncludes(
      failure(await container.try("kill", "TERM")),
      "container not running",
    );
    ok(await container.try("kill", "KILL"));
    assertStringIncludes(
      failure(await container.try("kill", "KILL")),
      "container not running",
    );
  },
);

claim("kill: a container that waits in created", async (box) => {
  const container = await box.create();
  await container.kill();
  assertEquals((await container.state()).status, "stopped");
});

claim("delete: a running container is refused", async (box) => {
  const container = await box.start();
  assertMatch(
    failure(await container.try("delete")),
    /cannot delete container .* that is not stopped: running/,
  );
  assertEquals((await container.state()).status, "running");
});

claim("delete: a created container is killed first", async (box) => {
  const container = await box.create();
  const pid = await container.pid();
  await container.delete();
  assertEquals(isGone(pid), true);
});

claim("delete --force: a running container", async (box) => {
  const container = await box.start();
  const pid = await container.pid();
  ok(await container.try("delete", "--force"));
  assertEquals(isGone(pid), true);
  failure(await container.try("state"));
});

claim("delete: takes nothing that create did not make", async (box) => {
  const container = await box.start();
  await container.kill();
  await container.delete();
  assertEquals(exists(`${container.bundle.dir}/config.json`), true);
  assertEquals(exists(`${container.bundle.rootfs}/bin/busybox`), true);
  assertEquals(exists(`${box.root}/${container.id}`), false);
});

claim(
  "delete --force: removes a state directory without a state",
  async (box) => {
    const id = box.newId();
    await Deno.mkdir(`${box.root}/${id}`, { recursive: true });
    ok(await box.nsinit(["delete", "--force", id]));
    assertEquals(exists(`${box.root}/${id}`), false);
  },
);

claim("create: the state directory is closed to other users", async (box) => {
  const container = await box.create();
  const { mode } = await Deno.stat(box.root);
  assertEquals(mode! & 0o077, 0);
  assertEquals(exists(`${box.root}/${container.id}/state.json`), true);
});

claim("create --pid-file: the process id without a newline", async (box) => {
  const file = `${box.dir}/pid`;
  const bundle = await box.bundle();
  const id = box.newId();
  ok(await box.nsinit(["create", "-b", bundle.dir, "--pid-file", file, id]));
  const { stdout } = ok(await box.nsinit(["state", id]));
  assertEquals(await Deno.readTextFile(file), String(JSON.parse(stdout).pid));
});

claim(
  "create --pid-file: a relative path belongs to the caller's directory",
  async (box) => {
    const bundle = await box.bundle();
    const id = box.newId();
    ok(
      await box.nsinit(
        ["create", "-b", bundle.dir, "--pid-file", "relative.pid", id],
        { cwd: box.dir },
      ),
    );
    const { stdout } = ok(await box.nsinit(["state", id]));
    assertEquals(
      await Deno.readTextFile(`${box.dir}/relative.pid`),
      String(JSON.parse(stdout).pid),
    );
  },
);

claim(
  "create --pid-file: one that can't be written fails and leaves nothing",
  async (box) => {
    const bundle = await box.bundle();
    const id = box.newId();
    const text = failure(
      await box.nsinit(
        ["create", "-b", bundle.dir, "--pid-file", "/no/such/dir/pid", id],
      ),
    );
    assertStringIncludes(text, "/no/such/dir");
    failure(await box.nsinit(["state", id]));
    await until(() => box.leaks().length === 0, "clean-up");
  },
);

claim("run: the container is gone after its end", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["true"];
  });
  const id = box.newId();
  ok(await box.nsinit(["run", "-b", bundle.dir, id]));
  assertStringIncludes(
    failure(await box.nsinit(["state", id])),
    "container does not exist",
  );
  assertEquals(box.leaks(), []);
});

claim("run --keep: the container stays, stopped", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["sh", "-c", "exit 4"];
  });
  const id = box.newId();
  const { code } = await box.nsinit(["run", "--keep", "-b", bundle.dir, id]);
  assertEquals(code, 4);
  const { stdout } = ok(await box.nsinit(["state", id]));
  assertEquals(JSON.parse(stdout).status, "stopped");
  ok(await box.nsinit(["delete", id]));
});

claim("run: the container is running meanwhile", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["sh", "-c", "echo ready; exec sleep 1000"];
  });
  const id = box.newId();
  const run = box.spawn(box.argv("run", "-b", bundle.dir, id));
  await until(
    () =>
      exists(run.outFile) && Deno.readTextFileSync(run.outFile) === "ready\n",
    "container",
  );
  const { stdout } = ok(await box.nsinit(["state", id]));
  assertEquals(JSON.parse(stdout).status, "running");
  ok(await box.nsinit(["kill", id, "KILL"]));
  assertEquals((await run.result()).code, 137);
  assertEquals(exists(`${box.root}/${id}`), false);
});

for (const flag of ["--detach", "-d"]) {
  claim(
    `run ${flag}: returns at once and leaves the container running`,
    async (box) => {
      const bundle = await box.bundle((spec) => {
        spec.process.args = ["sh", "-c", "echo started; exec sleep 1000"];
      });
      const id = box.newId();
      const pidFile = `${box.dir}/pid`;
      const { outFile } = ok(
        await box.nsinit(
          ["run", flag, "--pid-file", pidFile, "-b", bundle.dir, id],
        ),
      );
      await until(
        () => Deno.readTextFileSync(outFile) === "started\n",
        "output of the container",
      );
      const state = JSON.parse(ok(await box.nsinit(["state", id])).stdout);
      assertEquals(state.status, "running");
      assertEquals(await Deno.readTextFile(pidFile), String(state.pid));
    },
  );
}

claim(
  "run --detach: the program's exit code is not the command's",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["false"];
    });
    const { code } = await box.nsinit(
      ["run", "--detach", "-b", bundle.dir, box.newId()],
    );
    assertEquals(code, 0);
  },
);

claim("run: processes left without a PID namespace are ended", async (box) => {
  const { code } = await box.sh("sleep 1000 & exit 0", (spec) => {
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
      type !== "pid"
    );
  });
  assertEquals(code, 0);
  await until(() => box.leaks().length === 0, "end of the processes");
});

/** Creates two containers, the second one started. */
async function two(box: Box) {
  return [await box.create(), await box.start()] as const;
}

claim("list: a table of all containers", async (box) => {
  const [first, second] = await two(box);
  const { stdout } = ok(await box.nsinit(["list"]));
  const lines = stdout.trim().split("\n");
  assertMatch(
    lines[0] ?? "",
    /^ID +PID +STATUS +BUNDLE +CREATED +OWNER *$/,
  );
  assertEquals(lines.length, 3);
  const rows = lines.slice(1).map((line) => line.trim().split(/ +/));
  const row = (id: string) => rows.find((row) => row[0] === id) ?? [];
  assertEquals(row(first.id)[2], "created");
  assertEquals(row(second.id).slice(1, 4), [
    String(await second.pid()),
    "running",
    second.bundle.dir,
  ]);
  assertEquals(row(second.id)[5], "root");
});

claim(
  "list --format json: one line with the same objects as state, and the owner",
  async (box) => {
    const [first, second] = await two(box);
    const { stdout } = ok(await box.nsinit(["list", "--format", "json"]));
    assertEquals(stdout.trimEnd().split("\n").length, 1);
    const list: Record<string, unknown>[] = JSON.parse(stdout);
    const expected = [await first.state(), await second.state()].map((
      state,
    ) => ({
      ...state,
      owner: "root",
    }));
    const byId = (a: Record<string, unknown>, b: Record<string, unknown>) =>
      String(a["id"]).localeCompare(String(b["id"]));
    assertEquals(list.sort(byId), (expected as typeof list).sort(byId));
  },
);

claim("list --quiet: ids alone", async (box) => {
  const containers = await two(box);
  for (const flag of ["--quiet", "-q"]) {
    const { stdout } = ok(await box.nsinit(["list", flag]));
    assertEquals(
      stdout.trim().split("\n").sort(),
      containers.map(({ id }) => id).sort(),
    );
  }
});

claim(
  "list: without containers, and without a state directory",
  async (box) => {
    assertEquals((await box.nsinit(["list", "-q"])).stdout, "");
    const { stdout } = ok(await box.nsinit(["list", "-f", "json"]));
    assertEquals(stdout.trim(), "null");
    const table = ok(await box.nsinit(["list"])).stdout;
    assertMatch(table.trim(), /^ID +PID +STATUS +BUNDLE +CREATED +OWNER$/);
  },
);

claim("list: another format is refused", async (box) => {
  await box.create();
  const text = failure(await box.nsinit(["list", "--format", "xml"]));
  assertStringIncludes(text, "format");
});

claim("ids: letters, digits and _ + . - are fine", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["true"];
  });
  const id = `${box.newId()}.A_b+c-9`;
  ok(await box.nsinit(["run", "-b", bundle.dir, id]));
});

claim(
  "a crash of the runtime at any moment of create: delete --force leaves nothing",
  async (box) => {
    const bundle = await box.bundle();
    for (let delayMs = 2; delayMs <= 60; delayMs += 4) {
      const id = box.newId();
      const create = box.spawn(box.argv("create", "-b", bundle.dir, id));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      try {
        create.kill("SIGKILL");
      } catch {
        // It was done already.
      }
      await create.result();
      ok(await box.nsinit(["delete", "--force", id]));
      assertEquals(exists(`${box.root}/${id}`), false);
    }
    await until(() => box.leaks().length === 0, "clean-up");
  },
  { isRace: true },
);

claim(
  "a crash of the runtime during run: delete --force leaves nothing",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["sh", "-c", "echo ready; exec sleep 1000"];
    });
    const id = box.newId();
    const run = box.spawn(box.argv("run", "-b", bundle.dir, id));
    await until(() => exists(`${box.root}/${id}/state.json`), "state");
    run.kill("SIGKILL");
    await run.result();
    ok(await box.nsinit(["delete", "--force", id]));
    await until(() => box.leaks().length === 0, "clean-up");
  },
  { isRace: true },
);
