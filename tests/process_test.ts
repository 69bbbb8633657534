/** The container's first process: who it is, what it may do, what it inherits: config.md#process. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok, until } from "./command.ts";
import { exists, fieldOf, missing } from "./host.ts";
import type { Capabilities, Spec } from "./spec.ts";

/** Creates a container that must be refused; answers the message. */
async function refused(box: Box, edit: Edit): Promise<string> {
  const bundle = await box.bundle(edit);
  const id = box.newId();
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, id]),
  );
  assertEquals(exists(`${box.root}/${id}`), false);
  return text;
}

/** Makes the program run as a user. */
function user(uid: number, gid: number, additionalGids?: number[]): Edit {
  return (spec) => {
    spec.process.user = {
      uid,
      gid,
      ...(additionalGids === undefined ? {} : { additionalGids }),
    };
  };
}

claim("user: uid and gid are the configured ones", async (box) => {
  const output = await box.out("id -u; id -g; id -G", user(1000, 1001));
  assertEquals(output, "1000\n1001\n1001");
});

claim("user: root by default, without further groups", async (box) => {
  assertEquals(await box.out("id -u; id -g; id -G"), "0\n0\n0");
});

claim("user: additional groups", async (box) => {
  const output = await box.out("id -G", user(1000, 1001, [5, 7000]));
  assertEquals(output, "1001 5 7000");
});

claim("user: the caller's groups are not passed on", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["id", "-G"];
  });
  const argv = box.argv("run", "-b", bundle.dir, box.newId());
  const { stdout } = ok(
    await box.command(["setpriv", "--groups", "12,34", ...argv]),
  );
  assertEquals(stdout, "0\n");
}, { skip: missing("setpriv") });

claim(
  "user: another user can write to the output and open it anew",
  async (box) => {
    const output = await box.out(
      "echo one; echo two >/dev/stdout; echo three >/proc/self/fd/1",
      user(1000, 1000),
    );
    assertStringIncludes(output, "three");
  },
);

claim("umask: the configured one", async (box) => {
  const output = await box.out("umask", (spec) => {
    spec.process.user.umask = 0o027;
  });
  assertEquals(output, "0027");
});

claim("umask: 0022 when it is left out", async (box) => {
  const output = await box.out("umask", undefined, { prepare: "umask 077" });
  assertEquals(output, "0022");
});

/** Bits of <linux/capability.h>. */
const CAPABILITY_BITS: Record<string, number> = {
  CAP_CHOWN: 0,
  CAP_KILL: 5,
  CAP_SETUID: 7,
  CAP_NET_RAW: 13,
};

/** The hexadecimal form of /proc/PID/status. */
function mask(names: string[]): string {
  const bits = names.reduce(
    (sum, name) => sum + 2 ** (CAPABILITY_BITS[name] ?? 63),
    0,
  );
  return bits.toString(16).padStart(16, "0");
}

/** The five sets of a status file: inheritable, permitted, effective, bounding, ambient. */
function sets(status: string): string[] {
  return ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
    .map((field) => fieldOf(status, field));
}

const DISTINCT_SETS: Required<Capabilities> = {
  bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW"],
  permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"],
  effective: ["CAP_CHOWN", "CAP_KILL"],
  inheritable: ["CAP_CHOWN", "CAP_SETUID"],
  ambient: ["CAP_SETUID"],
};

for (const uid of [0, 1000]) {
  claim(
    `capabilities: user ${uid} waits in created with exactly the five sets`,
    async (box) => {
      const container = await box.create((spec, bundle) => {
        user(uid, uid)(spec, bundle);
        spec.process.capabilities = DISTINCT_SETS;
      });
      const status = Deno.readTextFileSync(
        `/proc/${await container.pid()}/status`,
      );
      const { inheritable, permitted, effective, bounding, ambient } =
        DISTINCT_SETS;
      assertEquals(
        sets(status),
        [inheritable, permitted, effective, bounding, ambient].map(mask),
      );
    },
  );
}

