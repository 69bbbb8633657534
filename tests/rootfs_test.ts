/** The root file system: read-only, propagation, masks, devices, links, pivot, working directory. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { exists, kernelBefore } from "./host.ts";
import { mountAt, parseMountInfo } from "./mountinfo.ts";
import type { Spec } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

const MOUNTINFO = "cat /proc/self/mountinfo";

/** Leaves /dev as it is in the root file system. */
function withoutDev(spec: Spec): void {
  spec.mounts = spec.mounts.filter(({ destination }) =>
    !destination.startsWith("/dev")
  );
}

claim("root.readonly: true refuses writes, false takes them", async (box) => {
  const script = "touch /new-file 2>/dev/null; echo $?";
  assertEquals(
    await box.out(script, (spec) => {
      spec.root.readonly = true;
    }),
    "1",
  );
  assertEquals(
    await box.out(script, (spec) => {
      spec.root.readonly = false;
    }),
    "0",
  );
});

claim("root.readonly: left out, writes are taken", async (box) => {
  const output = await box.out("touch /new-file; echo $?", (spec) => {
    delete spec.root.readonly;
  });
  assertEquals(output, "0");
});

claim("root.readonly leaves the mounts within alone", async (box) => {
  const output = await box.out("touch /dev/shm/x; echo $?");
  assertEquals(output, "0");
});

claim("root.path may be absolute", async (box) => {
  const output = await box.out("echo here", (spec, bundle) => {
    spec.root.path = bundle.rootfs;
  });
  assertEquals(output, "here");
});

claim("root.path may have another name and depth", async (box) => {
  const output = await box.out("echo here", (spec, bundle) => {
    Deno.mkdirSync(`${bundle.dir}/some`);
    Deno.renameSync(bundle.rootfs, `${bundle.dir}/some/root`);
    spec.root.path = "some/root";
  });
  assertEquals(output, "here");
});

claim(
  "the host's root is not reachable: /.. is /, and no old root is mounted",
  async (box) => {
    const output = await box.out(
      `test /.. -ef / && echo same; test -e ${box.dir} || echo gone; ls /`,
    );
    assertMatch(output, /^same\ngone\n/);
    assertEquals(output.includes("old"), false);
  },
);

for (
  const [configured, seen] of [
    ["shared", /^shared:\d+$/], // newer than runc 1.1
    ["unbindable", /^unbindable$/], // newer than runc 1.1
    ["private", /^$/],
  ] as [string, RegExp][]
) {
  claim(`rootfsPropagation ${configured} is seen on the root`, async (box) => {
    const text = await box.out(MOUNTINFO, (spec) => {
      spec.linux.rootfsPropagation = configured;
    });
    assertMatch(mountAt(text, "/").propagation.join(), seen);
  });
}

for (const configured of ["slave", undefined]) {
  claim(
    `rootfsPropagation ${configured ?? "left out"}: the host's mounts come in`,
    async (box) => {
      const source = await box.hostMount("source", "tmpfs", "size=1m");
      await box.command(["mount", "--make-shared", source]);
      const container = await box.start((spec) => {
        if (configured !== undefined) spec.linux.rootfsPropagation = configured;
        spec.mounts.push({
          destination: "/mnt",
          type: "none",
          source,
          options: ["rbind"],
        });
      });
      await box.hostMount("source/late", "tmpfs", "size=1m");
      const text = Deno.readTextFileSync(
        `/proc/${await container.pid()}/mountinfo`,
      );
      assertEquals(mountAt(text, "/mnt/late").type, "tmpfs");
      await container.kill();
    },
  );
}

claim("rootfsPropagation rprivate: the host's mounts stay out", async (box) => {
  const source = await box.hostMount("source", "tmpfs", "size=1m");
  await box.command(["mount", "--make-shared", source]);
  const container = await box.start((spec) => {
    spec.linux.rootfsPropagation = "rprivate";
    spec.mounts.push({
      destination: "/mnt",
      type: "none",
      source,
      options: ["rbind"],
    });
  });
  await box.hostMount("source/late", "tmpfs", "size=1m");
  const text = Deno.readTextFileSync(
    `/proc/${await container.pid()}/mountinfo`,
  );
  const points = parseMountInfo(text).map(({ point }) => point);
  assertEquals(points.includes("/mnt/late"), false);
  await container.kill();
});

claim(
  "rootfsPropagation with another word is refused and named",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.linux.rootfsPropagation = "sideways";
    });
    const text = failure(
      await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
    );
    assertStringIncludes(text, "sideways");
  },
);

