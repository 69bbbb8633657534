/** Bad input and a bad machine: one clear line on stderr and in the log, exit code 1, nothing left behind. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Bundle, Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { type CommandOptions, failure, ok, until } from "./command.ts";
import { exists, missing, NSINIT } from "./host.ts";
import type { Spec } from "./spec.ts";

/** How a refusal is provoked. */
interface Refusal {
  box: Box;
  bundle: Bundle;
  command?: string;
  id?: string;
  options?: CommandOptions;
  root?: string;
}

/**
 * Runs `create` (or another command), which must fail with exit code 1, one
 * line on stderr, the same in a JSON log, and nothing left. Answers the message.
 */
async function refusal(
  { box, bundle, command = "create", id, options, root }: Refusal,
): Promise<string> {
  const log = `${bundle.dir}.log`;
  if (options?.asNobody) {
    await Deno.writeTextFile(log, "");
    await Deno.chmod(log, 0o666);
  }
  const name = id ?? box.newId();
  const argv = box.argv();
  if (root !== undefined) argv[2] = root;
  const result = await box.command([
    ...argv,
    "--log",
    log,
    "--log-format",
    "json",
    command,
    "--bundle",
    bundle.dir,
    name,
  ], options);
  const text = failure(result);
  assertEquals(text.split("\n").length, 1, text);
  const entries = (await Deno.readTextFile(log)).trim().split("\n")
    .map((line) => JSON.parse(line));
  const errors = entries.filter(({ level }) => level === "error");
  assertEquals(errors.length, 1);
  assertStringIncludes(text, errors[0].msg.trim());
  assertEquals(
    /at .*\.(ts|js):\d+|\bundefined\b|\[object|Uncaught/.test(text),
    false,
    text,
  );
  assertEquals(result.stdout, "");
  if (id === undefined) {
    assertEquals(exists(`${root ?? box.root}/${name}`), false);
  }
  await until(() => box.leaks().length === 0, "clean-up");
  return text;
}

/** Makes a bundle whose config.json is the default one with some fields replaced. */
async function withFields(
  box: Box,
  change: (spec: Record<string, unknown> & Spec) => unknown,
): Promise<Bundle> {
  const bundle = await box.bundle();
  const copy = JSON.parse(JSON.stringify(bundle.spec));
  const changed = change(copy) ?? copy;
  bundle.writeRaw(JSON.stringify(changed));
  return bundle;
}

for (const command of ["create", "run"]) {
  claim(`${command}: a bundle that is missing`, async (box) => {
    const bundle = await box.bundle();
    await Deno.remove(bundle.dir, { recursive: true });
    const text = await refusal({ box, bundle, command });
    assertMatch(text, /no such file or directory/i);
    assertStringIncludes(text, bundle.dir);
  });

  claim(`${command}: a bundle without config.json`, async (box) => {
    const bundle = await box.bundle();
    await Deno.remove(`${bundle.dir}/config.json`);
    const text = await refusal({ box, bundle, command });
    assertMatch(text, /JSON specification file .*config\.json not found/);
  });

  claim(`${command}: a config.json that is no JSON`, async (box) => {
    const bundle = await box.bundle();
    bundle.writeRaw('{ "ociVersion": "1.0.2", ');
    const text = await refusal({ box, bundle, command });
    assertMatch(text, /JSON|unexpected (EOF|end)/i);
  });
}

for (
  const [what, content] of [
    ["an empty file", ""],
    ["an array", "[]"],
    ["a number", "3"],
    ["null", "null"],
    ["bytes that are no text", "\u0000\u0001"],
    ["two objects", "{}{}"],
  ] as [string, string][]
) {
  claim(`config.json: ${what}`, async (box) => {
    const bundle = await box.bundle();
    bundle.writeRaw(content);
    await refusal({ box, bundle });
  });
}

claim("config.json: a directory in its place", async (box) => {
  const bundle = await box.bundle();
  await Deno.remove(`${bundle.dir}/config.json`);
  await Deno.mkdir(`${bundle.dir}/config.json`);
  assertMatch(await refusal({ box, bundle }), /directory/i);
});

// Fields of a wrong type or value: the message holds the field's JSON pointer, which runc's does not.
const WRONG: [
  pointer: string,
  change: (spec: Record<string, unknown> & Spec) => unknown,
][] = [
  ["/process/args", (spec) => Object.assign(spec.process, { args: "sh" })],
  ["/process/args", (spec) => Object.assign(spec.process, { args: [] })],
  ["/process/args/0", (spec) => Object.assign(spec.process, { args: [7] })],
  ["/process/cwd", (spec) => Object.assign(spec.process, { cwd: "" })],
  ["/process/cwd", (spec) => Object.assign(spec.process, { cwd: "x" })],
  ["/process/cwd", (spec) => Object.assign(spec.process, { cwd: undefined })],
  ["/process/env/0", (spec) => Object.assign(spec.process, { env: [{}] })],
  [
    "/process/user/uid",
    (spec) => Object.assign(spec.process, { user: { uid: "root", gid: 0 } }),
  ],
  [
    "/process/user/uid",
    (spec) => Object.assign(spec.process, { user: { uid: -1, gid: 0 } }),
  ],
  [
    "/process/user/gid",
    (spec) => Object.assign(spec.process, { user: { uid: 0, gid: 2 ** 33 } }),
  ],
  [
    "/process/terminal",
    (spec) => Object.assign(spec.process, { terminal: "no" }),
  ],
  [
    "/process/rlimits/0",
    (spec) => Object.assign(spec.process, { rlimits: ["NOFILE"] }),
  ],
  [
    "/process/rlimits/0/soft",
    (spec) =>
      Object.assign(spec.process, {
        rlimits: [{ type: "RLIMIT_CORE", soft: "big", hard: 1 }],
      }),
  ],
  [
    "/process/capabilities/bounding",
    (spec) =>
      Object.assign(spec.process, { capabilities: { bounding: "CAP_KILL" } }),
  ],
  ["/root/path", (spec) => Object.assign(spec, { root: {} })],
  ["/root/path", (spec) => Object.assign(spec, { root: { path: 5 } })],
  ["/root/readonly", (spec) => Object.assign(spec.root, { readonly: "yes" })],
  ["/root", (spec) => Object.assign(spec, { root: undefined })],
  ["/ociVersion", (spec) => Object.assign(spec, { ociVersion: undefined })],
  ["/ociVersion", (spec) => Object.assign(spec, { ociVersion: "latest" })],
  ["/hostname", (spec) => Object.assign(spec, { hostname: 5 })],
  ["/mounts", (spec) => Object.assign(spec, { mounts: {} })],
  [
    "/mounts/0/destination",
    (spec) => Object.assign(spec, { mounts: [{ type: "tmpfs" }] }),
  ],
  [
    "/mounts/0/options",
    (spec) =>
      Object.assign(spec, {
        mounts: [{ destination: "/x", type: "tmpfs", options: "ro" }],
      }),
  ],
  ["/annotations", (spec) => Object.assign(spec, { annotations: { a: 1 } })],
  [
    "/hooks/prestart",
    (spec) => Object.assign(spec, { hooks: { prestart: {} } }),
  ],
  [
    "/hooks/poststop/0/path",
    (spec) => Object.assign(spec, { hooks: { poststop: [{ args: ["x"] }] } }),
  ],
  [
    "/hooks/createRuntime/0/timeout",
    (spec) =>
      Object.assign(spec, {
        hooks: { createRuntime: [{ path: "/bin/true", timeout: 0 }] },
      }),
  ],
  [
    "/linux/namespaces",
    (spec) => Object.assign(spec.linux, { namespaces: "pid" }),
  ],
  [
    "/linux/namespaces/0/type",
    (spec) => Object.assign(spec.linux, { namespaces: [{ type: "dream" }] }),
  ],
  [
    "/linux/namespaces/0/path",
    (spec) =>
      Object.assign(spec.linux, {
        namespaces: [{ type: "uts", path: "relative" }, { type: "mount" }],
      }),
  ],
  [
    "/linux/uidMappings/0/size",
    (spec) =>
      Object.assign(spec.linux, {
        uidMappings: [{ containerID: 0, hostID: 0, size: -3 }],
      }),
  ],
  [
    "/linux/resources/pids/limit",
    (spec) =>
      Object.assign(spec.linux, { resources: { pids: { limit: "many" } } }),
  ],
  [
    "/linux/resources/memory/limit",
    (spec) =>
      Object.assign(spec.linux, { resources: { memory: { limit: 1.5 } } }),
  ],
  [
    "/linux/devices/0/path",
    (spec) =>
      Object.assign(spec.linux, {
        devices: [{ type: "c", major: 1, minor: 3 }],
      }),
  ],
  [
    "/linux/maskedPaths/0",
    (spec) => Object.assign(spec.linux, { maskedPaths: [3] }),
  ],
  [
    "/linux/sysctl",
    (spec) =>
      Object.assign(spec.linux, { sysctl: { "net.ipv4.ip_forward": 1 } }),
  ],
  [
    "/linux/rootfsPropagation",
    (spec) => Object.assign(spec.linux, { rootfsPropagation: "sideways" }),
  ],
];

for (const [n, [pointer, change]] of WRONG.entries()) {
  claim(
    `config.json: a bad value is named by its JSON pointer, ${pointer} (${n})`,
    async (box) => {
      const bundle = await withFields(box, (spec) => {
        change(spec);
      });
      assertStringIncludes(await refusal({ box, bundle }), pointer);
    },
  );
}

claim("config.json: without process create fails", async (box) => {
  const bundle = await withFields(box, (spec) => ({
    ...spec,
    process: undefined,
  }));
  assertMatch(await refusal({ box, bundle }), /process/i);
});

claim("config.json: unknown properties are ignored", async (box) => {
  const bundle = await withFields(box, (spec) => ({
    ...spec,
    process: { ...spec.process, args: ["true"], dream: 1 },
    vendor: { anything: [1, 2] },
    linux: { ...spec.linux, dream: {} },
  }));
  const { code, stderr } = await box.nsinit(
    ["run", "-b", bundle.dir, box.newId()],
  );
  assertEquals([code, stderr], [0, ""]);
});

const BAD_ROOTS: [what: string, edit: Edit][] = [
  [
    "that is missing",
    (_, bundle) => Deno.removeSync(bundle.rootfs, { recursive: true }),
  ],
  ["that is a file", (spec, bundle) => {
    bundle.file("plain", "");
    spec.root.path = "plain";
  }],
  ["that is elsewhere and missing", (spec) => {
    spec.root.path = "/no/such/root";
  }],
];

for (const [what, edit] of BAD_ROOTS) {
  claim(`a root file system ${what}`, async (box) => {
    const bundle = await box.bundle(edit);
    const text = await refusal({ box, bundle });
    assertMatch(text, /no such|not a directory|does not exist|not exist/i);
    assertStringIncludes(text, bundle.spec.root.path);
  });
}

// runc refuses a link on the way; what matters is that nothing is half made.
claim("a root file system through a link", async (box) => {
  const bundle = await box.bundle((spec, bundle) => {
    Deno.symlinkSync("rootfs", `${bundle.dir}/linked`);
    spec.root.path = "linked";
  });
  const { code } = await box.nsinit(
    ["create", "-b", bundle.dir, box.newId()],
  );
  assertEquals([0, 1].includes(code), true);
});

claim("an id that is taken", async (box) => {
  const container = await box.create();
  const bundle = await box.bundle();
  const text = failure(
    await box.nsinit(["create", "-b", bundle.dir, container.id]),
  );
  assertEquals(text.split("\n").length, 1);
  assertStringIncludes(text, "container with given ID already exists");
});

for (
  const id of ["../x", "..", ".", "a/b", "/abs", "a b", "a\nb", "é", "a:b"]
) {
  claim(`the id ${JSON.stringify(id)} is refused by create`, async (box) => {
    const bundle = await box.bundle();
    const text = await refusal({ box, bundle, id });
    assertStringIncludes(text, "invalid container ID format");
    assertEquals(exists(`${box.dir}/x`), false);
  });
}

claim("an empty id is refused", async (box) => {
  const bundle = await box.bundle();
  const result = await box.nsinit(["create", "-b", bundle.dir, ""]);
  assertEquals(result.code, 1);
});

for (const command of ["state", "start", "kill", "delete"]) {
  claim(`the id ../x is refused by ${command}`, async (box) => {
    await Deno.mkdir(`${box.dir}/x`);
    await Deno.writeTextFile(`${box.dir}/x/state.json`, "{}");
    const text = failure(await box.nsinit([command, "../x"]));
    assertEquals(text.split("\n").length, 1);
    assertEquals(exists(`${box.dir}/x/state.json`), true);
  });
}

claim(
  "delete --force of ../x takes nothing outside of the root directory",
  async (box) => {
    await Deno.mkdir(`${box.dir}/x`);
    await Deno.mkdir(box.root);
    await box.nsinit(["delete", "--force", "../x"]);
    assertEquals(exists(`${box.dir}/x`), true);
  },
);

claim(
  "a state.json that is broken: state fails, delete --force removes it",
  async (box) => {
    const id = box.newId();
    await Deno.mkdir(`${box.root}/${id}`, { recursive: true });
    await Deno.writeTextFile(`${box.root}/${id}/state.json`, "{ broken");
    const text = failure(await box.nsinit(["state", id]));
    assertEquals(text.split("\n").length, 1);
    const { code } = await box.nsinit(["delete", "--force", id]);
    assertEquals(code, 0);
    assertEquals(exists(`${box.root}/${id}`), false);
  },
);

claim(
  "a broken state.json does not hide other containers from list",
  async (box) => {
    const container = await box.create();
    const id = box.newId();
    await Deno.mkdir(`${box.root}/${id}`);
    await Deno.writeTextFile(`${box.root}/${id}/state.json`, "{ broken");
    const { stdout } = await box.nsinit(["list", "-q"]);
    assertStringIncludes(stdout, container.id);
    await Deno.remove(`${box.root}/${id}`, { recursive: true });
  },
);

claim("no such program: one line, in create and run", async (box) => {
  for (const command of ["create", "run"]) {
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["no-such-program"];
    });
    const text = await refusal({ box, bundle, command });
    assertStringIncludes(text, "executable file not found in $PATH");
  }
});