claim(
  "capabilities: a user's program has the ambient ones alone",
  async (box) => {
    const output = await box.out("cat /proc/self/status", (spec, bundle) => {
      user(1000, 1000)(spec, bundle);
      spec.process.capabilities = DISTINCT_SETS;
    });
    const { inheritable, bounding, ambient } = DISTINCT_SETS;
    assertEquals(
      sets(output),
      [inheritable, ambient, ambient, bounding, ambient].map(mask),
    );
  },
);

claim(
  "capabilities: root's program is limited by the bounding set",
  async (box) => {
    const output = await box.out("cat /proc/self/status", (spec) => {
      const { bounding } = DISTINCT_SETS;
      spec.process.capabilities = { bounding, permitted: bounding };
    });
    const all = mask(DISTINCT_SETS.bounding);
    const none = mask([]);
    assertEquals(sets(output), [none, all, all, all, none]);
  },
);

claim("capabilities: left out, there are none", async (box) => {
  const output = await box.out("cat /proc/self/status", (spec) => {
    delete spec.process.capabilities;
  });
  assertEquals(sets(output), Array(5).fill(mask([])));
});

claim(
  "capabilities: an operation works with its capability and not without",
  async (box) => {
    const script = "chown 7 /tmp/file 2>/dev/null; stat -c %u /tmp/file";
    const run = (names: string[]) =>
      box.out(script, (spec, bundle) => {
        spec.root.readonly = false;
        bundle.file("rootfs/tmp/file", "");
        spec.process.capabilities = {
          bounding: names,
          permitted: names,
          effective: names,
        };
      });
    assertEquals([await run(["CAP_CHOWN"]), await run(["CAP_KILL"])], [
      "7",
      "0",
    ]);
  },
);

claim(
  "capabilities: an unknown name is a warning, not a failure",
  async (box) => {
    const result = await box.sh("echo ran", (spec) => {
      spec.process.capabilities = { bounding: ["CAP_KILL", "CAP_DREAM"] };
    });
    assertEquals([result.code, result.stdout], [0, "ran\n"]);
    assertStringIncludes(result.stderr, "CAP_DREAM");
  },
);

claim("noNewPrivileges: set, left alone", async (box) => {
  const script = "grep NoNewPrivs /proc/self/status";
  const run = (value: boolean) =>
    box.out(script, (spec) => {
      spec.process.noNewPrivileges = value;
    });
  assertEquals([await run(true), await run(false)], [
    "NoNewPrivs:\t1",
    "NoNewPrivs:\t0",
  ]);
});

claim(
  "noNewPrivileges: a set-user-id program gains nothing, and does without",
  async (box) => {
    const run = (value: boolean) =>
      box.out("/bin/whoami-suid -u", (spec, bundle) => {
        user(1000, 1000)(spec, bundle);
        spec.process.noNewPrivileges = value;
        const path = `${bundle.rootfs}/bin/whoami-suid`;
        Deno.copyFileSync("/usr/bin/id", path);
        Deno.chmodSync(path, 0o4755);
        spec.mounts.push(
          ...["/lib", "/lib64", "/usr/lib"].filter(exists).map(
            (dir) => ({
              destination: dir,
              type: "none",
              source: Deno.realPathSync(dir),
              options: ["rbind", "ro"],
            }),
          ),
        );
      });
    assertEquals([await run(true), await run(false)], ["1000", "0"]);
  },
  { skip: exists("/usr/bin/id") ? undefined : "/usr/bin/id is missing" },
);

