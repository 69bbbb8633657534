/** Calls that an agent answers: SCMP_ACT_NOTIFY, config-linux.md#seccomp. */
import { memoryFile } from "../ffi/memfd.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, type Result, until } from "./command.ts";
import { isGone } from "./container.ts";
import { rootless } from "./rootless.ts";
import { ask, startAgent } from "./seccomp_agent.ts";
import { addUserNamespace } from "./user_namespace.ts";

const MKDIR = ["mkdir", "mkdirat"];
/** All that init calls behind the filter, but for write. */
const OF_INIT = ["read", "close", "close_range", "capset", "execve"];

claim("seccomp notify: the agent decides [v2]", async (box) => {
  await using agent = await startAgent(box, (call, path) => {
    if (path === "/dev/shm/fail") call.fail("EXDEV");
    else if (path === "/dev/shm/pretend") call.return(0);
    else call.continue();
  });
  const { stdout, stderr } = await box.sh(
    "for i in real pretend fail; do mkdir /dev/shm/$i; echo $?; done; ls /dev/shm",
    ask(MKDIR, agent),
  );
  assertEquals(stdout, "0\n0\n1\nreal\n");
  assertStringIncludes(stderr, "'/dev/shm/fail': Invalid cross-device link");
  assertEquals(
    agent.calls,
    ["real", "pretend", "fail"].map((name) => `mkdir /dev/shm/${name}`),
  );
});

claim(
  "seccomp notify: the agent is told what the specification says",
  async (box) => {
    await using agent = await startAgent(box, (call) => call.continue());
    const container = await box.create((spec, bundle) => {
      spec.annotations = { "org.example": "x" };
      spec.process.args = ["mkdir", "/dev/shm/a"];
      ask(MKDIR, agent)(spec, bundle);
      spec.linux.seccomp!.listenerMetadata = "for the agent";
    });
    const pid = await container.pid();
    await container.start();
    await container.finished();
    assertEquals(agent.first().container, {
      ociVersion: "1.3.0",
      fds: ["seccompFd"],
      pid,
      metadata: "for the agent",
      state: {
        ociVersion: "1.3.0",
        id: container.id,
        status: "creating",
        pid,
        bundle: container.bundle.dir,
        annotations: { "org.example": "x" },
      },
    });
    assertEquals(agent.first().pid, pid);
  },
);

for (const noNewPrivileges of [true, false]) {
  const title = noNewPrivileges ? "with" : "without";

  claim(
    `seccomp notify: what init calls itself may be asked for, ${title} no_new_privs`,
    async (box) => {
      await using agent = await startAgent(box, (call) => call.continue());
      const { path } = agent;
      const edit = ask(OF_INIT, { path, noNewPrivileges });
      const container = await box.create(edit);
      assert(agent.calls.includes("read"));
      assertEquals(agent.calls.includes("capset"), !noNewPrivileges);
      await container.start();
      assert(agent.calls.includes("execve"));
      await container.kill();
    },
  );

  claim(
    `seccomp notify: in a user namespace, as a user, ${title} no_new_privs`,
    async (box) => {
      await using agent = await startAgent(box, (call, path) => {
        call.fail(path === "/dev/shm/a" ? "ENOSPC" : "EIO");
      });
      const { path } = agent;
      const { stdout, stderr } = await box.sh(
        "id -u; mkdir /dev/shm/a",
        (spec, bundle) => {
          addUserNamespace(spec);
          spec.process.user = { uid: 1000, gid: 1000 };
          ask(MKDIR, { path, noNewPrivileges })(spec, bundle);
        },
      );
      assertEquals(stdout, "1000\n");
      assertStringIncludes(stderr, "No space left on device");
    },
  );
}

