/** Containers of an ordinary user with an account: more ids than one, the life of a container, what is missing. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { type Account, manyIds, NO_ACCOUNTS, withAccount } from "./account.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Result, until } from "./command.ts";
import { isGone } from "./container.ts";
import { exists, missing, namespaceOf, NSINIT } from "./host.ts";
import { rootless, rootlessBundle } from "./rootless.ts";
import type { Spec } from "./spec.ts";

const SKIP = { skip: NO_ACCOUNTS };

/** A test with an account that may map many ids. */
function claimAs(
  name: string,
  body: (box: Box, account: Account) => Promise<void>,
  options: { ranges?: boolean } = {},
): void {
  const run = (box: Box) =>
    withAccount(box, (account) => body(box, account), options);
  claim(name, run, SKIP);
}

/** Gives a container all ids of the account. */
function withManyIds(account: Account): (spec: Spec) => void {
  return (spec) => {
    spec.linux.uidMappings = manyIds(account);
    spec.linux.gidMappings = [
      { containerID: 0, hostID: account.gid, size: 1 },
      ...manyIds(account).slice(1),
    ];
  };
}

function writable(spec: Spec): void {
  spec.root.readonly = false;
}

function ownerOf(path: string): string {
  const { uid, gid } = Deno.lstatSync(path);
  return `${uid}:${gid}`;
}

/** What a script in a container of the account writes, without the last newline. */
async function out(
  box: Box,
  account: Account,
  script: string,
  edit?: (spec: Spec) => void,
): Promise<string> {
  const { stdout } = ok(await rootless(box, script, edit, account));
  return stdout.replace(/\n$/, "");
}

claimAs(
  "rootless user: newuidmap and newgidmap map many ids",
  async (box, account) => {
    const script =
      "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups";
    const text = await out(box, account, script, withManyIds(account));
    assertEquals(
      text.split("\n").map((line) => line.trim().replace(/ +/g, " ")),
      [
        `0 ${account.uid} 1`,
        "1 700000 65536",
        `0 ${account.gid} 1`,
        "1 700000 65536",
        "allow",
      ],
    );
  },
);

claimAs(
  "rootless user: another user of the container, with groups",
  async (box, account) => {
    const edit = (spec: Spec) => {
      withManyIds(account)(spec);
      writable(spec);
      spec.process.user = { uid: 5, gid: 6, additionalGids: [7, 8] };
    };
    assertEquals(
      await out(box, account, "id -u; id -G; touch /tmp/new", edit),
      "5\n6 7 8",
    );
    assertEquals(ownerOf(`${box.dir}/bundle0/rootfs/tmp/new`), "700004:700005");
  },
);

claimAs(
  "rootless user: the account's own id need not be root inside",
  async (box, account) => {
    const edit = (spec: Spec) => {
      const map = (own: number) => [
        { containerID: 0, hostID: 700_000, size: 1000 },
        { containerID: 1000, hostID: own, size: 1 },
      ];
      spec.linux.uidMappings = map(account.uid);
      spec.linux.gidMappings = map(account.gid);
      spec.process.user = { uid: 1000, gid: 1000 };
      writable(spec);
    };
    assertEquals(await out(box, account, "id -u; touch /mine", edit), "1000");
    assertEquals(
      ownerOf(`${box.dir}/bundle0/rootfs/mine`),
      `${account.uid}:${account.gid}`,
    );
  },
);

claimAs(
  "rootless user: with one id alone, additional groups are refused",
  async (box, account) => {
    const edit = (spec: Spec) => {
      spec.process.user = { uid: 0, gid: 0, additionalGids: [0] };
    };
    assertStringIncludes(
      failure(await rootless(box, "true", edit, account)),
      "/process/user/additionalGids: cannot set any additional groups in a rootless container",
    );
  },
);

