/** Hooks of all six kinds: order, place, input, failures: config.md#posix-platform-hooks. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Bundle, Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok, until } from "./command.ts";
import type { Container } from "./container.ts";
import { exists, linkIfPresent, namespaceOf } from "./host.ts";
import { mountAt } from "./mountinfo.ts";
import type { Hook, Spec } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

const BEFORE_START = ["prestart", "createRuntime", "createContainer"];
const AT_START = ["startContainer", "poststart"];
const KINDS = [...BEFORE_START, ...AT_START, "poststop"];

/** Adds a hook that runs a shell script. `$LOG` is a directory of the host, seen by all kinds. */
function addHook(
  spec: Spec,
  bundle: Bundle,
  kind: string,
  script: string,
  options: Partial<Hook> = {},
): void {
  shareLog(spec, bundle);
  // The path of a startContainer hook is looked up in the container, the others' on the host.
  const log = kind === "startContainer" ? "/log" : `${bundle.dir}/log`;
  spec.hooks ??= {};
  (spec.hooks[kind] ??= []).push({
    path: "/bin/sh",
    args: ["sh", "-c", `LOG=${log}\n${script}`],
    ...options,
  });
}

/** Makes the log directory, and mounts it on /log of the container. */
function shareLog(spec: Spec, bundle: Bundle): void {
  if (exists(`${bundle.dir}/log`)) return;
  Deno.mkdirSync(`${bundle.dir}/log`);
  Deno.chmodSync(`${bundle.dir}/log`, 0o777);
  spec.mounts.push({
    destination: "/log",
    type: "none",
    source: "log",
    options: ["bind"],
  });
}

/** An edit that gives each kind the same script; `$KIND` is the kind. */
function hooksOfAllKinds(script: string): Edit {
  return (spec, bundle) => {
    for (const kind of KINDS) {
      addHook(spec, bundle, kind, `KIND=${kind}\n${script}`);
    }
  };
}

/** What a hook wrote to a file of the log directory. */
function log(container: { bundle: Bundle }, file: string): string {
  return Deno.readTextFileSync(`${container.bundle.dir}/log/${file}`).trim();
}

/** Lets a container with hooks live from create to delete. */
async function live(box: Box, edit: Edit): Promise<Container> {
  const container = await box.start(edit);
  await container.kill();
  await container.delete();
  return container;
}

// newer than runc 1.1
claim("hooks run in the order of the lifecycle", async (box) => {
  const container = await box.create(
    hooksOfAllKinds("echo $KIND >>$LOG/order"),
  );
  const order = () => log(container, "order").split("\n");
  assertEquals(order(), BEFORE_START);
  await container.start();
  assertEquals(order(), [...BEFORE_START, ...AT_START]);
  await container.kill();
  assertEquals(order(), [...BEFORE_START, ...AT_START]);
  await container.delete();
  assertEquals(order(), KINDS);
});

claim("hooks of one kind run in the order listed", async (box) => {
  const container = await box.create((spec, bundle) => {
    for (const n of [1, 2, 3]) {
      addHook(
        spec,
        bundle,
        "createRuntime",
        `sleep 0.0$((4 - ${n})); echo ${n} >>$LOG/order`,
      );
    }
  });
  assertEquals(log(container, "order"), "1\n2\n3");
});

// newer than runc 1.1
claim(
  "hooks run for a container in the foreground too, poststop at its end",
  async (box) => {
    const bundle = await box.bundle((spec, bundle) => {
      hooksOfAllKinds("echo $KIND >>$LOG/order")(spec, bundle);
      spec.process.args = ["true"];
    });
    ok(await box.nsinit(["run", "-b", bundle.dir, box.newId()]));
    assertEquals(log({ bundle }, "order").split("\n"), KINDS);
  },
);

