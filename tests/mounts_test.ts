/** Mounts of the configuration, as seen in the container's mountinfo: config.md#mounts, mount(8). */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure } from "./command.ts";
import { exists, isPureV2 } from "./host.ts";
import { mountAt, parseMountInfo } from "./mountinfo.ts";
import type { Mount } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

/** Runs a container with these mounts besides the default ones; answers its mountinfo. */
function mountinfo(box: Box, mounts: Mount[], edit?: Edit): Promise<string> {
  return box.out("cat /proc/self/mountinfo", (spec, bundle) => {
    spec.mounts.push(...mounts);
    edit?.(spec, bundle);
  });
}

/** A tmpfs mount. */
function tmpfs(destination: string, ...options: string[]): Mount {
  return { destination, type: "tmpfs", source: "tmpfs", options };
}

/** A bind mount; without bind or rbind among the options it is a bind. */
function bind(
  source: string,
  destination: string,
  ...options: string[]
): Mount {
  const kind = options.some((option) => /^r?bind$/.test(option))
    ? []
    : ["bind"];
  return { destination, type: "none", source, options: [...kind, ...options] };
}

/** Creates a container that must be refused; answers the message. */
async function refused(
  box: Box,
  mounts: Mount[],
  edit?: Edit,
): Promise<string> {
  const bundle = await box.bundle((spec, bundle) => {
    spec.mounts.push(...mounts);
    edit?.(spec, bundle);
  });
  const id = box.newId();
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, id]),
  );
  assertEquals(exists(`${box.root}/${id}`), false);
  return text;
}

// Options of one mount: what mountinfo shows with the option, and with the one that takes it back.
const FLAGS: [set: string, clear: string, seen: string][] = [
  ["ro", "rw", "ro"],
  ["nosuid", "suid", "nosuid"],
  ["nodev", "dev", "nodev"],
  ["noexec", "exec", "noexec"],
  ["noatime", "atime", "noatime"],
  ["nodiratime", "diratime", "nodiratime"],
  ["nosymfollow", "symfollow", "nosymfollow"], // newer than runc 1.1
];

for (const [set, clear, seen] of FLAGS) {
  claim(
    `mount option ${set} is seen on a tmpfs, and ${clear} takes it back`,
    async (box) => {
      const text = await mountinfo(box, [
        tmpfs("/with", set),
        tmpfs("/without"),
        tmpfs("/back", set, clear),
      ]);
      const shown = (point: string) =>
        mountAt(text, point).options.includes(seen);
      assertEquals([shown("/with"), shown("/without"), shown("/back")], [
        true,
        false,
        false,
      ]);
    },
  );

  claim(
    `mount option ${set} is seen on a bind mount, and ${clear} takes it back`,
    async (box) => {
      const text = await mountinfo(box, [
        bind("data", "/with", set),
        bind("data", "/without"),
        bind("data", "/back", set, clear),
      ], (_, bundle) => Deno.mkdirSync(`${bundle.dir}/data`));
      const shown = (point: string) =>
        mountAt(text, point).options.includes(seen);
      assertEquals([shown("/with"), shown("/without"), shown("/back")], [
        true,
        false,
        false,
      ]);
    },
  );
}

claim(
  "mount option strictatime: neither relatime nor noatime is seen",
  async (box) => {
    const text = await mountinfo(box, [
      tmpfs("/strict", "strictatime"),
      tmpfs("/relative", "relatime"),
      tmpfs("/default"),
    ]);
    const shown = (point: string) =>
      mountAt(text, point).options.filter((option) => option.includes("atime"));
    assertEquals(shown("/strict"), []);
    assertEquals(shown("/relative"), ["relatime"]);
    assertEquals(shown("/default"), ["relatime"]);
  },
);

// Options of the file system.
const SUPER_FLAGS: [set: string, clear: string][] = [
  ["sync", "async"],
  ["dirsync", ""],
  ["lazytime", "nolazytime"], // newer than runc 1.1
];