claimAs(
  "rootless user: create, state, list, start, ps, kill, delete",
  async (box, account) => {
    const bundle = await rootlessBundle(
      box,
      "sleep 1000 & wait",
      withManyIds(account),
      account,
    );
    const id = box.newId();
    const as = { as: account };
    const run = async (...args: string[]) =>
      ok(await box.nsinit(args, as)).stdout;
    const status = async () => JSON.parse(await run("state", id)).status;
    await run(
      "create",
      "--bundle",
      bundle,
      "--pid-file",
      `${box.root}/pid`,
      id,
    );
    const pid = Number(Deno.readTextFileSync(`${box.root}/pid`));
    assertEquals(await status(), "created");
    const [, row = ""] = (await run("list")).split("\n");
    assertEquals(row.split(/ +/)[5], account.name);
    await run("start", id);
    assertEquals(await status(), "running");
    const children = `/proc/${pid}/task/${pid}/children`;
    await until(
      () => Deno.readTextFileSync(children) !== "",
      "the container's child",
    );
    const child = Number(Deno.readTextFileSync(children));
    assertEquals(JSON.parse(await run("ps", "--format", "json", id)), [
      pid,
      child,
    ]);
    await run("kill", id, "KILL");
    await until(() => isGone(pid) && isGone(child), "the container's end");
    assertEquals(await status(), "stopped");
    await run("delete", id);
    assertEquals(await run("list", "--quiet"), "");
  },
);

claimAs(
  "rootless user: delete --force ends a container",
  async (box, account) => {
    const bundle = await rootlessBundle(box, "sleep 1000", undefined, account);
    const id = box.newId();
    const as = { as: account };
    ok(await box.nsinit(["run", "--detach", "--bundle", bundle, id], as));
    ok(await box.nsinit(["delete", "--force", id], as));
    assertStringIncludes(
      failure(await box.nsinit(["state", id], as)),
      "does not exist",
    );
  },
);

/** In the host's PID namespace, where no procfs may be mounted. */
function withoutPidNamespace(spec: Spec): void {
  spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
    type !== "pid"
  );
  spec.mounts = spec.mounts.map((mount) =>
    mount.destination === "/proc"
      ? { ...mount, type: "none", source: "/proc", options: ["rbind"] }
      : mount
  );
}

for (const command of ["kill", "delete"]) {
  claimAs(
    `rootless user: ${command} ends all processes without cgroup and PID namespace`,
    async (box, account) => {
      // The grandchild has another parent when the container is killed.
      const script = "(sleep 1000 & echo $! >/tmp/pid); sleep 1000";
      const bundle = await rootlessBundle(box, script, (spec) => {
        withoutPidNamespace(spec);
        writable(spec);
      }, account);
      const as = { as: account };
      const id = box.newId();
      ok(await box.nsinit(["run", "--detach", "--bundle", bundle, id], as));
      const file = `${bundle}/rootfs/tmp/pid`;
      await until(
        () => exists(file) && Deno.readTextFileSync(file) !== "",
        "the orphan",
      );
      const orphan = Number(Deno.readTextFileSync(file));
      assertEquals(isGone(orphan), false);
      const args = command === "kill" ? [id, "KILL"] : ["--force", id];
      ok(await box.nsinit([command, ...args], as));
      await until(() => isGone(orphan), "the orphan's end");
    },
  );
}

claimAs(
  "rootless user: delete --force spares the owner of a PID namespace that was joined",
  async (box, account) => {
    const as = { as: account };
    const start = async (name: string, edit: (spec: Spec) => void) => {
      const bundle = await rootlessBundle(box, "sleep 1000", edit, account);
      const pidFile = `${box.root}/${name}`;
      const id = box.newId();
      const flags = ["--detach", "--bundle", bundle, "--pid-file", pidFile];
      ok(await box.nsinit(["run", ...flags, id], as));
      return { id, pid: Number(Deno.readTextFileSync(pidFile)) };
    };
    const first = await start("first", withManyIds(account));
    const second = await start("second", (spec) => {
      delete spec.linux.uidMappings;
      delete spec.linux.gidMappings;
      for (const namespace of spec.linux.namespaces) {
        if (["user", "pid"].includes(namespace.type)) {
          namespace.path = `/proc/${first.pid}/ns/${namespace.type}`;
        }
      }
    });
    assertEquals(namespaceOf(second.pid, "pid"), namespaceOf(first.pid, "pid"));
    ok(await box.nsinit(["delete", "--force", second.id], as));
    await until(() => isGone(second.pid), "the second one's end");
    assertEquals(isGone(first.pid), false);
  },
);