claim(
  "maskedPaths: a file reads as empty, without the mask it has text",
  async (box) => {
    const script = "cat /proc/kcore /proc/meminfo 2>/dev/null | head -c 7";
    const masked = await box.out(script, (spec) => {
      spec.linux.maskedPaths = ["/proc/kcore", "/proc/meminfo"];
    });
    const plain = await box.out("head -c 8 /proc/meminfo", (spec) => {
      spec.linux.maskedPaths = [];
    });
    assertEquals([masked, plain], ["", "MemTotal"]);
  },
);

claim(
  "maskedPaths: a directory is empty and read-only, without the mask it is not",
  async (box) => {
    const script = "ls /data; touch /data/x 2>/dev/null; echo $?";
    const edit = (masks: string[]) => (spec: Spec, bundle: Files) => {
      bundle.file("rootfs/data/secret", "x");
      spec.root.readonly = false;
      spec.linux.maskedPaths = masks;
    };
    assertEquals(await box.out(script, edit(["/data"])), "1");
    assertEquals(await box.out(script, edit([])), "secret\n0");
  },
);

/** What an edit uses of the bundle. */
interface Files {
  file(path: string, text: string): string;
}

claim("maskedPaths: a path that is missing is no error", async (box) => {
  const output = await box.out("echo ran", (spec) => {
    spec.linux.maskedPaths = ["/not/there", "/proc/not-there"];
  });
  assertEquals(output, "ran");
});

claim("maskedPaths: the same path twice is no error", async (box) => {
  const output = await box.out("ls /data", (spec, bundle) => {
    bundle.file("rootfs/data/secret", "x");
    spec.linux.maskedPaths = ["/data", "/data"];
  });
  assertEquals(output, "");
});

claim("maskedPaths: the default ones are masked", async (box) => {
  const text = await box.out(MOUNTINFO);
  const points = parseMountInfo(text).map(({ point }) => point);
  const file = await box.out(
    "test -e /proc/keys && wc -c </proc/keys || echo 0",
  );
  assertEquals(file, "0");
  if (exists("/sys/firmware")) {
    assertEquals(points.includes("/sys/firmware"), true);
  }
});

claim(
  "maskedPaths: /dev/null replaced by a link in the image masks nothing else",
  async (box) => {
    // newer than runc 1.1 (CVE-2025-31133): either refused, or masked by a real null device.
    const result = await box.sh(
      "cat /proc/meminfo; cat /target",
      (spec, bundle) => {
        withoutDev(spec);
        bundle.file("rootfs/target", "kept\n");
        Deno.symlinkSync("/target", `${bundle.rootfs}/dev/null`);
        spec.linux.maskedPaths = ["/proc/meminfo"];
      },
    );
    if (result.code === 0) assertEquals(result.stdout, "kept\n");
    assertEquals(result.stdout.includes("MemTotal"), false);
  },
);

claim(
  "readonlyPaths: writes are refused there, and taken without",
  async (box) => {
    const script =
      "touch /data/x 2>/dev/null; echo $?; touch /other/x; echo $?";
    const output = await box.out(script, (spec, bundle) => {
      bundle.file("rootfs/data/a", "");
      bundle.file("rootfs/other/a", "");
      spec.root.readonly = false;
      spec.linux.readonlyPaths = ["/data"];
    });
    assertEquals(output, "1\n0");
  },
);

claim("readonlyPaths: a file", async (box) => {
  const script = "echo b >>/a 2>/dev/null; cat /a; echo d >>/c; cat /c";
  const output = await box.out(script, (spec, bundle) => {
    bundle.file("rootfs/a", "a\n");
    bundle.file("rootfs/c", "c\n");
    spec.root.readonly = false;
    spec.linux.readonlyPaths = ["/a"];
  });
  assertEquals(output, "a\nc\nd");
});

claim("readonlyPaths: /proc/sys by default, writable without", async (box) => {
  const script = "echo inside >/proc/sys/kernel/hostname 2>/dev/null; hostname";
  const locked = await box.out(script, (spec) => {
    spec.hostname = "before";
  });
  const open = await box.out(script, (spec) => {
    spec.hostname = "before";
    spec.linux.readonlyPaths = [];
  });
  assertEquals([locked, open], ["before", "inside"]);
});

claim("readonlyPaths: a path that is missing is no error", async (box) => {
  const output = await box.out("echo ran", (spec) => {
    spec.linux.readonlyPaths = ["/not/there"];
  });
  assertEquals(output, "ran");
});

claim("masked and read-only paths need a mount namespace", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
      type !== "mount"
    );
    spec.mounts = [];
    spec.linux.maskedPaths = ["/proc/kcore"];
    spec.linux.readonlyPaths = [];
  });
  const text = failure(
    await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
  );
  assertMatch(text, /mount namespace|MNT namespace|maskedPaths/i);
});

