/** Namespaces: new, inherited, joined. Seen from the host through /proc/PID/ns, user_namespaces(7) and its siblings. */
import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Running, until } from "./command.ts";
import { exists, missing, namespaceOf } from "./host.ts";
import type { Spec } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

/** Names in config.json, and in /proc/PID/ns. */
const TYPES: [name: string, file: string][] = [
  ["mount", "mnt"],
  ["pid", "pid"],
  ["network", "net"],
  ["ipc", "ipc"],
  ["uts", "uts"],
  ["cgroup", "cgroup"],
  ["time", "time"],
];

/** A spec that needs no namespace but those named. */
function onlyNamespaces(spec: Spec, ...types: string[]): void {
  spec.linux.namespaces = types.map((type) => ({ type }));
  delete spec.hostname;
}

/** Starts a process that holds new namespaces, by flags of unshare(1), and answers its id on the host. */
async function holder(
  box: Box,
  ...flags: string[]
): Promise<{ pid: number; process: Running }> {
  // --fork for the PID namespace: its first process, not unshare, is within.
  const process = box.spawn(
    ["unshare", ...flags, "sh", "-c", "echo ready; exec sleep 1000"],
  );
  await until(
    () =>
      exists(process.outFile) && Deno.readTextFileSync(process.outFile) !== "",
    "holder of namespaces",
  );
  return { pid: process.pid, process };
}

/** Creates a container whose namespaces are the mount one and `type`; answers what the host sees of it. */
async function createdWith(
  box: Box,
  file: string,
  edit: (spec: Spec) => void,
): Promise<string> {
  const container = await box.create((spec) => {
    onlyNamespaces(spec, "mount");
    edit(spec);
  });
  return namespaceOf(await container.pid(), file);
}

for (const [type, file] of TYPES) {
  const skip = exists(`/proc/self/ns/${file}`)
    ? undefined
    : `this kernel has no ${type} namespaces`;

  claim(`${type} namespace: a new one differs from the host's`, async (box) => {
    const inode = await createdWith(box, file, (spec) => {
      if (type !== "mount") spec.linux.namespaces.push({ type });
    });
    assertNotEquals(inode, namespaceOf("self", file));
  }, { skip });

  if (type === "mount") continue;

  claim(`${type} namespace: left out, it is the host's`, async (box) => {
    const inode = await createdWith(box, file, () => {});
    assertEquals(inode, namespaceOf("self", file));
  }, { skip });

  claim(`${type} namespace: joined by path, it is the other's`, async (box) => {
    const other = await box.create((spec) =>
      onlyNamespaces(spec, "mount", type)
    );
    const path = `/proc/${await other.pid()}/ns/${file}`;
    const inode = await createdWith(box, file, (spec) => {
      spec.linux.namespaces.push({ type, path });
    });
    assertEquals(inode, Deno.readLinkSync(path));
    assertNotEquals(inode, namespaceOf("self", file));
  }, { skip });

  claim(`${type} namespace: a path to another type is refused`, async (box) => {
    const wrong = type === "uts" ? "ipc" : "uts";
    const bundle = await box.bundle((spec) => {
      onlyNamespaces(spec, "mount");
      spec.linux.namespaces.push({ type, path: `/proc/self/ns/${wrong}` });
    });
    const id = box.newId();
    failure(await box.nsinit(["create", "--bundle", bundle.dir, id]));
    assertEquals(exists(`${box.root}/${id}`), false);
  }, { skip });
}

claim("mount namespace: joined by path, it is the other's", async (box) => {
  const { pid, process } = await holder(box, "--mount");
  const path = `/proc/${pid}/ns/mnt`;
  const inode = Deno.readLinkSync(path);
  const container = await box.create((spec) => {
    spec.linux.namespaces = [{ type: "mount", path }];
    delete spec.hostname;
    delete spec.linux.maskedPaths;
    delete spec.linux.readonlyPaths;
  });
  assertEquals(namespaceOf(await container.pid(), "mnt"), inode);
  process.kill("SIGKILL");
  await process.result();
}, { skip: missing("unshare") });

claim("namespaces held by a process outside can be joined", async (box) => {
  const { pid, process } = await holder(box, "--uts", "--ipc", "--net");
  const container = await box.create((spec) => {
    onlyNamespaces(spec, "mount");
    for (
      const [type, file] of [["uts", "uts"], ["ipc", "ipc"], ["network", "net"]]
    ) {
      spec.linux.namespaces.push({
        type: type!,
        path: `/proc/${pid}/ns/${file}`,
      });
    }
  });
  const init = await container.pid();
  for (const file of ["uts", "ipc", "net"]) {
    assertEquals(
      namespaceOf(init, file),
      Deno.readLinkSync(`/proc/${pid}/ns/${file}`),
    );
  }
  process.kill("SIGKILL");
  await process.result();
}, { skip: missing("unshare") });