for (const kind of KINDS) {
  const within = kind === "createContainer" || kind === "startContainer";

  claim(
    `${kind} hooks run in the namespaces of the ${
      within ? "container" : "runtime"
    }`,
    async (box) => {
      const container = await box.start((spec, bundle) =>
        addHook(
          spec,
          bundle,
          kind,
          "for n in mnt pid net uts ipc; do readlink /proc/self/ns/$n; done >$LOG/seen",
        )
      );
      const pid = await container.pid();
      const files = ["mnt", "pid", "net", "uts", "ipc"];
      const expected = files.map((file) =>
        namespaceOf(within ? pid : "self", file)
      );
      await container.kill();
      await container.delete();
      const seen = log(container, "seen").split("\n");
      // Before pivot_root /proc is the host's, which names a process of another PID namespace all the same.
      assertEquals(seen, expected);
    },
  );

  // newer than runc 1.1
  claim(`${kind} hooks get the state on stdin`, async (box) => {
    const container = await box.create((spec, bundle) => {
      addHook(spec, bundle, kind, "cat >$LOG/state");
      spec.annotations = { "com.example.note": "yes" };
    });
    const pid = await container.pid();
    await container.start();
    await container.kill();
    await container.delete();
    const state = JSON.parse(log(container, "state"));
    assertEquals(state.id, container.id);
    assertEquals(state.bundle, container.bundle.dir);
    assertEquals(state.annotations, { "com.example.note": "yes" });
    assertMatch(state.ociVersion, /^1\.\d+\.\d+/);
    const status: Record<string, string> = {
      startContainer: "created",
      poststart: "running",
      poststop: "stopped",
    };
    assertEquals(state.status, status[kind] ?? "creating");
    const seenPid = within ? 1 : kind === "poststop" ? 0 : pid;
    assertEquals(state.pid ?? 0, seenPid);
  });

  claim(`${kind} hooks get exactly their args and their env`, async (box) => {
    const container = await live(box, (spec, bundle) => {
      const dir = kind === "startContainer" ? "/log" : `${bundle.dir}/log`;
      addHook(spec, bundle, kind, "", {
        args: [
          // busybox takes its own name for the tool to be.
          kind === "startContainer" ? "sh" : "zero",
          "-c",
          `echo "[$0][$1][$2]$#" >${dir}/args; env >${dir}/env`,
          "a",
          "b c",
          "",
        ],
        env: ["ONE=1", "PATH=/usr/bin:/bin"],
      });
    });
    assertEquals(log(container, "args"), "[a][b c][]2");
    // What the shell adds by itself does not count.
    const names = log(container, "env").split("\n")
      .filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line));
    assertEquals(names.sort(), ["ONE=1", "PATH=/usr/bin:/bin"]);
  });

  claim(`${kind} hooks with a timeout are ended by it`, async (box) => {
    const edit: Edit = (spec, bundle) =>
      addHook(spec, bundle, kind, "exec sleep 1000", { timeout: 1 });
    const started = Date.now();
    const container = await tryToLive(box, edit);
    assertEquals(Date.now() - started > 900, true);
    // A late poststop hook is only warned of: the container is gone in any case.
    if (kind !== "poststop") assertEquals(container.failed, true);
    await until(() => box.leaks().length === 0, "end of the hook");
  });

  claim(`${kind} hooks within their timeout are no failure`, async (box) => {
    const container = await live(
      box,
      (spec, bundle) =>
        addHook(spec, bundle, kind, "sleep 0.1; echo done >$LOG/done", {
          timeout: 30,
        }),
    );
    assertEquals(log(container, "done"), "done");
  });
}

