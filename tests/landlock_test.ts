/** Landlock, an extension of ours: linux.landlock, or the annotation dev.nsinit.landlock. See landlock(7). */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { exists } from "./host.ts";
import { landlocked, RUNS_SHELL, withoutAbi } from "./landlock.ts";
import type { Landlock } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

/** A claim for kernels that have a version of the interface. */
function kernelClaim(
  abi: number,
  title: string,
  body: (box: Box) => Promise<void>,
): void {
  claim(`landlock: ${title} (ABI ${abi})`, body, withoutAbi(abi));
}

/** The version that has all rights to files, and that of scopes. */
const [PORTS, FILES, SCOPES] = [4, 5, 6] as const;

const WRITE = "echo a >/tmp/a && echo tmp; mkdir /dev/shm/d && echo shm; " +
  "echo b >/dev/null && echo null; ls /etc >/dev/null && echo etc";

/** What a shell needs, and writing below /tmp. */
const RULES: Landlock = {
  paths: [
    ...RUNS_SHELL,
    { paths: ["/tmp"], allow: ["all"] },
    { paths: ["/dev/null"], allow: ["read", "write"] },
  ],
};

/** Gives the container these rules, and a root that it may write to. */
function restricted(landlock: Landlock | undefined, edit?: Edit): Edit {
  return (spec, bundle) => {
    spec.root.readonly = false;
    if (landlock !== undefined) landlocked(landlock)(spec, bundle);
    edit?.(spec, bundle);
  };
}

async function refused(box: Box, edit: Edit): Promise<string> {
  const bundle = await box.bundle(edit);
  const id = box.newId();
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, id]),
  );
  assertEquals(exists(`${box.root}/${id}`), false);
  return text;
}

const EDITS: Readonly<Record<string, Edit | undefined>> = {
  "as root": undefined,
  "with no_new_privs": (spec) => {
    spec.process.noNewPrivileges = true;
  },
  "without capabilities": (spec) => {
    delete spec.process.capabilities;
    spec.process.noNewPrivileges = false;
  },
  "as another user": (spec) => {
    spec.process.user = { uid: 1000, gid: 1000 };
  },
  "in a user namespace": (spec) => addUserNamespace(spec),
};

for (const [how, edit] of Object.entries(EDITS)) {
  kernelClaim(FILES, `what no rule allows is denied, ${how}`, async (box) => {
    const writable: Edit = (spec, bundle) => {
      Deno.chmodSync(bundle.rootfs + "/tmp", 0o1777);
      edit?.(spec, bundle);
    };
    const free = await box.sh(WRITE, restricted(undefined, writable));
    assertEquals(free.stdout, "tmp\nshm\nnull\netc\n");
    const { stdout, stderr } = await box.sh(
      WRITE,
      restricted(RULES, writable),
    );
    assertEquals(stdout, "tmp\nnull\n");
    assertStringIncludes(stderr, "'/dev/shm/d': Permission denied");
    assertStringIncludes(stderr, "'/etc': Permission denied");
  });
}

kernelClaim(FILES, "only what is handled is denied", async (box) => {
  const { stdout } = await box.sh(
    WRITE,
    restricted({ handledFiles: ["make_dir"] }),
  );
  assertEquals(stdout, "tmp\nnull\netc\n");
});

kernelClaim(FILES, "a rule can be for one file", async (box) => {
  const { stdout, stderr } = await box.sh(
    "cat /etc/one /etc/two; echo x >/etc/one",
    restricted(
      { paths: [...RUNS_SHELL, { paths: ["/etc/one"], allow: ["read"] }] },
      (_, bundle) => {
        bundle.file("rootfs/etc/one", "1\n");
        bundle.file("rootfs/etc/two", "2\n");
      },
    ),
  );
  assertEquals(stdout, "1\n");
  assertStringIncludes(stderr, "/etc/two': Permission denied");
  assertStringIncludes(stderr, "can't create /etc/one: Permission denied");
});

kernelClaim(FILES, "a program must be allowed", async (box) => {
  const container = await box.create(
    restricted({ handledFiles: ["execute"] }, (spec) => {
      spec.process.args = ["true"];
    }),
  );
  assertStringIncludes(
    failure(await container.try("start")),
    "exec true: permission denied",
  );
});

kernelClaim(FILES, "a startContainer hook is restricted, too", async (box) => {
  const container = await box.create(
    restricted(RULES, (spec) => {
      spec.hooks = {
        startContainer: [{
          path: "/bin/sh",
          args: ["sh", "-c", "ls /etc 2>/tmp/error; true"],
        }],
      };
    }),
  );
  await container.start();
  assertEquals(
    Deno.readTextFileSync(`${container.bundle.rootfs}/tmp/error`),
    "ls: can't open '/etc': Permission denied\n",
  );
});

kernelClaim(FILES, "a process that joins is restricted, too", async (box) => {
  const join = async (landlock?: Landlock): Promise<string> => {
    const container = await box.start(restricted(landlock));
    const words = ["exec", container.id, "sh", "-c", WRITE];
    return (await box.nsinit(words)).stdout;
  };
  assertEquals(await join(), "tmp\nshm\nnull\netc\n");
  assertEquals(await join(RULES), "tmp\nnull\n");
});

kernelClaim(FILES, "links of the image lead to its own files", async (box) => {
  const { stdout, stderr } = await box.sh(
    "cat /etc/secret; cat /tmp/x",
    restricted(
      { paths: [...RUNS_SHELL, { paths: ["/open"], allow: ["read"] }] },
      (_, bundle) => {
        Deno.symlinkSync("/etc", `${bundle.rootfs}/open`);
        bundle.file("rootfs/etc/secret", "the image's\n");
        bundle.file("rootfs/tmp/x", "");
      },
    ),
  );
  assertEquals(stdout, "the image's\n");
  assertStringIncludes(stderr, "/tmp/x': Permission denied");
});