claim("a program that is not executable: one line", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["/etc/passwd"];
  });
  assertMatch(await refusal({ box, bundle }), /permission denied/i);
});

/** A state directory and a bundle that belong to nobody. */
async function ofNobody(box: Box, edit?: Edit): Promise<Bundle> {
  const bundle = await box.bundle(edit);
  await Deno.mkdir(box.root);
  await Deno.chown(box.root, 65_534, 65_534);
  return bundle;
}

claim("without privileges: one line that says what is missing", async (box) => {
  const bundle = await ofNobody(box);
  const text = await refusal({ box, bundle, options: { asNobody: true } });
  assertMatch(text, /user namespace|permitted|permission|privilege|root/i);
}, { skip: missing("setpriv") });

claim(
  "without privileges: a root directory of root's is refused and named",
  async (box) => {
    const bundle = await box.bundle();
    await Deno.remove(`${bundle.dir}/config.json`);
    await Deno.chown(bundle.dir, 65_534, 65_534);
    await Deno.mkdir(box.root);
    await Deno.chmod(box.root, 0o700);
    const options = { asNobody: true };
    ok(
      await box.command(
        [NSINIT, "spec", "--rootless", "--bundle", bundle.dir],
        options,
      ),
    );
    const config = `${bundle.dir}/config.json`;
    const spec = JSON.parse(await Deno.readTextFile(config));
    spec.process.terminal = false;
    await Deno.writeTextFile(config, JSON.stringify(spec));
    const text = await refusal({ box, bundle, options });
    assertMatch(text, /permission denied/i);
    assertStringIncludes(text, box.root);
  },
  { skip: missing("setpriv") },
);