/** Names of the configuration, rows of /proc/PID/limits, and values within what anybody may set. */
const RLIMITS: [type: string, row: string, soft: number, hard: number][] = [
  ["RLIMIT_AS", "Max address space", 1_000_000_000, 2_000_000_000],
  ["RLIMIT_CORE", "Max core file size", 0, 0],
  ["RLIMIT_CPU", "Max cpu time", 100, 200],
  ["RLIMIT_DATA", "Max data size", 100_000_000, 200_000_000],
  ["RLIMIT_FSIZE", "Max file size", 1_000_000, 2_000_000],
  ["RLIMIT_LOCKS", "Max file locks", 10, 20],
  ["RLIMIT_MEMLOCK", "Max locked memory", 4096, 8192],
  ["RLIMIT_MSGQUEUE", "Max msgqueue size", 1000, 2000],
  ["RLIMIT_NICE", "Max nice priority", 0, 0],
  ["RLIMIT_NOFILE", "Max open files", 100, 200],
  ["RLIMIT_NPROC", "Max processes", 1000, 2000],
  ["RLIMIT_RSS", "Max resident set", 1000, 2000],
  ["RLIMIT_RTPRIO", "Max realtime priority", 0, 0],
  ["RLIMIT_RTTIME", "Max realtime timeout", 1000, 2000],
  ["RLIMIT_SIGPENDING", "Max pending signals", 100, 200],
  ["RLIMIT_STACK", "Max stack size", 1_048_576, 2_097_152],
];

/** Soft and hard limit of a row of /proc/PID/limits. */
function limits(text: string, row: string): string[] {
  const line = text.split("\n").find((line) => line.startsWith(row)) ?? "";
  return line.slice(row.length).trim().split(/ +/).slice(0, 2);
}

for (const [type, row, soft, hard] of RLIMITS) {
  claim(
    `rlimits: ${type} is the configured one, and the caller's when left out`,
    async (box) => {
      const run = (rlimits: Spec["process"]["rlimits"]) =>
        box.out("cat /proc/self/limits", (spec) => {
          spec.process.rlimits = rlimits ?? [];
        });
      assertEquals(
        limits(await run([{ type, soft, hard }]), row),
        [String(soft), String(hard)],
      );
      const own = Deno.readTextFileSync(`/proc/${Deno.ppid}/limits`);
      const left = limits(await run([]), row);
      // The test's own soft limit of open files was raised by its JavaScript runtime.
      if (type !== "RLIMIT_NOFILE") assertEquals(left[1], limits(own, row)[1]);
      assertEquals(left.length, 2);
    },
  );
}

// newer than runc 1.1
claim(
  "rlimits: without one, the soft limit of open files is the caller's",
  async (box) => {
    const output = await box.out("ulimit -Sn; ulimit -Hn", (spec) => {
      spec.process.rlimits = [];
    }, { prepare: "ulimit -Sn 777; ulimit -Hn 3000" });
    assertEquals(output, "777\n3000");
  },
);

claim("rlimits: an unknown type is refused and named", async (box) => {
  const text = await refused(box, (spec) => {
    spec.process.rlimits = [{ type: "RLIMIT_DREAMS", soft: 1, hard: 1 }];
  });
  assertStringIncludes(text, "RLIMIT_DREAMS");
});

// newer than runc 1.1
claim("rlimits: the same type twice is refused", async (box) => {
  const one = { type: "RLIMIT_CORE", soft: 0, hard: 0 };
  const text = await refused(box, (spec) => {
    spec.process.rlimits = [one, one];
  });
  assertStringIncludes(text, "RLIMIT_CORE");
});

claim("rlimits: a soft limit above the hard one is refused", async (box) => {
  await refused(box, (spec) => {
    spec.process.rlimits = [{ type: "RLIMIT_CORE", soft: 2, hard: 1 }];
  });
});

claim(
  "oomScoreAdj: the configured value, the caller's when left out",
  async (box) => {
    const script = "cat /proc/self/oom_score_adj";
    const options = { prepare: "echo 321 >/proc/self/oom_score_adj" };
    const configured = await box.out(script, (spec) => {
      spec.process.oomScoreAdj = 456;
    }, options);
    const inherited = await box.out(script, undefined, options);
    assertEquals([configured, inherited], ["456", "321"]);
  },
);

claim(
  "oomScoreAdj: a value beyond the kernel's range is refused",
  async (box) => {
    await refused(box, (spec) => {
      spec.process.oomScoreAdj = 2000;
    });
  },
);