claim("a namespace path that is missing is refused and named", async (box) => {
  const bundle = await box.bundle((spec) => {
    onlyNamespaces(spec, "mount");
    spec.linux.namespaces.push({ type: "uts", path: "/proc/self/ns/nowhere" });
  });
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
  );
  assertStringIncludes(text, "/proc/self/ns/nowhere");
});

claim(
  "pid namespace: the program is process 1 and sees only its own",
  async (box) => {
    const output = await box.out("echo $$; ps -o pid | wc -l");
    // The header, sh, ps and wc.
    assertEquals(output.split("\n").map(Number), [1, 4]);
  },
);

claim(
  "pid namespace: left out, the program sees the host's processes",
  async (box) => {
    const output = await box.out(
      `test -d /proc/${Deno.pid} && echo process $$`,
      (spec) => {
        spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
          type !== "pid"
        );
      },
    );
    assertMatch(output, /^process \d+$/);
    assertNotEquals(output, "process 1");
  },
);

claim(
  "pid namespace: joined by path, the processes see each other",
  async (box) => {
    const first = await box.start();
    const path = `/proc/${await first.pid()}/ns/pid`;
    const seen = await box.out("ps -o pid,args", (spec) => {
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "pid"
      );
      spec.linux.namespaces.push({ type: "pid", path });
    });
    assertMatch(seen, /^ *1 +sleep 1000$/m);
  },
);

claim("a namespace path that is no namespace is refused", async (box) => {
  const bundle = await box.bundle((spec) => {
    onlyNamespaces(spec, "mount");
    spec.linux.namespaces.push({ type: "pid", path: "/etc/passwd" });
  });
  failure(await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]));
});

claim(
  "network namespace: a new one has only a loopback device, and it is up",
  async (box) => {
    const output = await box.out("ls /sys/class/net; ifconfig lo");
    assertMatch(output, /^lo\n/);
    assertMatch(output, /\bUP\b/);
  },
);

claim(
  "network namespace: left out, the host's devices are seen",
  async (box) => {
    const output = await box.out("cat /proc/net/dev", (spec) => {
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "network"
      );
    });
    const names = (text: string) => text.match(/^ *[^ :]+(?=:)/gm);
    assertEquals(names(output), names(Deno.readTextFileSync("/proc/net/dev")));
  },
);

// newer than runc 1.1
claim(
  "uts namespace: host name and domain name are the configured ones",
  async (box) => {
    const output = await box.out(
      "hostname; cat /proc/sys/kernel/domainname",
      (spec) => {
        spec.hostname = "nest";
        spec.domainname = "tree.example";
      },
    );
    assertEquals(output, "nest\ntree.example");
  },
);

claim("uts namespace: a host name does not reach the host", async (box) => {
  const before = Deno.hostname();
  await box.out("hostname", (spec) => {
    spec.hostname = `${before}-inside`;
  });
  assertEquals(Deno.hostname(), before);
});

claim(
  "ipc namespace: a message queue limit set within is not the host's",
  async (box) => {
    const file = "/proc/sys/kernel/msgmni";
    const before = Deno.readTextFileSync(file);
    const output = await box.out(`cat ${file}`, (spec) => {
      spec.linux.sysctl = { "kernel.msgmni": "123" };
    });
    assertEquals(output, "123");
    assertEquals(Deno.readTextFileSync(file), before);
  },
);

claim("cgroup namespace: its root is the container's cgroup", async (box) => {
  const output = await box.out("cat /proc/self/cgroup", (spec) => {
    spec.linux.namespaces = [
      ...spec.linux.namespaces.filter(({ type }) => type !== "cgroup"),
      { type: "cgroup" },
    ];
  });
  const paths = output.split("\n").map((line) => line.split(":").at(-1));
  assertEquals(new Set(paths), new Set(["/"]));
});

claim(
  "cgroup namespace: left out, the container's cgroup path is seen",
  async (box) => {
    const output = await box.out("cat /proc/self/cgroup", (spec) => {
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "cgroup"
      );
    });
    assertStringIncludes(output, box.mark);
  },
);