claim("--no-pivot: the root is changed all the same", async (box) => {
  const output = await box.out(
    `ls -d /bin; test -e ${box.dir} || echo gone; test /.. -ef / && echo same`,
    undefined,
    { flags: ["--no-pivot"] },
  );
  assertEquals(output, "/bin\ngone\nsame");
});

claim("--no-pivot: nothing but the container's mounts is seen", async (box) => {
  const text = await box.out(MOUNTINFO, undefined, { flags: ["--no-pivot"] });
  assertEquals(mountAt(text, "/proc").type, "proc");
  const points = parseMountInfo(text).map(({ point }) => point);
  assertEquals(points.includes(box.dir), false);
});

claim("process.cwd is made when it is missing", async (box) => {
  const output = await box.out("pwd", (spec) => {
    spec.process.cwd = "/new/work/dir";
  });
  assertEquals(output, "/new/work/dir");
});

/** The devices that every container gets: config-linux.md#default-devices. */
const DEFAULT_DEVICES: [name: string, numbers: string][] = [
  ["null", "1:3"],
  ["zero", "1:5"],
  ["full", "1:7"],
  ["random", "1:8"],
  ["urandom", "1:9"],
  ["tty", "5:0"],
];

for (const [name, numbers] of DEFAULT_DEVICES) {
  claim(`default device /dev/${name} has its numbers and mode`, async (box) => {
    const output = await box.out(`stat -c '%F %t:%T %a %u:%g' /dev/${name}`);
    assertEquals(output, `character special file ${numbers} 666 0:0`);
  });
}

claim("default devices in a user namespace work too", async (box) => {
  const output = await box.out(
    "for d in null zero full random urandom tty; do stat -c '%F %t:%T' /dev/$d; done",
    addUserNamespace,
  );
  assertEquals(
    output.split("\n"),
    DEFAULT_DEVICES.map(([, numbers]) => `character special file ${numbers}`),
  );
});

claim(
  "/dev has no device of the host besides the default ones",
  async (box) => {
    const output = await box.out("ls /dev");
    assertEquals(
      output.split("\n").filter((name) => name !== "core").sort(),
      "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero"
        .split(" "),
    );
  },
);

for (
  const [name, target] of [
    ["fd", "/proc/self/fd"],
    ["stdin", "/proc/self/fd/0"],
    ["stdout", "/proc/self/fd/1"],
    ["stderr", "/proc/self/fd/2"],
    ["ptmx", "pts/ptmx"],
  ]
) {
  claim(`/dev/${name} links to ${target}`, async (box) => {
    assertEquals(await box.out(`readlink /dev/${name}`), target);
  });
}

claim("/dev/core links to /proc/kcore where the kernel has it", async (box) => {
  const output = await box.out("readlink /dev/core || echo none");
  assertEquals(output, exists("/proc/kcore") ? "/proc/kcore" : "none");
});

claim("/dev as a bind gets no devices and no links", async (box) => {
  const bundle = await box.bundle((spec, bundle) => {
    withoutDev(spec);
    bundle.file("dev/only", "");
    spec.mounts.push({
      destination: "/dev",
      type: "none",
      source: "dev",
      options: ["bind"],
    });
    spec.process.args = ["ls", "/dev"];
  });
  // What is masked needs it.
  ok(await box.command(["mknod", `${bundle.dir}/dev/null`, "c", "1", "3"]));
  const { stdout } = ok(
    await box.nsinit(["run", "-b", bundle.dir, box.newId()]),
  );
  assertEquals(stdout, "null\nonly\n");
});

claim(
  "/dev without a mount of its own: the devices are made in the root file system",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      withoutDev(spec);
      spec.process.args = ["true"];
    });
    const { code } = await box.nsinit(["run", "-b", bundle.dir, box.newId()]);
    assertEquals(code, 0);
    const { isCharDevice, mode } = await Deno.stat(`${bundle.rootfs}/dev/null`);
    assertEquals([isCharDevice, mode! & 0o777], [true, 0o666]);
  },
);

claim("devices: an extra one with numbers, mode and owner", async (box) => {
  const output = await box.out(
    "stat -c '%F %t:%T %a %u:%g' /dev/extra /deep/down/fifo /dev/block",
    (spec) => {
      spec.linux.devices = [
        {
          path: "/dev/extra",
          type: "c",
          major: 1,
          minor: 5,
          fileMode: 0o640,
          uid: 12,
          gid: 34,
        },
        { path: "/deep/down/fifo", type: "p", fileMode: 0o600 },
        {
          path: "/dev/block",
          type: "b",
          major: 7,
          minor: 250,
          fileMode: 0o660,
          uid: 0,
          gid: 6,
        },
      ];
    },
  );
  assertEquals(output.split("\n"), [
    "character special file 1:5 640 12:34",
    "fifo 0:0 600 0:0",
    "block special file 7:fa 660 0:6",
  ]);
});