for (const [set, clear] of SUPER_FLAGS) {
  claim(`mount option ${set} is seen on the file system`, async (box) => {
    const text = await mountinfo(box, [
      tmpfs("/with", set),
      tmpfs("/without"),
      ...(clear === "" ? [] : [tmpfs("/back", set, clear)]),
    ]);
    const shown = (point: string) =>
      mountAt(text, point).superOptions.includes(set);
    assertEquals([shown("/with"), shown("/without")], [true, false]);
    if (clear !== "") assertEquals(shown("/back"), false);
  });
}

claim("mount options without a visible effect are accepted", async (box) => {
  // "defaults" is newer than runc 1.1, which hands it to the file system.
  const options = ["defaults", "loud", "silent", "iversion", "noiversion"];
  const text = await mountinfo(box, [tmpfs("/mnt", ...options)]);
  assertEquals(mountAt(text, "/mnt").type, "tmpfs");
});

claim(
  "mount options: a read-only mount refuses writes, a writable one takes them",
  async (box) => {
    const output = await box.out(
      "touch /ro/x 2>/dev/null; echo $?; touch /rw/x; echo $?",
      (spec) => spec.mounts.push(tmpfs("/ro", "ro"), tmpfs("/rw")),
    );
    assertEquals(output, "1\n0");
  },
);

claim(
  "mount options: noexec stops a program, exec lets it run",
  async (box) => {
    const output = await box.out(
      "/a/tool; echo $?; /b/tool; echo $?",
      (spec, bundle) => {
        bundle.file("data/tool", "#!/bin/sh\necho ran\n");
        spec.mounts.push(bind("data", "/a", "noexec"), bind("data", "/b"));
      },
    ).catch((error) => error.message);
    assertEquals(output, "126\nran\n0");
  },
);

// Recursive options: seen on a mount and on what is mounted below it.
const RECURSIVE: [set: string, clear: string, seen: string][] = [
  ["rro", "rrw", "ro"],
  ["rnosuid", "rsuid", "nosuid"],
  ["rnodev", "rdev", "nodev"],
  ["rnoexec", "rexec", "noexec"],
  ["rnoatime", "rrelatime", "noatime"],
  ["rnodiratime", "rdiratime", "nodiratime"],
  ["rnosymfollow", "rsymfollow", "nosymfollow"],
];

for (const [set, clear, seen] of RECURSIVE) {
  claim(
    `mount option ${set} reaches the mounts below, ${clear} clears it there`,
    async (box) => {
      const plain = await box.hostMount("plain", "tmpfs", "size=1m");
      await box.hostMount("plain/sub", "tmpfs", "size=1m");
      const full = await box.hostMount("full", "tmpfs", "size=1m");
      await Deno.mkdir(`${full}/sub`);
      await box.hostMount("full/sub", "tmpfs", `size=1m,${seen}`);
      const text = await mountinfo(box, [
        bind(plain, "/with", "rbind", set),
        bind(plain, "/without", "rbind"),
        bind(full, "/back", "rbind", clear),
        bind(full, "/kept", "rbind"),
      ]);
      const shown = (point: string) =>
        mountAt(text, point).options.includes(seen);
      assertEquals([shown("/with"), shown("/with/sub")], [true, true]);
      assertEquals([shown("/without"), shown("/without/sub")], [false, false]);
      assertEquals(shown("/back/sub"), false);
      assertEquals(shown("/kept/sub"), true);
    },
  );
}

// runc answers EINVAL to ratime and rnostrictatime: it clears one bit of the access time field, not the field.
for (
  const [option, source] of [
    ["rrelatime", "noatime"],
    ["ratime", "noatime"],
    ["rnostrictatime", "strictatime"],
  ] as [string, string][]
) {
  claim(
    `mount option ${option} gives relatime back to a ${source} mount below`,
    async (box) => {
      const dir = await box.hostMount("source", "tmpfs", "size=1m");
      await box.hostMount("source/sub", "tmpfs", `size=1m,${source}`);
      const text = await mountinfo(box, [
        bind(dir, "/with", "rbind", option),
        bind(dir, "/without", "rbind"),
      ]);
      const shown = (point: string) =>
        mountAt(text, point).options.includes("relatime");
      assertEquals([shown("/with/sub"), shown("/without/sub")], [true, false]);
    },
  );
}