// newer than runc 1.1
claim(
  "the CPUs are those of the cpuset, not those of the caller",
  async (box) => {
    const [, cpus = ""] = /^Cpus_allowed_list:\s*(.*)$/m.exec(
      await Deno.readTextFile("/proc/self/status"),
    ) ?? [];
    const mask = (1n << BigInt(parseInt(cpus))).toString(16);
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["grep", "Cpus_allowed_list", "/proc/self/status"];
    });
    const argv = box.argv("run", "-b", bundle.dir, box.newId());
    const { stdout } = ok(
      await box.command(["busybox", "taskset", mask, ...argv]),
    );
    assertEquals(stdout.trim().split(/\s+/)[1], cpus);
  },
);

claim("env: exactly the configured variables, and HOME", async (box) => {
  const output = await box.out("env", (spec) => {
    spec.process.args = ["env"];
    spec.process.env = ["PATH=/bin", "A=1", "B=x=y", "C="];
  }, { env: { OUTSIDE: "1" } });
  assertEquals(output.split("\n").sort(), [
    "A=1",
    "B=x=y",
    "C=",
    "HOME=/root",
    "PATH=/bin",
  ]);
});

for (
  const [uid, home] of [[0, "/root"], [1000, "/home/ana"], [4321, "/"]] as [
    number,
    string,
  ][]
) {
  claim(`env: HOME of user ${uid} is ${home}`, async (box) => {
    assertEquals(await box.out("echo $HOME", user(uid, 0)), home);
  });
}

claim("env: HOME is / without /etc/passwd", async (box) => {
  const output = await box.out("echo $HOME", (_, bundle) => {
    Deno.removeSync(`${bundle.rootfs}/etc/passwd`);
  });
  assertEquals(output, "/");
});

claim("env: a configured HOME is kept", async (box) => {
  const output = await box.out("echo $HOME", (spec) => {
    spec.process.env.push("HOME=/elsewhere");
  });
  assertEquals(output, "/elsewhere");
});

// newer than runc 1.1
claim("env: an empty HOME is as none, last and only", async (box) => {
  for (const homes of [["HOME="], ["HOME=/elsewhere", "HOME="]]) {
    const output = await box.out("", (spec) => {
      spec.process.args = ["env"];
      spec.process.env = ["PATH=/bin", ...homes];
    });
    assertEquals(output.split("\n").sort(), ["HOME=/root", "PATH=/bin"]);
  }
});

// newer than runc 1.1
claim("env: of two values for one name the last is kept, once", async (box) => {
  const output = await box.out("", (spec) => {
    spec.process.args = ["env"];
    spec.process.env = ["PATH=/bin", "A=1", "A=2", "HOME=/"];
  });
  assertEquals(output.split("\n").sort(), ["A=2", "HOME=/", "PATH=/bin"]);
});

for (const [what, value] of [["=", "NO_EQUALS"], ["NUL", "A=x\0y"]]) {
  claim(
    `env: an entry ${
      what === "=" ? "without =" : "with a NUL byte"
    } is refused`,
    async (box) => {
      await refused(box, (spec) => {
        spec.process.env.push(value ?? "");
      });
    },
  );
}

claim("env: 5000 variables arrive", async (box) => {
  const output = await box.out("env | grep -c ^VARIABLE_", (spec) => {
    for (let n = 0; n < 5000; n++) spec.process.env.push(`VARIABLE_${n}=${n}`);
  });
  assertEquals(output, "5000");
});

claim(
  "args: looked up in the PATH of the container's environment",
  async (box) => {
    const output = await box.out("", (spec, bundle) => {
      bundle.file("rootfs/opt/tools/greet", "#!/bin/sh\necho hello $1\n");
      spec.process.env = ["PATH=/nowhere:/opt/tools"];
      spec.process.args = ["greet", "you"];
    });
    assertEquals(output, "hello you");
  },
);

claim(
  "args: a file in PATH that is not executable is passed over",
  async (box) => {
    const output = await box.out("", (spec, bundle) => {
      bundle.file("rootfs/one/greet", "#!/bin/sh\necho one\n", 0o644);
      bundle.file("rootfs/two/greet", "#!/bin/sh\necho two\n");
      spec.process.env = ["PATH=/one:/two"];
      spec.process.args = ["greet"];
    });
    assertEquals(output, "two");
  },
);