claim("devices: the umask does not narrow the mode", async (box) => {
  const output = await box.out(
    "stat -c %a /dev/extra",
    (spec) => {
      spec.linux.devices = [
        { path: "/dev/extra", type: "c", major: 1, minor: 5, fileMode: 0o666 },
      ];
    },
    { prepare: "umask 077" },
  );
  assertEquals(output, "666");
});

claim("devices: u is the same as c", async (box) => {
  const output = await box.out("stat -c '%F %t:%T' /dev/extra", (spec) => {
    spec.linux.devices = [
      { path: "/dev/extra", type: "u", major: 1, minor: 5 },
    ];
  });
  assertEquals(output, "character special file 1:5");
});

claim(
  "devices: a default device may be given with another mode",
  async (box) => {
    const output = await box.out("stat -c %a /dev/null", (spec) => {
      spec.linux.devices = [
        { path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 0o600 },
      ];
      // A device of the list is no longer among those allowed by default.
      spec.linux.resources!.devices!.push(
        { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
      );
    });
    assertEquals(output, "600");
  },
);

// newer than runc 1.1
claim(
  "devices: an existing file of another kind is refused and named",
  async (box) => {
    const bundle = await box.bundle((spec, bundle) => {
      bundle.file("rootfs/extra", "a plain file");
      spec.linux.devices = [{ path: "/extra", type: "c", major: 1, minor: 5 }];
    });
    const text = failure(
      await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
    );
    assertStringIncludes(text, "/extra");
  },
);

// newer than runc 1.1
claim(
  "devices: an existing device of other numbers is refused",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.linux.devices = [{ path: "/extra", type: "c", major: 1, minor: 5 }];
    });
    await box.command(["mknod", `${bundle.rootfs}/extra`, "c", "1", "3"]);
    const text = failure(
      await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
    );
    assertStringIncludes(text, "/extra");
  },
);

claim(
  "devices: an existing device that matches is kept, owner and mode included",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.linux.devices = [
        { path: "/extra", type: "c", major: 1, minor: 5, uid: 7, gid: 8 },
      ];
      spec.process.args = ["true"];
    });
    const path = `${bundle.rootfs}/extra`;
    await box.command(["mknod", "-m", "640", path, "c", "1", "5"]);
    const result = await box.nsinit(["run", "-b", bundle.dir, box.newId()]);
    assertEquals([result.code, result.stderr], [0, ""]);
    const { uid, gid, mode } = await Deno.stat(path);
    assertEquals([uid, gid, (mode ?? 0) & 0o777], [0, 0, 0o640]);
  },
);

claim("devices: an unknown type is refused and named", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.linux.devices = [{ path: "/extra", type: "z", major: 1, minor: 5 }];
  });
  const text = failure(
    await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
  );
  assertMatch(text, /z|type/);
});

// runc leaves its bind of the root behind.
claim(
  "without a mount namespace the program runs in the root all the same",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "mount"
      );
      spec.mounts = [];
      spec.root.readonly = false;
      delete spec.linux.maskedPaths;
      delete spec.linux.readonlyPaths;
      spec.process.args = [
        "sh",
        "-c",
        `echo here; test -e ${box.dir} || echo gone`,
      ];
    });
    await box.hostMount("bundle0/rootfs/proc", "proc", "ro");
    const { stdout } = ok(
      await box.nsinit(["run", "-b", bundle.dir, box.newId()]),
    );
    assertEquals(stdout, "here\ngone\n");
  },
);

// runc makes these mounts on the host, and leaves them there. Mounting in a detached tree needs Linux 6.15.
claim(
  "without a mount namespace the mounts are the container's all the same, and none reaches the host",
  async (box) => {
    const before = Deno.readTextFileSync("/proc/self/mountinfo");
    const bundle = await box.bundle((spec) => {
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "mount"
      );
      delete spec.linux.maskedPaths;
      delete spec.linux.readonlyPaths;
      spec.process.args = [
        "sh",
        "-c",
        "test -e /proc/1/status && test -c /dev/null && readlink /proc/self/ns/mnt; touch /x /sys/fs/cgroup/x 2>&1 | grep -c Read-only",
      ];
    });
    const { stdout } = ok(
      await box.nsinit(["run", "-b", bundle.dir, box.newId()]),
    );
    const own = Deno.readLinkSync("/proc/self/ns/mnt");
    assertEquals(stdout, `${own}\n2\n`);
    assertEquals(Deno.readTextFileSync("/proc/self/mountinfo"), before);
  },
  { skip: kernelBefore(6, 15) },
);