/** Like `live`, of a container that may fail on the way. */
async function tryToLive(
  box: Box,
  edit: Edit,
): Promise<{ failed: boolean; text: string; bundle: Bundle; id: string }> {
  const bundle = await box.bundle((spec, bundle) => {
    spec.process.args = ["sleep", "1000"];
    edit(spec, bundle);
  });
  const id = box.newId();
  const steps = [["create", "-b", bundle.dir, id], ["start", id], [
    "delete",
    "--force",
    id,
  ]];
  let text = "";
  let failed = false;
  for (const step of steps) {
    const result = await box.nsinit(step);
    text += result.stderr;
    if (result.code !== 0) {
      failed = true;
      await box.nsinit(["delete", "--force", id]);
      break;
    }
  }
  return { failed, text, bundle, id };
}

for (const kind of BEFORE_START) {
  // newer than runc 1.1
  claim(
    `a failing ${kind} hook makes create fail, and nothing is left`,
    async (box) => {
      const bundle = await box.bundle((spec, bundle) => {
        addHook(spec, bundle, kind, "echo one >>$LOG/order");
        addHook(spec, bundle, kind, "echo said >&2; exit 3");
        addHook(spec, bundle, kind, "echo three >>$LOG/order");
      });
      const id = box.newId();
      const text = failure(await box.nsinit(["create", "-b", bundle.dir, id]));
      assertMatch(text, new RegExp(`error running ${kind} hook #1`));
      assertStringIncludes(text, "said");
      assertEquals(log({ bundle }, "order"), "one");
      failure(await box.nsinit(["state", id]));
      await until(() => box.leaks().length === 0, "clean-up");
    },
  );
}

// runc's start does not hear of it.
claim(
  "a failing startContainer hook makes start fail, the program does not run",
  async (box) => {
    const container = await box.create((spec, bundle) => {
      addHook(spec, bundle, "startContainer", "exit 3");
      spec.process.args = ["echo", "ran"];
    });
    assertMatch(
      failure(await container.try("start")),
      /startContainer hook #0/,
    );
    const result = await container.try("state");
    if (result.code === 0) {
      assertEquals(JSON.parse(result.stdout).status, "stopped");
    }
    assertEquals(container.output(), "");
  },
);

claim(
  "a failing poststart hook makes start fail and ends the container",
  async (box) => {
    const container = await box.create((spec, bundle) =>
      addHook(spec, bundle, "poststart", "exit 3")
    );
    const pid = await container.pid();
    assertMatch(failure(await container.try("start")), /poststart hook #0/);
    await until(() => linkIfPresent(`/proc/${pid}/exe`) === undefined, "end");
  },
);

// runc stops at the first failure and lets delete fail; the specification wants a warning.
claim(
  "a failing poststop hook is a warning, and the others run",
  async (box) => {
    const container = await box.start((spec, bundle) => {
      addHook(spec, bundle, "poststop", "exit 3");
      addHook(spec, bundle, "poststop", "echo two >>$LOG/order");
    });
    await container.kill();
    const result = ok(await container.try("delete"));
    assertMatch(result.stderr, /poststop/);
    assertEquals(log(container, "order"), "two");
    assertEquals(exists(`${box.root}/${container.id}`), false);
  },
);

claim("a hook's program that is missing is named", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.hooks = { createRuntime: [{ path: "/no/such/hook" }] };
  });
  const text = failure(
    await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
  );
  assertStringIncludes(text, "/no/such/hook");
});

// newer than runc 1.1
claim("a hook's path that is relative is refused", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.hooks = { createRuntime: [{ path: "bin/true" }] };
  });
  const text = failure(
    await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
  );
  assertStringIncludes(text, "bin/true");
});

claim(
  "createRuntime hooks find the mounts made and the root not yet changed",
  async (box) => {
    const container = await box.create((spec, bundle) =>
      addHook(
        spec,
        bundle,
        "createRuntime",
        `pid=$(sed 's/.*"pid": *\\([0-9]*\\).*/\\1/'); cat /proc/$pid/mountinfo >$LOG/mounts`,
      )
    );
    const text = log(container, "mounts");
    assertEquals(mountAt(text, `${container.bundle.rootfs}/proc`).type, "proc");
  },
);