claim("args: argv[0] is as configured", async (box) => {
  const output = await box.out("", (spec) => {
    spec.process.args = ["cat", "/proc/self/cmdline"];
  });
  assertEquals(output, "cat\0/proc/self/cmdline\0");
});

claim("args: a relative path with a slash is relative to cwd", async (box) => {
  const output = await box.out("", (spec, bundle) => {
    bundle.file("rootfs/opt/greet", "#!/bin/sh\necho hello\n");
    spec.process.cwd = "/opt";
    spec.process.args = ["./greet"];
  });
  assertEquals(output, "hello");
});

claim("args: empty and odd arguments arrive unchanged", async (box) => {
  const output = await box.out("", (spec) => {
    spec.process.args = ["printf", "[%s]", "", "a b", "ü€", "\n", "-x"];
    spec.process.env = ["PATH=/bin"];
  });
  assertEquals(output, "[][a b][ü€][\n][-x]");
});

for (const command of ["create", "run"]) {
  claim(`${command}: a program that is not in PATH`, async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["no-such-program"];
    });
    const id = box.newId();
    const result = await box.nsinit([command, "-b", bundle.dir, id]);
    assertStringIncludes(
      failure(result).replaceAll("\\", ""),
      'exec: "no-such-program": executable file not found in $PATH',
    );
    assertEquals(exists(`${box.root}/${id}`), false);
    assertEquals(box.leaks(), []);
  });
}

claim("create: a path to a program that is missing", async (box) => {
  const text = await refused(box, (spec) => {
    spec.process.args = ["/no/such/program"];
  });
  assertStringIncludes(
    text.replaceAll("\\", ""),
    'exec: "/no/such/program": stat /no/such/program: no such file or directory',
  );
});

claim("create: a program that is not executable", async (box) => {
  const text = await refused(box, (spec) => {
    spec.process.args = ["/etc/passwd"];
  });
  assertStringIncludes(
    text.replaceAll("\\", ""),
    'exec: "/etc/passwd": permission denied',
  );
});

claim("create: a program that is a directory", async (box) => {
  const text = await refused(box, (spec) => {
    spec.process.args = ["/etc"];
  });
  // runc 1.1 says "permission denied".
  assertMatch(
    text.replaceAll("\\", ""),
    /exec: "\/etc": (is a directory: )?permission denied/,
  );
});

claim("cwd: the program starts there", async (box) => {
  const output = await box.out("pwd", (spec) => {
    spec.process.cwd = "/etc";
  });
  assertEquals(output, "/etc");
});

claim("cwd: a file is refused", async (box) => {
  const text = await refused(box, (spec) => {
    spec.process.cwd = "/etc/passwd";
  });
  assertStringIncludes(text, "/etc/passwd");
});

claim("cwd: a relative path is refused", async (box) => {
  const text = await refused(box, (spec) => {
    spec.process.cwd = "etc";
  });
  assertMatch(text, /cwd/i);
});

claim(
  "cwd: a directory of the user's own that root may not enter",
  async (box) => {
    const output = await box.out("pwd", (spec, bundle) => {
      user(1000, 1000)(spec, bundle);
      spec.process.cwd = "/private";
      Deno.mkdirSync(`${bundle.rootfs}/private`);
      Deno.chmodSync(`${bundle.rootfs}/private`, 0o700);
      Deno.chownSync(`${bundle.rootfs}/private`, 1000, 1000);
    });
    assertEquals(output, "/private");
  },
);

claim("cwd: never outside of the root by way of a descriptor", async (box) => {
  // CVE-2024-21626. The test's directory would be within reach.
  for (let fd = 3; fd < 10; fd++) {
    const { stdout } = await box.sh(
      "ls ../../../../..; cat ../../../../../etc/hostname",
      (spec) => {
        spec.process.cwd = `/proc/self/fd/${fd}`;
      },
      { fds: { 7: box.dir, 8: "/" } },
    );
    if (stdout !== "") {
      assertEquals(stdout, "bin\ndev\netc\nmnt\nproc\nroot\nsys\ntmp\n");
    }
  }
});