claim("mount option rnorelatime is accepted", async (box) => {
  const text = await mountinfo(box, [bind("/tmp", "/mnt", "rnorelatime")]);
  assertEquals(mountAt(text, "/mnt").root.endsWith("/tmp"), true);
});

claim("mount option rstrictatime reaches the mounts below", async (box) => {
  const source = await box.hostMount("source", "tmpfs", "size=1m");
  await box.hostMount("source/sub", "tmpfs", "size=1m");
  const text = await mountinfo(box, [
    bind(source, "/with", "rbind", "rstrictatime"),
    bind(source, "/without", "rbind"),
  ]);
  const shown = (point: string) =>
    mountAt(text, point).options.some((option) => option.includes("atime"));
  assertEquals([shown("/with"), shown("/with/sub")], [false, false]);
  assertEquals([shown("/without"), shown("/without/sub")], [true, true]);
});

claim(
  "recursive read-only with the plain option leaves the mounts below writable",
  async (box) => {
    const source = await box.hostMount("source", "tmpfs", "size=1m");
    await box.hostMount("source/sub", "tmpfs", "size=1m");
    const text = await mountinfo(box, [bind(source, "/mnt", "rbind", "ro")]);
    assertEquals(mountAt(text, "/mnt").options.includes("ro"), true);
    assertEquals(mountAt(text, "/mnt/sub").options.includes("ro"), false);
  },
);

claim("bind takes one mount, rbind the mounts below it too", async (box) => {
  const source = await box.hostMount("source", "tmpfs", "size=1m");
  await box.hostMount("source/sub", "tmpfs", "size=1m");
  const text = await mountinfo(box, [
    bind(source, "/one", "bind"),
    bind(source, "/all", "rbind"),
  ]);
  const points = parseMountInfo(text).map(({ point }) => point);
  assertEquals(points.includes("/one"), true);
  assertEquals(points.includes("/one/sub"), false);
  assertEquals(points.includes("/all/sub"), true);
});

claim("bind without other options keeps the source's flags", async (box) => {
  const source = await box.hostMount(
    "source",
    "tmpfs",
    "size=1m,noexec,nosuid",
  );
  const text = await mountinfo(box, [bind(source, "/mnt")]);
  const { options } = mountAt(text, "/mnt");
  assertEquals([options.includes("noexec"), options.includes("nosuid")], [
    true,
    true,
  ]);
});

// newer than runc 1.1
claim(
  "bind in a user namespace keeps the source's locked flags on a read-only remount",
  async (box) => {
    const source = await box.hostMount(
      "source",
      "tmpfs",
      "size=1m,mode=755,noexec,nosuid,nodev",
    );
    const text = await mountinfo(
      box,
      [bind(source, "/mnt", "ro")],
      addUserNamespace,
    );
    const { options } = mountAt(text, "/mnt");
    for (const flag of ["ro", "noexec", "nosuid", "nodev"]) {
      assertEquals([flag, options.includes(flag)], [flag, true]);
    }
  },
);

// newer than runc 1.1
claim(
  "bind in a user namespace can't clear a flag that the source has locked",
  async (box) => {
    const source = await box.hostMount(
      "source",
      "tmpfs",
      "size=1m,mode=755,noexec",
    );
    const text = await refused(
      box,
      [bind(source, "/mnt", "ro", "exec")],
      addUserNamespace,
    );
    assertStringIncludes(text, "/mnt");
  },
);

claim("bind: a source relative to the bundle", async (box) => {
  const output = await box.out("cat /mnt/hello", (spec, bundle) => {
    bundle.file("data/hello", "from the bundle\n");
    spec.mounts.push(bind("data", "/mnt"));
  });
  assertEquals(output, "from the bundle");
});