claim("a full disk under --root: one line, nothing left", async (box) => {
  const bundle = await box.bundle();
  const root = await box.hostMount("full", "tmpfs", "size=4k");
  await Deno.writeTextFile(`${root}/filler`, "x".repeat(4096));
  const text = await refusal({ box, bundle, root });
  assertMatch(text, /no space left on device/i);
});

claim("no inode left under --root: one line, nothing left", async (box) => {
  const bundle = await box.bundle();
  const root = await box.hostMount("full", "tmpfs", "size=1m,nr_inodes=2");
  await Deno.writeTextFile(`${root}/filler`, "x");
  const text = await refusal({ box, bundle, root });
  assertMatch(text, /no space left on device/i);
});

claim("a --root that can't be written: one line", async (box) => {
  const bundle = await box.bundle();
  const root = await box.hostMount("locked", "tmpfs", "size=1m,ro");
  const text = await refusal({ box, bundle, root });
  assertMatch(text, /read-only file system/i);
});

claim("a --root that is a file: one line", async (box) => {
  const bundle = await box.bundle();
  const root = bundle.file("plain", "");
  const text = await refusal({ box, bundle, root });
  assertMatch(text, /not a directory|file exists/i);
});

// newer than runc 1.1
claim("a --root of / is refused", async (box) => {
  const bundle = await box.bundle();
  const id = `${box.mark}-top`;
  try {
    assertMatch(await refusal({ box, bundle, root: "/", id }), /root/i);
    assertEquals(exists(`/${id}`), false);
  } finally {
    if (exists(`/${id}`)) {
      await box.command([NSINIT, "--root", "/", "delete", "--force", id]);
    }
  }
});