claim("the program leads a session of its own", async (box) => {
  const output = await box.out("cat /proc/self/stat; exit", (spec) => {
    spec.process.args = ["cat", "/proc/self/stat"];
  });
  const fields = output.replace(/^.*\) /, "").split(" ");
  // state ppid pgrp session tty_nr
  assertEquals(fields.slice(1, 5), ["0", "1", "1", "0"]);
});

for (const code of [0, 1, 7, 126, 255]) {
  claim(`exit code ${code} is passed on by run`, async (box) => {
    assertEquals((await box.sh(`exit ${code}`)).code, code);
  });
}

for (const [signal, code] of [["TERM", 143], ["ABRT", 134], ["KILL", 137]]) {
  claim(`death by SIG${signal} makes run exit with ${code}`, async (box) => {
    const result = await box.sh(`kill -${signal} $$; sleep 5`, (spec) => {
      // In its own PID namespace process 1 can't kill itself.
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "pid"
      );
      spec.process.rlimits = [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }];
    });
    assertEquals(result.code, code);
  });
}

claim(
  "death of process 1 in its own PID namespace by SIGKILL: run exits with 137",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["sh", "-c", "echo ready; exec sleep 1000"];
    });
    const id = box.newId();
    const run = box.spawn(box.argv("run", "-b", bundle.dir, id));
    await until(() => readOutput(run.outFile) === "ready\n", "container");
    ok(await box.nsinit(["kill", id, "KILL"]));
    assertEquals((await run.result()).code, 137);
  },
);

/** What was written so far; empty while there is no file. */
function readOutput(path: string): string {
  return exists(path) ? Deno.readTextFileSync(path) : "";
}

claim("signals sent to run reach the program", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.process.args = [
      "sh",
      "-c",
      `for s in HUP INT QUIT USR1 USR2 ALRM WINCH CONT; do trap "echo got $s" $s; done
       trap "echo got TERM; exit 42" TERM
       echo ready; while :; do sleep 0.02; done`,
    ];
  });
  const run = box.spawn(
    box.argv("run", "-b", bundle.dir, box.newId()),
    // A shell in the background makes its commands ignore these.
    { prepare: "trap - INT QUIT" },
  );
  await until(() => readOutput(run.outFile).includes("ready"), "container");
  for (const signal of ["HUP", "USR1", "USR2", "ALRM", "CONT", "TERM"]) {
    run.kill(`SIG${signal}` as Deno.Signal);
    await until(
      () => readOutput(run.outFile).includes(`got ${signal}`),
      `SIG${signal}`,
    );
  }
  assertEquals((await run.result()).code, 42);
});

claim("stdin, stdout and stderr are passed through by run", async (box) => {
  const result = await box.sh("cat; echo oops >&2", undefined, {
    stdin: "some\ninput\n",
  });
  assertEquals(
    [result.code, result.stdout, result.stderr],
    [0, "some\ninput\n", "oops\n"],
  );
});

claim("a megabyte passes through run unharmed", async (box) => {
  const text = "0123456789abcdef".repeat(65_536);
  const result = await box.sh("cat", undefined, { stdin: text });
  assertEquals(result.stdout === text, true);
});

claim("a process left behind does not keep run waiting", async (box) => {
  const started = Date.now();
  const { code } = await box.sh("sleep 100 & exit 3");
  assertEquals(code, 3);
  assertEquals(Date.now() - started < 50_000, true);
});

/** The descriptors of a process, as numbers in order. */
function descriptors(pid: number): number[] {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)]
    .map((entry) => Number(entry.name)).sort((a, b) => a - b);
}

claim("descriptors: only 0 to 2, whatever the caller had open", async (box) => {
  const fds = { 3: "/etc/passwd", 5: box.dir, 9: "/" };
  const container = await box.start(undefined, { fds });
  assertEquals(descriptors(await container.pid()), [0, 1, 2]);
});