claim("seccomp notify: a user without privileges has agents", async (box) => {
  const agent = await startAgent(box, (call) => call.fail("ENOSPC"));
  await using _ = agent;
  await Deno.chown(agent.path, 65_534, 65_534);
  const { stderr } = await rootless(box, "mkdir /tmp/a", (spec) => {
    spec.linux.seccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      listenerPath: agent.path,
      syscalls: [{ names: MKDIR, action: "SCMP_ACT_NOTIFY" }],
    };
  });
  assertStringIncludes(stderr, "'/tmp/a': No space left on device");
});

claim(
  "seccomp notify: the agent may give a file in a file's place",
  async (box) => {
    await Deno.writeTextFile(`${box.dir}/given`, "from the host\n");
    await using agent = await startAgent(box, (call, path) => {
      if (path === "/nowhere") call.addFd(`${box.dir}/given`);
      else call.continue();
    });
    assertEquals(
      await box.out("cat /nowhere", ask(["openat"], agent)),
      "from the host",
    );
  },
);

claim(
  "seccomp notify: a descriptor is given as asked for",
  async (box) => {
    const file = `${box.dir}/given`;
    await Deno.writeTextFile(file, "one\n");
    const seen: unknown[] = [];
    await using agent = await startAgent(box, async (call, path) => {
      const [, address, flags] = call.args;
      if (path === "/twice") {
        // The number is a result of its own; the call waits on.
        const number = call.addFd(file, { answer: false, target: 40 });
        seen.push(number, call.isValid(), call.return(number), call.isValid());
      } else if (path === "/append") {
        seen.push(Number(flags) & 0o3, call.addFd(file, { append: true })! > 2);
      } else if (path === "/descriptor") {
        using given = memoryFile("given", new TextEncoder().encode("three\n"));
        seen.push(call.addFd(given.number, { closeOnExec: true })! > 2);
      } else if (path === "/memory") {
        const bytes = await call.readMemory(address!, 4);
        seen.push(new TextDecoder().decode(bytes));
        seen.push(await call.readMemory(1n, 4), await call.readString(1n));
        seen.push(await call.readString(address!, 3));
        call.fail("EXDEV");
      } else call.continue();
    });
    const { stdout, stderr } = await box.sh(
      "cat /twice; echo two >>/append; cat /descriptor; cat /memory; cat /twice",
      ask(["openat", "open"], agent),
    );
    assertEquals(stdout, "one\nthree\none\ntwo\n");
    assertStringIncludes(stderr, "'/memory': Invalid cross-device link");
    const twice = [40, true, true, false];
    const nothing = new Uint8Array(0);
    assertEquals(seen, [
      ...twice,
      ...[1, true],
      true,
      ...["/mem", nothing, undefined, undefined],
      ...twice,
    ]);
  },
);

claim("seccomp notify: one agent has many containers", async (box) => {
  await using agent = await startAgent(box, (call) => call.fail("EXDEV"));
  const edit: Edit = (spec, bundle) => {
    spec.process.args = ["sh", "-c", "mkdir /dev/shm/a || echo refused"];
    ask(MKDIR, agent)(spec, bundle);
  };
  const containers = [await box.create(edit), await box.create(edit)];
  for (const container of containers) await container.start();
  for (const container of containers) {
    assertEquals(await container.finished(), "refused\n");
  }
});

claim("seccomp notify: a further process has a listener too", async (box) => {
  await using agent = await startAgent(box, (call) => call.fail("EXDEV"));
  const container = await box.start(ask(MKDIR, agent));
  const exec = (): Promise<Result> =>
    container.try("exec", "mkdir", "/dev/shm/a");
  assertStringIncludes((await exec()).stderr, "Invalid cross-device link");
  const { pid, state } = agent.first().container;
  assertEquals(agent.first().pid, pid);
  const first = await container.pid();
  assert(pid !== first);
  assertEquals([state.id, state.status, state.pid], [
    container.id,
    "running",
    first,
  ]);
  await agent.close();
  const refused = await exec();
  assertStringIncludes(refused.stderr, "/linux/seccomp/listenerPath: ");
  assert(refused.code !== 0);
  assertEquals((await container.state()).status, "running");
});