claim("bind: a missing source is refused and named", async (box) => {
  const text = await refused(box, [bind("/nowhere/at/all", "/mnt")]);
  assertStringIncludes(text, "/nowhere/at/all");
});

claim("bind: a file on a file", async (box) => {
  const output = await box.out("cat /etc/passwd", (spec, bundle) => {
    bundle.file("data", "other\n");
    spec.mounts.push(bind("data", "/etc/passwd"));
  });
  assertEquals(output, "other");
});

claim("bind: a device node from the host", async (box) => {
  const output = await box.out("head -c 3 /dev/my-zero | wc -c", (spec) => {
    spec.mounts.push(bind("/dev/zero", "/dev/my-zero"));
  });
  assertEquals(output, "3");
});

// newer than runc 1.1
claim("bind: options of a file system are refused", async (box) => {
  const text = await refused(
    box,
    [bind("data", "/mnt", "size=1m")],
    (_, bundle) => Deno.mkdirSync(`${bundle.dir}/data`),
  );
  assertMatch(text, /size=1m|data|option/);
});

claim(
  "an unknown option is handed to the file system, which refuses it",
  async (box) => {
    const text = await refused(box, [tmpfs("/mnt", "nonsense=1")]);
    assertStringIncludes(text, "/mnt");
  },
);

claim("an unknown file system type is refused and named", async (box) => {
  const text = await refused(box, [
    { destination: "/mnt", type: "nofs", source: "x" },
  ]);
  assertStringIncludes(text, "/mnt");
});

for (
  const [option, seen] of [
    ["shared", /^shared:/],
    ["rshared", /^shared:/],
    ["unbindable", /^unbindable$/],
    ["runbindable", /^unbindable$/],
  ] as [string, RegExp][]
) {
  claim(`mount option ${option} sets the propagation`, async (box) => {
    const text = await mountinfo(box, [
      tmpfs("/with", option),
      tmpfs("/without"),
    ]);
    const shown = (point: string) =>
      mountAt(text, point).propagation.some((field) => seen.test(field));
    assertEquals([shown("/with"), shown("/without")], [true, false]);
  });
}

for (const option of ["private", "rprivate"]) {
  claim(
    `mount option ${option} ends the propagation of a bind's source`,
    async (box) => {
      const source = await box.hostMount("source", "tmpfs", "size=1m");
      await box.command(["mount", "--make-shared", source]);
      const text = await mountinfo(box, [
        bind(source, "/with", option),
        bind(source, "/without"),
      ]);
      assertEquals(mountAt(text, "/with").propagation, []);
      // The default of the root file system: what the host mounts comes in, not the reverse.
      assertMatch(mountAt(text, "/without").propagation.join(), /^master:/);
    },
  );
}

for (const option of ["slave", "rslave"]) {
  claim(
    `mount option ${option}: the host's later mounts come in`,
    async (box) => {
      const source = await box.hostMount("source", "tmpfs", "size=1m");
      await box.command(["mount", "--make-shared", source]);
      const container = await box.start((spec) => {
        spec.mounts.push(
          bind(source, "/with", "rbind", option),
          bind(source, "/without", "rbind", "rprivate"),
        );
      });
      await box.hostMount("source/late", "tmpfs", "size=1m");
      const text = Deno.readTextFileSync(
        `/proc/${await container.pid()}/mountinfo`,
      );
      const points = parseMountInfo(text).map(({ point }) => point);
      assertEquals(points.includes("/with/late"), true);
      assertEquals(points.includes("/without/late"), false);
      // Before the box unmounts it, so that nothing holds the mount.
      await container.kill();
    },
  );
}

claim("tmpfs: size and mode are as configured", async (box) => {
  const output = await box.out(
    "stat -c %a /fresh; df -k /fresh | tail -n 1 | awk '{print $2}'",
    (spec) => spec.mounts.push(tmpfs("/fresh", "size=640k", "mode=1750")),
  );
  assertEquals(output, "1750\n640");
});