claim(
  "descriptors: --preserve-fds passes that many on, and no more",
  async (box) => {
    const files = ["three", "four", "five"].map((name) => `${box.dir}/${name}`);
    for (const file of files) Deno.writeTextFileSync(file, "");
    const container = await box.start(undefined, {
      fds: { 3: files[0]!, 4: files[1]!, 5: files[2]! },
      flags: ["--preserve-fds", "2"],
    });
    const pid = await container.pid();
    assertEquals(descriptors(pid), [0, 1, 2, 3, 4]);
    assertEquals(await Deno.readLink(`/proc/${pid}/fd/4`), files[1]);
  },
);

claim(
  "descriptors: a preserved one can be read by run's program",
  async (box) => {
    const output = await box.out("cat <&3", undefined, {
      fds: { 3: `${new URL(import.meta.url).pathname}` },
      flags: ["--preserve-fds", "1"],
    });
    assertStringIncludes(output, "can be read by run's program");
  },
);

claim(
  "descriptors: --preserve-fds of one that is not open is refused",
  async (box) => {
    const bundle = await box.bundle();
    const text = failure(
      await box.nsinit(
        ["create", "--preserve-fds", "500", "-b", bundle.dir, box.newId()],
        { fds: { 3: "/etc/passwd" } },
      ),
    );
    assertStringIncludes(text, "preserved-fd 1:");
  },
);

claim(
  "descriptors: while it waits in created, nothing of the host's files is open",
  async (box) => {
    const container = await box.create();
    const pid = await container.pid();
    const targets = descriptors(pid).filter((fd) => fd > 2)
      .map((fd) => Deno.readLinkSync(`/proc/${pid}/fd/${fd}`));
    // The waiting process may hold its own sealed image and the exec fifo.
    const strange = targets.filter((target) =>
      !/^(pipe|socket|anon_inode|\/memfd:|mnt:|net:)/.test(target) &&
      !/\/(exec|result)\.fifo$/.test(target) && target !== "/"
    );
    assertEquals(strange, []);
  },
);

claim("signals: SIGPIPE has its default action", async (box) => {
  const output = await box.out("cat /proc/self/status");
  assertEquals(BigInt(`0x${fieldOf(output, "SigIgn")}`) & (1n << 12n), 0n);
});

claim("signals: SIGPIPE ends a program that writes to nobody", async (box) => {
  const { stderr } = await box.sh("(yes; echo $? >&2) | head -n 1");
  assertEquals(stderr, "141\n");
});

claim("signals: none is blocked", async (box) => {
  const output = await box.out("cat /proc/self/status");
  assertEquals(fieldOf(output, "SigBlk"), "0000000000000000");
});

claim(
  "signals: one that the caller blocks is blocked in the container",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["cat", "/proc/self/status"];
    });
    const argv = box.argv("run", "-b", bundle.dir, box.newId());
    const { stdout } = ok(
      await box.command(["env", "--block-signal=USR1", ...argv]),
    );
    assertEquals(BigInt(`0x${fieldOf(stdout, "SigBlk")}`), 1n << 9n);
  },
);

// newer than runc 1.1
claim("scheduler: policy and nice value", async (box) => {
  const output = await box.out("", (spec) => {
    spec.process.args = ["cat", "/proc/self/stat"];
    spec.process.scheduler = { policy: "SCHED_BATCH", nice: 7 };
  });
  const fields = output.replace(/^.*\) /, "").split(" ");
  // proc_pid_stat(5): nice is field 19, policy field 41; two are cut off.
  assertEquals([fields[16], fields[38]], ["7", "3"]);
});

claim("scheduler: left out, it is the default", async (box) => {
  const output = await box.out("", (spec) => {
    spec.process.args = ["cat", "/proc/self/stat"];
  });
  const fields = output.replace(/^.*\) /, "").split(" ");
  assertEquals([fields[16], fields[38]], ["0", "0"]);
});

// newer than runc 1.1
claim(
  "scheduler: a priority with a policy that has none is refused",
  async (box) => {
    const text = await refused(box, (spec) => {
      spec.process.scheduler = { policy: "SCHED_OTHER", priority: 5 };
    });
    assertMatch(text, /priority/i);
  },
);