claim("user namespace: a new one differs from the host's", async (box) => {
  const container = await box.create(addUserNamespace);
  assertNotEquals(
    namespaceOf(await container.pid(), "user"),
    namespaceOf("self", "user"),
  );
});

claim("user namespace: left out, it is the host's", async (box) => {
  const container = await box.create();
  assertEquals(
    namespaceOf(await container.pid(), "user"),
    namespaceOf("self", "user"),
  );
});

claim("user namespace: the maps are the configured ones", async (box) => {
  const output = await box.out(
    "cat /proc/self/uid_map /proc/self/gid_map",
    (spec) => {
      spec.linux.namespaces.push({ type: "user" });
      spec.linux.uidMappings = [
        { containerID: 0, hostID: 100_000, size: 1000 },
        { containerID: 1000, hostID: 200_000, size: 5 },
      ];
      spec.linux.gidMappings = [{ containerID: 0, hostID: 300_000, size: 7 }];
    },
  );
  assertEquals(
    output.split("\n").map((line) => line.trim().split(/ +/).map(Number)),
    [[0, 100_000, 1000], [1000, 200_000, 5], [0, 300_000, 7]],
  );
});

claim(
  "user namespace: root within is a plain user on the host",
  async (box) => {
    const container = await box.start((spec) => addUserNamespace(spec));
    const status = Deno.readTextFileSync(
      `/proc/${await container.pid()}/status`,
    );
    assertMatch(status, /^Uid:\t100000\t100000\t100000\t100000$/m);
    assertMatch(status, /^Gid:\t100000\t100000\t100000\t100000$/m);
  },
);

claim("user namespace: the default mounts and devices work", async (box) => {
  const output = await box.out(
    "id -u; echo x >/dev/null; head -c 2 /dev/zero | wc -c; ls /dev/pts /dev/shm >/dev/null && echo mounted",
    addUserNamespace,
  );
  assertEquals(output, "0\n2\nmounted");
});

claim(
  "user namespace: files of the host's root belong to nobody within",
  async (box) => {
    const script = "stat -c %u /bin/busybox";
    assertEquals(await box.out(script, addUserNamespace), "65534");
    assertEquals(await box.out(script), "0");
  },
);

// newer than runc 1.1
claim(
  "user namespace: joined by path together with the others of its owner",
  async (box) => {
    const first = await box.start(addUserNamespace);
    const pid = await first.pid();
    const second = await box.create((spec) => {
      addUserNamespace(spec);
      for (const namespace of spec.linux.namespaces) {
        if (namespace.type === "user") {
          namespace.path = `/proc/${pid}/ns/user`;
        }
      }
      // The maps are the joined namespace's own.
      delete spec.linux.uidMappings;
      delete spec.linux.gidMappings;
    });
    assertEquals(
      namespaceOf(await second.pid(), "user"),
      namespaceOf(pid, "user"),
    );
  },
);

claim("user namespace: without maps it is refused", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.linux.namespaces.push({ type: "user" });
  });
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
  );
  assertMatch(text, /mapping/i);
});

// newer than runc 1.1
claim("user namespace: maps without a namespace are refused", async (box) => {
  const bundle = await box.bundle((spec) => {
    const map = [{ containerID: 0, hostID: 100_000, size: 10 }];
    spec.linux.uidMappings = map;
    spec.linux.gidMappings = map;
  });
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
  );
  assertMatch(text, /mapping/i);
});

claim(
  "user namespace: setgroups is allowed when root made the maps",
  async (box) => {
    const output = await box.out("id -G", (spec) => {
      addUserNamespace(spec);
      spec.process.user = { uid: 5, gid: 6, additionalGids: [7, 8] };
    });
    assertEquals(output, "6 7 8");
  },
);

claim("user namespace: devices are the host's, bound", async (box) => {
  const script = [
    "grep -c ' /dev/\\(null\\|zero\\|full\\|random\\|urandom\\|tty\\) ' /proc/self/mountinfo",
    "mknod /dev/other c 1 3 2>/dev/null || echo refused",
    "stat -c '%t:%T %u' /dev/null",
  ].join("; ");
  assertEquals(
    await box.out(script, addUserNamespace),
    "6\nrefused\n1:3 65534",
  );
  assertEquals(
    await box.out(script, (spec) => {
      for (const set of Object.values(spec.process.capabilities ?? {})) {
        set.push("CAP_MKNOD");
      }
    }),
    "0\n1:3 0",
  );
});