claim(
  "tmpfs: without a mode it takes the one of the directory it covers",
  async (box) => {
    const output = await box.out("stat -c %a /mnt", (spec, bundle) => {
      Deno.chmodSync(`${bundle.rootfs}/mnt`, 0o711);
      spec.mounts.push(tmpfs("/mnt"));
    });
    assertEquals(output, "711");
  },
);

claim(
  "tmpfs: covers what is there, with tmpcopyup it starts with a copy",
  async (box) => {
    const output = await box.out(
      "ls /plain; cat /copied/a; cat /copied/d/b; readlink /copied/link; stat -c '%a %u' /copied/d",
      (spec, bundle) => {
        for (const dir of ["plain", "copied"]) {
          bundle.file(`rootfs/${dir}/a`, "A\n");
          bundle.file(`rootfs/${dir}/d/b`, "B\n");
          Deno.symlinkSync("/etc/passwd", `${bundle.rootfs}/${dir}/link`);
          Deno.chmodSync(`${bundle.rootfs}/${dir}/d`, 0o715);
          Deno.chownSync(`${bundle.rootfs}/${dir}/d`, 12, 34);
        }
        spec.mounts.push(tmpfs("/plain"), tmpfs("/copied", "tmpcopyup"));
      },
    );
    assertEquals(output, "A\nB\n/etc/passwd\n715 12");
  },
);

claim(
  "tmpfs: a write with tmpcopyup does not reach the root file system",
  async (box) => {
    const result = await box.bundle();
    result.file("rootfs/copied/a", "A\n");
    result.spec.mounts.push(tmpfs("/copied", "tmpcopyup"));
    result.spec.process.args = ["sh", "-c", "echo changed >/copied/a"];
    result.write();
    const { code } = await box.nsinit(["run", "-b", result.dir, box.newId()]);
    assertEquals(code, 0);
    assertEquals(await Deno.readTextFile(`${result.rootfs}/copied/a`), "A\n");
  },
);

claim(
  "proc, mqueue, devpts, sysfs and shm are mounted by default",
  async (box) => {
    const text = await mountinfo(box, []);
    const type = (point: string) => mountAt(text, point).type;
    assertEquals(
      ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"].map(
        type,
      ),
      ["proc", "tmpfs", "devpts", "tmpfs", "mqueue", "sysfs"],
    );
    assertEquals(mountAt(text, "/sys").options.includes("ro"), true);
  },
);

claim(
  "devpts: a new instance of its own, with the configured modes",
  async (box) => {
    const output = await box.out("ls /dev/pts; stat -c %a /dev/pts/ptmx");
    assertEquals(output, "ptmx\n666");
  },
);

claim(
  "sysfs: shows the container's network devices, and the host's without a namespace",
  async (box) => {
    assertEquals(await box.out("ls /sys/class/net"), "lo");
    const host = [...Deno.readDirSync("/sys/class/net")].map(({ name }) =>
      name
    );
    const output = await box.out("ls /sys/class/net", (spec) => {
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "network"
      );
    });
    assertEquals(output.split("\n").sort(), host.sort());
  },
);

claim(
  "sysfs in a user namespace with the host's network falls back to a bind",
  async (box) => {
    const output = await box.out("ls -d /sys/class/net", (spec) => {
      addUserNamespace(spec);
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "network"
      );
      for (const mount of spec.mounts) {
        if (mount.destination === "/sys") {
          Object.assign(mount, bind("/sys", "/sys", "rbind", "ro"));
        }
      }
      spec.mounts = spec.mounts.filter(({ type }) => type !== "cgroup");
    });
    assertEquals(output, "/sys/class/net");
  },
);

claim(
  "cgroup: the mount shows the container's own cgroups",
  async (box) => {
    const text = await mountinfo(box, []);
    if (isPureV2()) {
      assertEquals(mountAt(text, "/sys/fs/cgroup").type, "cgroup2");
    } else {
      assertEquals(mountAt(text, "/sys/fs/cgroup").type, "tmpfs");
      assertEquals(mountAt(text, "/sys/fs/cgroup/memory").type, "cgroup");
      assertEquals(
        mountAt(text, "/sys/fs/cgroup/pids").options.includes("ro"),
        true,
      );
    }
  },
);