claim(
  "errors in the text format: one line with time, level and msg",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["no-such-program"];
    });
    const text = failure(
      await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
    );
    assertEquals(text.split("\n").length, 1);
    assertMatch(text, /^time="?[^" ]+"? level=error msg=".*"$/);
  },
);

claim(
  "a mount that the kernel refuses: the message names the step and the reason",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.mounts.push({
        destination: "/mnt/x",
        type: "nofs",
        source: "somewhere",
      });
    });
    const text = await refusal({ box, bundle });
    assertStringIncludes(text, "/mnt/x");
    assertMatch(text, /no such device|ENODEV|unknown filesystem/i);
  },
);

claim(
  "--systemd-cgroup without systemd: the message says what is missing, and nothing is made",
  async (box) => {
    const bundle = await box.bundle();
    const create = ["--systemd-cgroup", "create", "-b", bundle.dir];
    // Where systemd runs, it is hidden from the command.
    const hidden = exists("/run/systemd/system")
      ? ["unshare", "-m", "sh", "-c", 'umount -l /run; exec "$@"', "sh"]
      : [];
    const text = failure(
      await box.command([...hidden, ...box.argv(...create, box.newId())]),
    );
    assertStringIncludes(text, "systemd is not running here");
    assertStringIncludes(text, "/run/systemd/system");
    assertEquals(box.leaks(), []);
  },
);