claimAs(
  "rootless user: state is kept in XDG_RUNTIME_DIR, and without it an error says so",
  async (box, account) => {
    const bundle = await rootlessBundle(box, "echo done", undefined, account);
    const runtimeDir = `${box.dir}/runtime`;
    Deno.mkdirSync(runtimeDir);
    Deno.chownSync(runtimeDir, account.uid, account.gid);
    const command = [NSINIT, "run", "--bundle", bundle, box.newId()];
    const env = { XDG_RUNTIME_DIR: runtimeDir };
    const { stdout } = ok(await box.command(command, { as: account, env }));
    assertEquals(stdout, "done\n");
    const { mode, uid } = Deno.statSync(`${runtimeDir}/nsinit`);
    assertEquals([(mode ?? 0) & 0o7777, uid], [0o1700, account.uid]);
    const none = { as: account, env: { XDG_RUNTIME_DIR: "" } };
    assertStringIncludes(
      failure(await box.command(command, none)),
      "set XDG_RUNTIME_DIR, or give --root DIR",
    );
  },
);

claimAs(
  "rootless user: the network is the host's, devices are those of the host",
  async (box, account) => {
    const script = [
      "readlink /proc/self/ns/net",
      "echo x >/dev/null",
      "head -c 3 /dev/zero | wc -c",
      "grep -c ' /dev/\\(null\\|zero\\|full\\|random\\|urandom\\|tty\\) ' /proc/self/mountinfo",
    ].join("; ");
    assertEquals(
      await out(box, account, script),
      `${namespaceOf("self", "net")}\n3\n6`,
    );
  },
);

claimAs(
  "rootless user: a network namespace of its own has a loopback alone",
  async (box, account) => {
    const script = "ip -o addr | awk '{ print $2, $4 }'; ls /sys/class/net";
    const edit = (spec: Spec) => {
      spec.linux.namespaces.push({ type: "network" });
      spec.mounts = spec.mounts.map((mount) =>
        mount.destination === "/sys"
          ? { destination: "/sys", type: "sysfs", source: "sysfs" }
          : mount
      );
    };
    assertMatch(
      await out(box, account, script, edit),
      /^lo 127\.0\.0\.1\/8\n(lo ::1\/128\n)?lo$/,
    );
  },
);

claimAs(
  "rootless user: clock offsets, host name, tmpfs, limits",
  async (box, account) => {
    const edit = (spec: Spec) => {
      spec.linux.namespaces.push({ type: "time" });
      spec.linux.timeOffsets = { boottime: { secs: 864_000 } };
      spec.hostname = "inside";
      spec.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 64, hard: 64 }];
      spec.mounts.push({
        destination: "/mnt",
        type: "tmpfs",
        source: "tmpfs",
        options: ["size=64k", "mode=700"],
      });
    };
    const script = [
      "awk '{ print $1, $2 }' /proc/self/timens_offsets",
      "hostname",
      "ulimit -n",
      "stat -c %a /mnt",
    ].join("; ");
    assertEquals(
      await out(box, account, script, edit),
      "monotonic 0\nboottime 864000\ninside\n64\n700",
    );
  },
);

claimAs(
  "rootless user: joins the namespaces of another container of the same user",
  async (box, account) => {
    const first = await rootlessBundle(
      box,
      "sleep 1000",
      withManyIds(account),
      account,
    );
    const as = { as: account };
    const id = box.newId();
    const pidFile = `${box.root}/pid`;
    ok(
      await box.nsinit([
        "run",
        "-d",
        "--bundle",
        first,
        "--pid-file",
        pidFile,
        id,
      ], as),
    );
    const pid = Number(Deno.readTextFileSync(pidFile));
    const text = await out(
      box,
      account,
      "readlink /proc/self/ns/user; readlink /proc/self/ns/uts; id -u",
      (spec) => {
        delete spec.linux.uidMappings;
        delete spec.linux.gidMappings;
        for (const namespace of spec.linux.namespaces) {
          if (["user", "uts"].includes(namespace.type)) {
            namespace.path = `/proc/${pid}/ns/${namespace.type}`;
          }
        }
        delete spec.hostname;
      },
    );
    assertEquals(
      text,
      [namespaceOf(pid, "user"), namespaceOf(pid, "uts"), "0"].join("\n"),
    );
  },
);