claim("cgroup: the program finds itself in the mount [v2]", async (box) => {
  const file = isPureV2()
    ? "/sys/fs/cgroup/cgroup.procs"
    : "/sys/fs/cgroup/pids/cgroup.procs";
  const output = await box.out(`grep -x $$ ${file}`, (spec) => {
    spec.linux.namespaces = [
      ...spec.linux.namespaces.filter(({ type }) => type !== "cgroup"),
      { type: "cgroup" },
    ];
  });
  assertEquals(output, "1");
});

claim(
  "cgroup: without a cgroup namespace the program finds itself in the mount too",
  async (box) => {
    const file = isPureV2()
      ? `"/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/cgroup.procs"`
      : "/sys/fs/cgroup/pids/cgroup.procs";
    const output = await box.out(`grep -x $$ ${file}`, (spec) => {
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "cgroup"
      );
    });
    assertEquals(output, "1");
  },
);

claim(
  "overlay: layers are merged and writes go to the upper one",
  async (box) => {
    const layers = await box.hostMount("layers", "tmpfs", "size=1m");
    for (const dir of ["low", "up", "work"]) {
      await Deno.mkdir(
        `${layers}/${dir}`,
      );
    }
    await Deno.writeTextFile(`${layers}/low/a`, "low\n");
    await Deno.writeTextFile(`${layers}/up/b`, "up\n");
    const output = await box.out(
      "cat /mnt/a /mnt/b; echo new >/mnt/c",
      (spec) => {
        spec.mounts.push({
          destination: "/mnt",
          type: "overlay",
          source: "overlay",
          options: [
            `lowerdir=${layers}/low`,
            `upperdir=${layers}/up`,
            `workdir=${layers}/work`,
          ],
        });
      },
    );
    assertEquals(output, "low\nup");
    assertEquals(await Deno.readTextFile(`${layers}/up/c`), "new\n");
  },
);

claim(
  "overlay: a list of lower directories longer than 255 bytes",
  async (box) => {
    const layers = await box.hostMount("layers", "tmpfs", "size=1m");
    const lower = Array.from(
      { length: 8 },
      (_, n) => `${layers}/${"l".repeat(60)}${n}`,
    );
    for (const [n, dir] of lower.entries()) {
      await Deno.mkdir(dir);
      await Deno.writeTextFile(`${dir}/f${n}`, "");
    }
    const output = await box.out("ls /mnt | wc -l", (spec) => {
      spec.mounts.push({
        destination: "/mnt",
        type: "overlay",
        source: "overlay",
        options: [`lowerdir=${lower.join(":")}`],
      });
    });
    assertEquals(output, "8");
  },
);

claim(
  "a missing mount point and its parents are made, a file for a file",
  async (box) => {
    const bundle = await box.bundle((spec, bundle) => {
      bundle.file("data", "content\n");
      spec.mounts.push(bind("data", "/a/b/file"), tmpfs("/a/c/dir"));
      spec.process.args = ["cat", "/a/b/file"];
    });
    const { code, stdout } = await box.nsinit([
      "run",
      "-b",
      bundle.dir,
      box.newId(),
    ]);
    assertEquals([code, stdout], [0, "content\n"]);
    const file = await Deno.stat(`${bundle.rootfs}/a/b/file`);
    assertEquals([file.isFile, file.size, file.uid], [true, 0, 0]);
    const dir = await Deno.stat(`${bundle.rootfs}/a/c/dir`);
    assertEquals([dir.isDirectory, dir.uid, dir.mode! & 0o777], [
      true,
      0,
      0o755,
    ]);
  },
);