// newer than runc 1.1
claim("scheduler: an unknown policy is refused and named", async (box) => {
  const text = await refused(box, (spec) => {
    spec.process.scheduler = { policy: "SCHED_DREAM" };
  });
  assertStringIncludes(text, "SCHED_DREAM");
});

// newer than runc 1.1
claim("ioPriority: class and level", async (box) => {
  const output = await box.out("ionice -p $$", (spec) => {
    spec.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 6 };
  });
  assertMatch(output, /best-effort.*6/);
});

claim("ioPriority: left out, it has no class", async (box) => {
  assertMatch(await box.out("ionice -p $$"), /^none/);
});

// newer than runc 1.1
claim("ioPriority: a level beyond 7 is refused", async (box) => {
  const text = await refused(box, (spec) => {
    spec.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 8 };
  });
  assertMatch(text, /priority/i);
});

// newer than runc 1.1
claim(
  "personality: LINUX32 is seen by the program, and not without",
  async (box) => {
    const edit = (domain?: string): Edit => (spec) => {
      spec.process.args = ["cat", "/proc/self/personality"];
      if (domain !== undefined) spec.linux.personality = { domain };
    };
    assertEquals(await box.out("", edit("LINUX32")), "00000008");
    assertEquals(await box.out("", edit("LINUX")), "00000000");
    assertEquals(await box.out("", edit()), "00000000");
  },
);

// newer than runc 1.1
claim("personality: another word is refused and named", async (box) => {
  const text = await refused(box, (spec) => {
    spec.linux.personality = { domain: "SOLARIS" };
  });
  assertStringIncludes(text, "SOLARIS");
});

for (
  const [key, path, value] of [
    ["net.ipv4.ip_forward", "net/ipv4/ip_forward", "1"],
    ["net/ipv4/ip_default_ttl", "net/ipv4/ip_default_ttl", "33"],
    ["kernel.shmmax", "kernel/shmmax", "123456"],
    ["kernel.sem", "kernel/sem", "250\t32000\t32\t99"],
    ["fs.mqueue.queues_max", "fs/mqueue/queues_max", "17"],
  ] as [string, string, string][]
) {
  claim(`sysctl: ${key} is set within and not on the host`, async (box) => {
    const file = `/proc/sys/${path}`;
    const before = Deno.readTextFileSync(file);
    const output = await box.out(`cat ${file}`, (spec) => {
      spec.linux.sysctl = { [key]: value };
    });
    assertEquals(output.split(/\s+/), value.split(/\s+/));
    assertEquals(Deno.readTextFileSync(file), before);
  });
}

for (
  const key of [
    "vm.swappiness",
    "kernel.panic",
    "kernel.hostname",
    "fs.file-max",
    "nonsense",
  ]
) {
  claim(
    `sysctl: ${key} belongs to no namespace and is refused`,
    async (box) => {
      const text = await refused(box, (spec) => {
        spec.linux.sysctl = { [key]: "1" };
      });
      assertStringIncludes(text, key);
    },
  );
}

for (
  const [key, namespace] of [
    ["net.ipv4.ip_forward", "network"],
    ["kernel.shmmax", "ipc"],
    ["kernel.domainname", "uts"],
  ]
) {
  claim(
    `sysctl: ${key} without a new ${namespace} namespace is refused`,
    async (box) => {
      const text = await refused(box, (spec) => {
        spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
          type !== namespace
        );
        delete spec.hostname;
        spec.linux.sysctl = { [key ?? ""]: "1" };
      });
      assertStringIncludes(text, key ?? "");
    },
  );
}

claim("hostname without a UTS namespace is refused", async (box) => {
  const text = await refused(box, (spec) => {
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
      type !== "uts"
    );
    spec.hostname = "nest";
  });
  assertMatch(text, /uts|hostname/i);
});

claim("consoleSize without a terminal is ignored", async (box) => {
  const output = await box.out("test -t 0 || echo none", (spec) => {
    spec.process.consoleSize = { height: 10, width: 20 };
  });
  assertEquals(output, "none");
});