claimAs(
  "rootless user: what needs a cgroup says that there is none",
  async (box, account) => {
    const bundle = await rootlessBundle(box, "sleep 1000", undefined, account);
    const as = { as: account };
    const id = box.newId();
    ok(await box.nsinit(["run", "-d", "--bundle", bundle, id], as));
    const told = async (...args: string[]) =>
      failure(await box.nsinit(args, as));
    assertMatch(await told("pause", id), /no cgroup/);
    assertMatch(await told("update", "--pids-limit", "5", id), /no cgroup/);
  },
);

claimAs(
  "rootless user: --rootless false expects cgroups, true does not",
  async (box, account) => {
    const bundle = await rootlessBundle(box, "echo done", undefined, account);
    const run = (choice: string) =>
      box.nsinit(
        ["--rootless", choice, "run", "--bundle", bundle, box.newId()],
        { as: account },
      );
    assertEquals(ok(await run("true")).stdout, "done\n");
    assertMatch(failure(await run("false")), /Cannot make .*EACCES/);
  },
);

claimAs(
  "rootless: root of a user namespace may do without cgroups, too",
  async (box, account) => {
    const bundle = await rootlessBundle(box, "id -u; id -g", (spec) => {
      const map = [{ containerID: 0, hostID: 0, size: 1 }];
      spec.linux.uidMappings = map;
      spec.linux.gidMappings = map;
    }, account);
    const command = [
      "unshare",
      "-Ur",
      ...box.argv("run", "--bundle", bundle, box.newId()),
    ];
    const { stdout, stderr } = ok(await box.command(command, { as: account }));
    assertEquals(stdout, "0\n0\n");
    assertMatch(
      stderr,
      /^[^\n]*the container runs without [^\n]*cgroup[^\n]*\n$/,
    );
  },
);

claimAs(
  "rootless user: hooks, a system call filter, masks",
  async (box, account) => {
    const bundle = await rootlessBundle(
      box,
      "mkdir /tmp/new 2>&1; cat /proc/kcore | wc -c; id -u",
      (spec) => {
        writable(spec);
        const hook = (name: string) => [{
          path: "/bin/sh",
          args: [
            "sh",
            "-c",
            `cat >/dev/null; echo ${name} >>${box.root}/hooks`,
          ],
        }];
        spec.hooks = {
          createRuntime: hook("createRuntime"),
          createContainer: hook("createContainer"),
          poststart: hook("poststart"),
          poststop: hook("poststop"),
        };
        spec.linux.seccomp = {
          defaultAction: "SCMP_ACT_ALLOW",
          syscalls: [
            {
              names: ["mkdir", "mkdirat"],
              action: "SCMP_ACT_ERRNO",
              errnoRet: 95,
            },
          ],
        };
      },
      account,
    );
    const { stdout } = ok(
      await box.nsinit(["run", "--bundle", bundle, box.newId()], {
        as: account,
      }),
    );
    assertEquals(
      stdout,
      "mkdir: can't create directory '/tmp/new': Operation not supported\n0\n0\n",
    );
    assertEquals(
      Deno.readTextFileSync(`${box.root}/hooks`),
      "createRuntime\ncreateContainer\npoststart\npoststop\n",
    );
  },
);

claim(
  "rootless user: a terminal",
  (box) =>
    withAccount(box, async (account) => {
      const bundle = await rootlessBundle(
        box,
        "tty; stat -c %u /dev/console",
        (spec) => {
          spec.process.terminal = true;
        },
        account,
      );
      const command = box.argv("run", "--bundle", bundle, box.newId()).join(
        " ",
      );
      const { stdout } = ok(
        await box.command(["script", "-qec", command, "/dev/null"], {
          as: account,
          env: { TERM: "xterm" },
          silentStdin: true,
        }),
      );
      assertMatch(stdout, /\/dev\/pts\/0\r*\n0\r*\n/);
    }),
  { skip: NO_ACCOUNTS ?? missing("script") },
);

claimAs("rootless user: id-mapped mounts are refused", async (box, account) => {
  const edit = (spec: Spec) => {
    spec.mounts.push({
      destination: "/mnt",
      source: "/tmp",
      options: ["bind", "idmap"],
    });
  };
  assertStringIncludes(
    failure(await rootless(box, "true", edit, account)),
    "not supported when the runtime is being launched with EUID != 0",
  );
});