claim("a missing mount point belongs to the container's root", async (box) => {
  const bundle = await box.bundle((spec, bundle) => {
    addUserNamespace(spec);
    Deno.chownSync(bundle.rootfs, 100_000, 100_000);
    spec.mounts.push(tmpfs("/made/here"));
    spec.process.args = ["true"];
  });
  const result = await box.nsinit(["run", "-b", bundle.dir, box.newId()]);
  assertEquals([result.code, result.stderr], [0, ""]);
  for (const path of ["made", "made/here"]) {
    const { uid, gid } = await Deno.stat(`${bundle.rootfs}/${path}`);
    assertEquals([uid, gid], [100_000, 100_000]);
  }
});

claim("mounts are made in the order listed", async (box) => {
  const text = await mountinfo(box, [
    tmpfs("/a", "mode=700"),
    tmpfs("/a/b"),
    tmpfs("/c/d"),
    tmpfs("/c"),
  ]);
  const points = parseMountInfo(text).map(({ point }) => point)
    .filter((point) => /^\/[ac]/.test(point));
  assertEquals(points, ["/a", "/a/b", "/c/d", "/c"]);
});

// newer than runc 1.1
claim("of two mounts on one place the later is seen", async (box) => {
  const output = await box.out("stat -c %a /mnt", (spec) => {
    spec.mounts.push(tmpfs("/mnt", "mode=701"), tmpfs("/mnt", "mode=702"));
  });
  assertEquals(output, "702");
});

claim("a relative destination is below the root", async (box) => {
  const text = await mountinfo(box, [tmpfs("some/where")]);
  assertEquals(mountAt(text, "/some/where").type, "tmpfs");
});

claim("a destination with .. stays below the root", async (box) => {
  const text = await mountinfo(box, [tmpfs("/../../../up/../kept")]);
  assertEquals(mountAt(text, "/kept").type, "tmpfs");
});

/** A directory outside the root file system that a hostile one points at. */
async function outside(box: Box): Promise<string> {
  const dir = `${box.dir}/outside`;
  await Deno.mkdir(dir);
  return dir;
}

/** Everything in a directory and below it. */
function tree(dir: string): string[] {
  return [...Deno.readDirSync(dir)].flatMap((entry) => [
    `${dir}/${entry.name}`,
    ...(entry.isDirectory ? tree(`${dir}/${entry.name}`) : []),
  ]);
}

for (
  const [name, target] of [
    ["an absolute link", (dir: string) => dir],
    [
      "a link of many ..",
      (dir: string) => `${"../".repeat(40)}${dir.slice(1)}`,
    ],
    [
      "a link by way of /proc/self/root",
      (dir: string) => `/proc/self/root${dir}`,
    ],
  ] as [string, (dir: string) => string][]
) {
  claim(
    `hostile root: a destination through ${name} stays inside`,
    async (box) => {
      const dir = await outside(box);
      const bundle = await box.bundle((spec, bundle) => {
        Deno.symlinkSync(target(dir), `${bundle.rootfs}/link`);
        bundle.file("data", "");
        spec.mounts.push(tmpfs("/link/made"), bind("data", "/link/file"));
        spec.process.args = ["sh", "-c", "touch /link/made/x"];
      });
      const id = box.newId();
      await box.nsinit(["run", "-b", bundle.dir, id]);
      assertEquals(tree(dir), []);
    },
  );

  claim(`hostile root: a device through ${name} stays inside`, async (box) => {
    const dir = await outside(box);
    const bundle = await box.bundle((spec, bundle) => {
      Deno.symlinkSync(target(dir), `${bundle.rootfs}/link`);
      spec.linux.devices = [
        { path: "/link/node", type: "c", major: 1, minor: 3 },
      ];
      spec.process.args = ["true"];
    });
    await box.nsinit(["run", "-b", bundle.dir, box.newId()]);
    assertEquals(tree(dir), []);
  });

  // newer than runc 1.1
  claim(`hostile root: /dev as ${name} makes nothing outside`, async (box) => {
    const dir = await outside(box);
    const bundle = await box.bundle((spec, bundle) => {
      Deno.removeSync(`${bundle.rootfs}/dev`);
      Deno.symlinkSync(target(dir), `${bundle.rootfs}/dev`);
      spec.mounts = spec.mounts.filter((mount) =>
        !mount.destination.startsWith("/dev")
      );
      spec.process.args = ["true"];
    });
    await box.nsinit(["run", "-b", bundle.dir, box.newId()]);
    assertEquals(tree(dir), []);
  });
}