claim(
  "seccomp notify: without its agent a container's calls fail",
  async (box) => {
    const agent = await startAgent(box, (call) => call.continue());
    const container = await box.create((spec, bundle) => {
      spec.process.args = ["sh", "-c", "mkdir /dev/shm/a 2>&1; echo $?"];
      ask(MKDIR, agent)(spec, bundle);
    });
    await agent.close();
    await container.start();
    assertEquals(
      await container.finished(),
      "mkdir: can't create directory '/dev/shm/a': Function not implemented\n1\n",
    );
  },
);

claim(
  "seccomp notify: a call that waits does not keep a container from its end",
  async (box) => {
    const answers: boolean[] = [];
    let isAsked = false;
    let goOn!: () => void;
    const gate = new Promise<void>((resolve) => goOn = resolve);
    await using agent = await startAgent(box, async (call) => {
      isAsked = true;
      assert(call.isValid());
      await gate;
      answers.push(
        call.isValid(),
        await call.readString(call.args[0]!) !== undefined,
        call.continue(),
      );
    });
    const container = await box.create((spec, bundle) => {
      spec.process.args = ["mkdir", "/dev/shm/a"];
      ask(MKDIR, agent)(spec, bundle);
    });
    const pid = await container.pid();
    await container.start();
    await until(() => isAsked, "the call");
    await container.kill();
    await until(() => isGone(pid), "the end");
    goOn();
    await until(() => answers.length === 3, "the answers");
    assertEquals(answers, [false, false, false]);
  },
);

claim(
  "seccomp notify: the waiting process has no listener any more",
  async (box) => {
    await using agent = await startAgent(box, (call) => call.continue());
    const container = await box.create(ask(MKDIR, agent));
    const dir = `/proc/${await container.pid()}/fd`;
    const links = [...Deno.readDirSync(dir)].map(({ name }) =>
      Deno.readLinkSync(`${dir}/${name}`)
    );
    assertEquals(links.filter((link) => link.includes("seccomp")), []);
  },
);

claim("seccomp notify: startContainer hooks are asked for", async (box) => {
  await using agent = await startAgent(box, (call) => call.return(0));
  const container = await box.create((spec, bundle) => {
    ask(MKDIR, agent)(spec, bundle);
    const hook = { path: "/bin/sh", args: ["sh", "-c", "mkdir /dev/shm/hook"] };
    spec.hooks = { startContainer: [hook] };
  });
  await container.start();
  assertEquals(agent.calls, ["mkdir /dev/shm/hook"]);
});

claim(
  "seccomp notify: an agent that forbids the exec makes start fail",
  async (box) => {
    await using agent = await startAgent(box, (call) => call.fail("EACCES"));
    const container = await box.create(ask(["execve"], agent));
    assertStringIncludes(
      failure(await container.try("start")),
      "permission denied",
    );
  },
);

claim("seccomp notify: flags go with it", async (box) => {
  await using agent = await startAgent(box, (call) => call.fail("EXDEV"));
  const flags = ["TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"].map((
    flag,
  ) => `SECCOMP_FILTER_FLAG_${flag}`);
  const { stderr } = await box.sh(
    "mkdir /dev/shm/a",
    ask(MKDIR, { path: agent.path, flags }),
  );
  assertStringIncludes(stderr, "Invalid cross-device link");
});

claim("seccomp notify: the sample agent does as it says", async (box) => {
  const { rootfs } = await box.bundle();
  const sample = new URL("../samples/agent.ts", import.meta.url).pathname;
  const argv = [Deno.execPath(), "run", "-A", "--no-config", sample, rootfs];
  const { stdout, stderr } = await box.command(argv);
  assertEquals(
    stdout,
    "mkdir says that it is done\ncorrect horse battery staple\n",
  );
  assertStringIncludes(stderr, "/sys/anything: No such file or directory");
});