const CONNECT = (port: number): string =>
  `busybox nc -w 5 127.0.0.1 ${port} </dev/null 2>&1`;

kernelClaim(
  PORTS,
  "ports that no rule allows can't be reached",
  async (box) => {
    const script = `${CONNECT(80)}; ${CONNECT(81)}`;
    const refusals = async (landlock?: Landlock): Promise<string[]> => {
      const { stdout } = await box.sh(script, restricted(landlock));
      return stdout.split("\n").map((line) => line.replace(/.*: /, ""));
    };
    assertEquals(await refusals(), [
      "Connection refused",
      "Connection refused",
      "",
    ]);
    const ports = [{ ports: [81], allow: ["connect_tcp"] }];
    assertEquals(await refusals({ ports }), [
      "Permission denied",
      "Connection refused",
      "",
    ]);
  },
);

kernelClaim(PORTS, "ports that no rule allows can't be taken", async (box) => {
  const script = [80, 81].map((port) =>
    `busybox timeout 0.3 busybox nc -l -p ${port} 2>&1 | sed 's/.*: //'`
  ).join("; ");
  const landlock = {
    ports: [{ ports: [81], allow: ["bind_tcp"] }],
  };
  const bind: Edit = (spec) => {
    const names = ["CAP_NET_BIND_SERVICE"];
    spec.process.capabilities = {
      bounding: names,
      effective: names,
      permitted: names,
    };
  };
  const free = await box.sh(script, restricted(undefined, bind));
  const { stdout } = await box.sh(script, restricted(landlock, bind));
  assertEquals([free.stdout, stdout], ["", "Permission denied\n"]);
});

kernelClaim(SCOPES, "processes outside get no signals", async (box) => {
  const endOf = async (landlock?: Landlock): Promise<[string, number]> => {
    const victim = box.spawn(["sleep", "100"]);
    const { stdout } = await box.sh(
      `kill -TERM ${victim.pid} 2>/dev/null && echo sent || echo refused`,
      restricted(landlock, (spec) => {
        spec.process.capabilities = {};
        spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
          type !== "pid"
        );
      }),
    );
    if (stdout !== "sent\n") victim.kill("SIGKILL");
    return [stdout, (await victim.result()).code];
  };
  assertEquals(await endOf(), ["sent\n", 128 + 15]);
  assertEquals(await endOf({ scoped: ["signal"] }), ["refused\n", 128 + 9]);
});

kernelClaim(FILES, "rules are taken from an annotation", async (box) => {
  const { stdout } = await box.sh(
    WRITE,
    restricted(undefined, (spec) => {
      spec.annotations = { "dev.nsinit.landlock": JSON.stringify(RULES) };
    }),
  );
  assertEquals(stdout, "tmp\nnull\n");
});

kernelClaim(FILES, "it goes with a system call filter", async (box) => {
  for (const noNewPrivileges of [true, false]) {
    const { stdout } = await box.sh(
      `${WRITE}; grep ^Seccomp: /proc/self/status`,
      restricted(
        {
          paths: [...RULES.paths!, { paths: ["/proc"], allow: ["read"] }],
        },
        (spec) => {
          spec.process.noNewPrivileges = noNewPrivileges;
          const names = [
            "landlock_create_ruleset",
            "landlock_add_rule",
            "landlock_restrict_self",
          ];
          spec.linux.seccomp = {
            defaultAction: "SCMP_ACT_ALLOW",
            syscalls: [{ names, action: "SCMP_ACT_KILL_PROCESS" }],
          };
        },
      ),
    );
    assertEquals(stdout, "tmp\nnull\nSeccomp:\t2\n");
  }
});

kernelClaim(
  FILES,
  "a missing path is an error, and passed over as a best effort",
  async (box) => {
    const landlock: Landlock = {
      paths: [...RULES.paths!, {
        paths: ["/tmp", "/no/such"],
        allow: ["read"],
      }],
    };
    assertStringIncludes(
      await refused(box, restricted(landlock)),
      "cannot allow read below /no/such: openat2: no such file or directory",
    );
    const { stdout } = ok(
      await box.sh(
        "echo ran",
        restricted({ ...landlock, mode: "bestEffort" }),
      ),
    );
    assertEquals(stdout, "ran\n");
  },
);

const BAD: readonly [landlock: unknown, message: RegExp][] = [
  [{}, /\/linux\/landlock: restricts nothing/],
  [{ pathes: [] }, /\/linux\/landlock: unknown name .{0,2}"pathes/],
  [
    { paths: [{ paths: ["tmp"], allow: ["read"] }] },
    /\/linux\/landlock\/paths\/0\/paths\/0: .*is not an absolute path/,
  ],
  [
    { handledFiles: ["write"], paths: [{ paths: ["/"], allow: ["execute"] }] },
    /\/linux\/landlock\/paths\/0\/allow\/0: .*is not handled/,
  ],
  [
    { ports: [{ ports: [65536], allow: ["bind_tcp"] }] },
    /\/linux\/landlock\/ports\/0\/ports\/0: expected an unsigned 16-bit/,
  ],
];

for (const [landlock, message] of BAD) {
  claim(`landlock: ${JSON.stringify(landlock)} is refused`, async (box) => {
    const edit = restricted(landlock as Landlock);
    assertMatch((await refused(box, edit)).replaceAll("\\", ""), message);
  });
}