for (const name of ["proc", "sys"]) {
  claim(`hostile root: /${name} as a link is refused`, async (box) => {
    const text = await refused(box, [], (_, bundle) => {
      Deno.removeSync(`${bundle.rootfs}/${name}`);
      Deno.mkdirSync(`${bundle.rootfs}/elsewhere`);
      Deno.symlinkSync("elsewhere", `${bundle.rootfs}/${name}`);
    });
    assertMatch(
      text,
      /must be mounted on ordinary directory|must be mounted on an ordinary directory/,
    );
  });
}

claim(
  "hostile root: /dev as a link within the root still gets its devices",
  async (box) => {
    const output = await box.out(
      "ls /real-dev/null; echo x >/dev/null && echo ok",
      (_, bundle) => {
        Deno.removeSync(`${bundle.rootfs}/dev`);
        Deno.mkdirSync(`${bundle.rootfs}/real-dev`);
        Deno.symlinkSync("real-dev", `${bundle.rootfs}/dev`);
      },
    );
    assertEquals(output, "/real-dev/null\nok");
  },
);

claim("a destination through a link within the root", async (box) => {
  const text = await mountinfo(box, [tmpfs("/link/made")], (_, bundle) => {
    Deno.mkdirSync(`${bundle.rootfs}/target`);
    Deno.symlinkSync("/target", `${bundle.rootfs}/link`);
  });
  assertEquals(mountAt(text, "/target/made").type, "tmpfs");
});

claim(
  "a dangling link as destination: its target is made within the root",
  async (box) => {
    const text = await mountinfo(box, [tmpfs("/link")], (_, bundle) => {
      Deno.symlinkSync("/deep/down/target", `${bundle.rootfs}/link`);
    });
    assertEquals(mountAt(text, "/deep/down/target").type, "tmpfs");
  },
);

claim(
  "a dangling link as a file's destination: its target is made within the root",
  async (box) => {
    const output = await box.out("cat /etc/resolv.conf", (spec, bundle) => {
      Deno.symlinkSync(
        "../run/some/resolv.conf",
        `${bundle.rootfs}/etc/resolv.conf`,
      );
      bundle.file("data", "nameserver 192.0.2.1\n");
      spec.mounts.push(bind("data", "/etc/resolv.conf"));
    });
    assertEquals(output, "nameserver 192.0.2.1");
  },
);

claim("a loop of links as destination is refused", async (box) => {
  await refused(box, [tmpfs("/one/mnt")], (_, bundle) => {
    Deno.symlinkSync("two", `${bundle.rootfs}/one`);
    Deno.symlinkSync("one", `${bundle.rootfs}/two`);
  });
});

claim("a mount on the root itself is refused", async (box) => {
  await refused(box, [tmpfs("/")]);
});

// newer than runc 1.1
claim("a tmpfs on /proc/sys is refused", async (box) => {
  const text = await refused(box, [tmpfs("/proc/sys")]);
  assertStringIncludes(text, "/proc");
});

claim("a bind of a directory on /proc is refused", async (box) => {
  const text = await refused(
    box,
    [bind("data", "/proc")],
    (_, bundle) => Deno.mkdirSync(`${bundle.dir}/data`),
  );
  assertStringIncludes(text, "/proc");
});

claim("a bind of a file on /proc/cpuinfo is allowed", async (box) => {
  const output = await box.out("cat /proc/cpuinfo", (spec, bundle) => {
    bundle.file("data", "one cpu\n");
    spec.mounts.push(bind("data", "/proc/cpuinfo"));
  });
  assertEquals(output, "one cpu");
});

claim("a NUL byte in a mount's field is refused", async (box) => {
  await refused(box, [tmpfs("/mnt\0x")]);
});