claimAs(
  "rootless: root of a user namespace can't map the ids of the host's files",
  async (box, account) => {
    const bundle = await rootlessBundle(box, "true", (spec) => {
      const map = [{ containerID: 0, hostID: 0, size: 1 }];
      spec.linux.uidMappings = map;
      spec.linux.gidMappings = map;
      spec.mounts.push({
        destination: "/mnt",
        source: box.dir,
        options: ["bind", "idmap"],
      });
    }, account);
    const command = [
      "unshare",
      "-Ur",
      "-m",
      ...box.argv("run", "--bundle", bundle, box.newId()),
    ];
    assertMatch(
      failure(await box.command(command, { as: account })),
      /cannot map the ids of the mount on \/mnt: EPERM, that takes CAP_SYS_ADMIN in the user namespace that \w+ was mounted in/,
    );
  },
);

claimAs(
  "rootless user: ids that /etc/subuid does not give are named",
  async (box, account) => {
    const text = failure(
      await rootless(box, "true", withManyIds(account), account),
    );
    assertStringIncludes(
      text,
      "/linux/uidMappings/1: nsinit-test may not map the host's ids 700000 to 765535: " +
        "/etc/subuid has no entry for nsinit-test; root can add them: " +
        "usermod --add-subuids 700000-765535 nsinit-test",
    );
    assertEquals(box.leaks(), []);
  },
  { ranges: false },
);

claimAs(
  "rootless user: ids beyond those that /etc/subgid gives are named",
  async (box, account) => {
    const edit = (spec: Spec) => {
      withManyIds(account)(spec);
      spec.linux.gidMappings![1]!.size++;
    };
    assertMatch(
      failure(await rootless(box, "true", edit, account)),
      /linux\/gidMappings\/1: .* \/etc\/subgid gives nsinit-test 700000 to 765535; .*usermod --add-subgids 700000-765536/,
    );
  },
);

/** Runs a container with many ids by a command that stands before the executable. */
async function hindered(
  box: Box,
  account: Account,
  command: readonly string[],
  edit: (spec: Spec) => void = withManyIds(account),
): Promise<Result> {
  const bundle = await rootlessBundle(box, "true", edit, account);
  const argv = box.argv("run", "--bundle", bundle, box.newId());
  return await box.command([...command, ...argv], { as: account });
}

claimAs(
  "rootless user: a newuidmap that is missing is named, with its package",
  async (box, account) => {
    const result = await hindered(box, account, ["env", `PATH=${box.dir}`]);
    assertStringIncludes(
      failure(result),
      "Cannot map more than the own uid: newuidmap is not installed (package uidmap)",
    );
  },
);

claimAs(
  "rootless user: a newuidmap that is not set-user-ID is named, and what helps",
  async (box, account) => {
    const path = `${box.dir}/newuidmap`;
    Deno.copyFileSync("/usr/bin/newuidmap", path);
    Deno.chmodSync(path, 0o755);
    const result = await hindered(box, account, ["env", `PATH=${box.dir}`]);
    assertStringIncludes(
      failure(result),
      `${path} has no rights to do it; root can give them: chmod u+s `,
    );
  },
);

claimAs(
  "rootless user: no_new_privs, which takes newuidmap its rights, is named",
  async (box, account) => {
    const result = await hindered(box, account, ["setpriv", "--no-new-privs"]);
    assertStringIncludes(
      failure(result),
      "newuidmap gets no rights from a process that has no_new_privs",
    );
  },
);

claimAs(
  "rootless user: a sysctl that forbids user namespaces is named",
  async (box, account) => {
    // The sysctl counts for the user namespace that it is set in: the host's stays as it is.
    const forbid = [
      "unshare",
      "-U",
      "--map-current-user",
      "--keep-caps",
      "sh",
      "-c",
      'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --ambient-caps=-all "$@"',
      "sh",
    ];
    const result = await hindered(box, account, forbid, () => {});
    assertStringIncludes(
      failure(result),
      "Cannot make a user namespace: user.max_user_namespaces is 0; root can allow it: " +
        "sysctl -w user.max_user_namespaces=15000",
    );
  },
);