claim("createContainer hooks can add a mount to the container", async (box) => {
  const container = await box.start((spec, bundle) => {
    addHook(
      spec,
      bundle,
      "createContainer",
      `mount -t tmpfs -o size=1m hook ${bundle.rootfs}/mnt`,
    );
  });
  const text = Deno.readTextFileSync(
    `/proc/${await container.pid()}/mountinfo`,
  );
  assertEquals(mountAt(text, "/mnt").type, "tmpfs");
});

claim("startContainer hooks see the container's root alone", async (box) => {
  const container = await live(box, (spec, bundle) =>
    addHook(
      spec,
      bundle,
      "startContainer",
      `test -e ${bundle.dir} || echo gone >$LOG/seen; id -u >>$LOG/seen`,
    ));
  assertEquals(log(container, "seen"), "gone\n0");
});

claim(
  "startContainer hooks run as the container's user, with its capabilities",
  async (box) => {
    const container = await live(box, (spec, bundle) => {
      spec.process.user = { uid: 1000, gid: 1000 };
      addHook(
        spec,
        bundle,
        "startContainer",
        "id -u >$LOG/seen; grep CapBnd /proc/self/status >>$LOG/seen",
      );
    });
    // Kill, bind a low port, write to the audit log.
    assertEquals(log(container, "seen"), "1000\nCapBnd:\t0000000020000420");
  },
);

claim(
  "hooks without an env of their own: the runtime's is passed on, without what the launcher adds",
  async (box) => {
    const container = await box.create(
      (spec, bundle) =>
        addHook(
          spec,
          bundle,
          "createRuntime",
          "echo $FROM_CALLER$NSINIT_NOFILE$DENO_LOG >$LOG/seen",
        ),
      {
        env: { FROM_CALLER: "yes" },
      },
    );
    assertEquals(log(container, "seen"), "yes");
  },
);

claim(
  "startContainer hooks without an env of their own get the process's, with its HOME",
  async (box) => {
    const container = await box.create((spec, bundle) => {
      spec.process.env = ["PATH=/bin", "GREETING=hello"];
      addHook(
        spec,
        bundle,
        "startContainer",
        "echo $GREETING $HOME >$LOG/seen",
      );
    });
    await container.start();
    assertEquals(log(container, "seen"), "hello /root");
  },
);

claim("createRuntime hooks start in the bundle", async (box) => {
  const container = await box.create((spec, bundle) =>
    addHook(spec, bundle, "createRuntime", "pwd >$LOG/seen")
  );
  assertEquals(log(container, "seen"), container.bundle.dir);
});

claim(
  "a hook that leaves a process behind does not hold create up",
  async (box) => {
    const started = Date.now();
    const container = await box.create((spec, bundle) =>
      addHook(
        spec,
        bundle,
        "createRuntime",
        "sleep 1000 <&- >&- 2>&- & echo $! >$LOG/pid",
      )
    );
    assertEquals(Date.now() - started < 30_000, true);
    Deno.kill(Number(log(container, "pid")), "SIGKILL");
  },
);

claim("a hook that does not read its input is no failure", async (box) => {
  const container = await box.create((spec, bundle) => {
    spec.annotations = { "com.example.big": "x".repeat(200_000) };
    addHook(spec, bundle, "createRuntime", "exec <&-; exit 0");
  });
  assertEquals((await container.state()).status, "created");
});

claim(
  "createContainer hooks in a user namespace inherit no capabilities",
  async (box) => {
    const container = await box.create((spec, bundle) => {
      addUserNamespace(spec);
      Deno.mkdirSync(`${bundle.rootfs}/log`);
      addHook(
        spec,
        bundle,
        "createContainer",
        "grep -E '^Cap(Inh|Amb)' /proc/self/status >$LOG/sets",
      );
    });
    const none = "0000000000000000";
    assertEquals(log(container, "sets"), `CapInh:\t${none}\nCapAmb:\t${none}`);
  },
);