claim(
  "user namespace: a device that the host does not have is named",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      addUserNamespace(spec);
      spec.linux.devices = [
        { path: "/dev/nst-none", type: "c", major: 1, minor: 3 },
      ];
    });
    const text = failure(
      await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
    );
    assertStringIncludes(text, "/dev/nst-none");
    assertStringIncludes(text, "/linux/devices/0");
  },
);

claim("user namespace: a file of another kind can't be joined", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.linux.namespaces.push({ type: "user", path: "/proc/self/ns/uts" });
  });
  assertStringIncludes(
    failure(await box.nsinit(["create", "--bundle", bundle.dir, box.newId()])),
    "/proc/self/ns/uts is a namespace of type",
  );
});

claim("time namespace: offsets in a new user namespace", async (box) => {
  const script = "awk '{ print $1, $2, $3 }' /proc/self/timens_offsets";
  const edit = (spec: Spec): void => {
    addUserNamespace(spec);
    spec.linux.namespaces.push({ type: "time" });
    spec.linux.timeOffsets = { monotonic: { secs: 60, nanosecs: 5 } };
  };
  assertEquals(await box.out(script, edit), "monotonic 60 5\nboottime 0 0");
});

claim(
  "time namespace: offsets that the kernel refuses are named",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.linux.namespaces.push({ type: "time" });
      spec.linux.timeOffsets = { monotonic: { secs: -9_000_000_000 } };
    });
    const text = failure(
      await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
    );
    assertStringIncludes(text, "/linux/timeOffsets");
    assertStringIncludes(text, "-9000000000");
  },
);

// newer than runc 1.1
claim("time namespace: its offsets are seen in /proc/uptime", async (box) => {
  const uptime = (text: string) => Number(text.split(" ")[0]);
  const day = 86_400;
  const inside = await box.out("cat /proc/uptime", (spec) => {
    spec.linux.namespaces.push({ type: "time" });
    spec.linux.timeOffsets = { boottime: { secs: 10 * day } };
  });
  const difference = uptime(inside) -
    uptime(Deno.readTextFileSync("/proc/uptime"));
  assertEquals(Math.round(difference / day), 10);
});

claim(
  "time namespace: without offsets the clocks are the host's",
  async (box) => {
    const inside = await box.out("cat /proc/uptime");
    const host = Deno.readTextFileSync("/proc/uptime");
    assertEquals(Math.round((parseFloat(host) - parseFloat(inside)) / 60), 0);
  },
);

// newer than runc 1.1
claim("time namespace: its offsets are listed for the program", async (box) => {
  const output = await box.out("cat /proc/self/timens_offsets", (spec) => {
    spec.linux.namespaces.push({ type: "time" });
    spec.linux.timeOffsets = {
      monotonic: { secs: 172_800, nanosecs: 7 },
      boottime: { secs: 604_800 },
    };
  });
  assertEquals(
    output.split("\n").map((line) => line.split(/ +/)),
    [["monotonic", "172800", "7"], ["boottime", "604800", "0"]],
  );
});

// newer than runc 1.1
claim("time namespace: offsets without it are refused", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.linux.timeOffsets = { boottime: { secs: 5 } };
  });
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
  );
  assertMatch(text, /time/i);
});

// newer than runc 1.1
claim("all namespaces together, new", async (box) => {
  const container = await box.start((spec) => {
    onlyNamespaces(spec, ...TYPES.map(([type]) => type));
    addUserNamespace(spec);
  });
  const pid = await container.pid();
  const same = [...Deno.readDirSync("/proc/self/ns")].map(({ name }) => name)
    .filter((name) => namespaceOf(pid, name) === namespaceOf("self", name));
  assertEquals(same, []);
});

claim("an unknown namespace type is refused and named", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.linux.namespaces.push({ type: "dream" });
  });
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
  );
  assertStringIncludes(text, "dream");
});

claim("a namespace type given twice is refused", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.linux.namespaces.push({ type: "uts" });
  });
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
  );
  assertMatch(text, /uts|duplicate/i);
});

claim(
  "a failed create leaves a joined namespace's holder alone",
  async (box) => {
    const other = await box.start();
    const pid = await other.pid();
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["nowhere-to-be-found"];
      spec.linux.namespaces = spec.linux.namespaces.map((one) =>
        one.type === "pid" ? { type: "pid", path: `/proc/${pid}/ns/pid` } : one
      );
    });
    failure(await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]));
    assertEquals((await other.state()).status, "running");
    ok(await other.try("kill", "KILL"));
  },
);
