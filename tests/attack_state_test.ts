/**
 * State and pid files that somebody else has prepared, in folders that are
 * open to all: hooks of theirs would be executed by us, processes of their
 * choice killed, files written to through links.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "../lib/deps/assert.ts";
import { Factory, StateError } from "../mod.ts";
import { assertRejects } from "./assert_rejects.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Running } from "./command.ts";
import { isGone } from "./container.ts";
import { exists, readIfPresent } from "./host.ts";
import { type Change, play } from "./weakened.ts";

const NOBODY = 65_534;

/** A record as it is on disk. */
// deno-lint-ignore no-explicit-any -- it is going to be anything
type Disk = Record<string, any>;

/** The record of a container that has stopped. */
async function record(box: Box): Promise<Disk> {
  const container = await box.create();
  await container.kill();
  const file = `${box.root}/${container.id}/state.json`;
  return JSON.parse(await Deno.readTextFile(file));
}

/** Writes a record to a directory of its own below --root; answers the container's id. */
async function plant(
  box: Box,
  disk: Disk,
  options: { owner?: number; mode?: number; at?: string } = {},
): Promise<string> {
  const { owner = 0, mode = 0o711 } = options;
  const id = `${box.mark}-planted`;
  const dir = options.at ?? `${box.root}/${id}`;
  await Deno.mkdir(dir);
  const file = `${dir}/state.json`;
  await Deno.writeTextFile(file, JSON.stringify({ ...disk, id }));
  await Deno.chown(file, owner, owner);
  await Deno.chown(dir, owner, owner);
  await Deno.chmod(dir, mode);
  return id;
}

/** When a process started, as a record has it. */
function startOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
}

/** A moment. */
async function pause(): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 10));
  return false;
}

/** A process of the host; answers whether it has ended when the attack is over. */
async function withVictim(
  box: Box,
  attack: (victim: Running) => Promise<void>,
): Promise<string[]> {
  const victim = box.spawn(["sleep", "1000"]);
  try {
    await attack(victim);
    return isGone(victim.pid) ? ["a process was killed"] : [];
  } finally {
    if (!isGone(victim.pid)) victim.kill("SIGKILL");
    await victim.result();
  }
}

/** A record with a hook that leaves a trace. */
function withHook(box: Box, disk: Disk): Disk {
  const args = ["sh", "-c", `id -u >${box.dir}/trace`];
  const hook = { path: "/bin/sh", args, env: ["PATH=/usr/bin:/bin"] };
  return { ...disk, config: { ...disk.config, hooks: { poststop: [hook] } } };
}

/** Removes what is left of an attack, which `delete` may have refused. */
async function sweep(box: Box, id: string): Promise<void> {
  const path = `${box.root}/${id}`;
  if (exists(path)) await Deno.remove(path, { recursive: true });
}

const ANY_OWNER: Change = {
  file: "lib/container/ours.ts",
  from: "return uid !== 0 && uid !== Deno.uid();",
  to: "return false;",
};
const ANY_MODE: Change = {
  file: "lib/container/ours.ts",
  from: "return ((info.mode ?? 0) & OTHERS_WRITE) === 0",
  to: "return true",
};
const LINKS: Change = {
  file: "lib/container/ours.ts",
  from: 'info.isDirectory ? problemOf(info) : notA("directory", info)',
  to: "undefined",
};

for (
  const [name, changes, owner, isLink] of [
    ["another user's", [ANY_OWNER], NOBODY, false],
    ["open to all", [ANY_MODE], 0, false],
    ["a link", [LINKS, ANY_OWNER], NOBODY, true],
  ] as const
) {
  play({
    name: `a state directory that is ${name}, with a hook`,
    protection: "the look at whose it is",
    changes,
    async attack(runtime) {
      const { box } = runtime;
      const disk = withHook(box, await record(box));
      const mode = owner === 0 ? 0o777 : 0o711;
      const elsewhere = isLink ? { at: `${box.dir}/elsewhere` } : {};
      const id = await plant(box, disk, { owner, mode, ...elsewhere });
      if (isLink) {
        await Deno.symlink(`${box.dir}/elsewhere`, `${box.root}/${id}`);
      }
      for (const flags of [[], ["--force"]]) {
        await runtime.nsinit(["delete", ...flags, id]);
      }
      await sweep(box, id);
      return [readIfPresent(`${box.dir}/trace`) ?? ""].filter(Boolean);
    },
  });
}

play({
  name: "a state directory of another user that names a process of the host",
  protection: "the look at whose it is",
  changes: [ANY_OWNER],
  async attack(runtime) {
    const { box } = runtime;
    const disk = await record(box);
    return await withVictim(box, async ({ pid }) => {
      disk.init_process_pid = pid;
      disk.init_process_start = startOf(pid);
      const id = await plant(box, disk, { owner: NOBODY });
      await runtime.nsinit(["kill", id, "KILL"]);
      await sweep(box, id);
    });
  },
});

play({
  name: "a record whose cgroup is a folder that lists a process of the host",
  protection: "the look at its file system",
  changes: [{
    file: "lib/cgroups/files.ts",
    from: "if (MAGIC.includes(fileSystemOf(fd))) return fd;",
    to: "return fd;",
  }],
  async attack(runtime) {
    const { box } = runtime;
    const disk = await record(box);
    const mountPoint = `${box.dir}/cgroup`;
    const path = `${mountPoint}/web`;
    Deno.mkdirSync(path, { recursive: true });
    return await withVictim(box, async ({ pid }) => {
      Deno.writeTextFileSync(`${path}/cgroup.procs`, `${pid}\n`);
      for (const file of ["cgroup.freeze", "freezer.state"]) {
        Deno.writeTextFileSync(`${path}/${file}`, "THAWED\n");
      }
      const all = (value: string): Disk =>
        Object.fromEntries(
          Object.keys(disk.cgroup.paths).map((name) => [name, value]),
        );
      const cgroup = {
        ...disk.cgroup,
        paths: all(path),
        mountPoints: all(mountPoint),
      };
      const id = await plant(box, { ...disk, cgroup });
      const deleted = runtime.nsinit(["delete", "--force", id]);
      const isOver = deleted.then(() => true);
      while (!isGone(pid) && !await Promise.race([isOver, pause()]));
      // It waits until the list is empty.
      Deno.writeTextFileSync(`${path}/cgroup.procs`, "");
      await deleted;
      await sweep(box, id);
    });
  },
});

play({
  name: "a link in the place of the pid file's temporary one",
  protection: "making a new file",
  changes: [{
    file: "lib/container/process_io.ts",
    from: "  removeIfThere(temporary);\n",
    to: "",
  }, {
    file: "lib/container/process_io.ts",
    from: "{ mode: 0o666, createNew: true }",
    to: "{ mode: 0o666 }",
  }],
  async attack(runtime) {
    const { dir } = runtime.box;
    Deno.writeTextFileSync(`${dir}/victim`, "");
    await runtime.create((_, bundle) => {
      Deno.symlinkSync(`${dir}/victim`, `${bundle.dir}/.pid`);
    });
    return [Deno.readTextFileSync(`${dir}/victim`)].filter(Boolean);
  },
});

// ---- records that make no sense ----------------------------------------------------------------------------------

/** Changes after which a record is none. */
const BROKEN: Record<string, (disk: Disk) => void> = {
  "a version that is a text": (disk) => disk.version = "1",
  "a version to come": (disk) => disk.version = 2,
  "another container's id": (disk) => disk.id = "another",
  "an id that is a number": (disk) => disk.id = 1,
  "an id that leads elsewhere": (disk) => disk.id = "../../etc",
  "a negative pid": (disk) => disk.init_process_pid = -1,
  "a pid that is a text": (disk) => disk.init_process_pid = "1",
  "a pid that is no whole number": (disk) => disk.init_process_pid = 1.5,
  "a pid larger than any": (disk) => disk.init_process_pid = 2 ** 40,
  "no pid": (disk) => delete disk.init_process_pid,
  "a start that is a text": (disk) => disk.init_process_start = "0",
  "a creator that is a number": (disk) => disk.creator = 1,
  "a date that is none": (disk) => disk.created = "yesterday",
  "a bundle that is a list": (disk) => disk.bundle = [],
  "a root file system that is null": (disk) => disk.rootfs = null,
  "an owner that is a text": (disk) => disk.owner = "root",
  "no configuration": (disk) => delete disk.config,
  "a configuration that is a list": (disk) => disk.config = [],
  "hooks that are a list": (disk) => disk.config.hooks = [],
  "a hook that is a text": (disk) => disk.config.hooks = { poststop: ["/x"] },
  "a hook without a path": (disk) => disk.config.hooks = { poststop: [{}] },
  "an argument that is a number": (disk) =>
    disk.config.hooks = { poststop: [{ path: "/x", args: [1] }] },
  "an annotation that is an object": (disk) =>
    disk.config.annotations = { a: {} },
  "namespaces that are an object": (disk) => disk.config.linux.namespaces = {},
  "no cgroup": (disk) => delete disk.cgroup,
  "a cgroup of no version": (disk) => disk.cgroup.mode = "v3",
  "paths that are a list": (disk) => disk.cgroup.paths = [],
  "a path that is a number": (disk) => disk.cgroup.paths = { "": 1 },
  "a scope without a name": (disk) => disk.cgroup.systemd = {},
  "steps that are a text": (disk) => disk.start_steps = "none",
  "a step that is null": (disk) => disk.start_steps = [null],
};

claim(
  "a record that is none is refused, whatever is wrong with it",
  async (box) => {
    const disk = await record(box);
    const factory = await Factory.open(box.root);
    const id = await plant(box, disk);
    assertEquals((await factory.load(id)).id, id);
    const file = `${box.root}/${id}/state.json`;
    for (const [what, change] of Object.entries(BROKEN)) {
      const broken = structuredClone({ ...disk, id });
      change(broken);
      Deno.writeTextFileSync(file, JSON.stringify(broken));
      const error = await assertRejects(() => factory.load(id), StateError);
      assertMatch(error.message, /state\.json: it is no record of this/, what);
    }
    for (const text of ["", "null", "[]", "{", '"x"', "[".repeat(1e5)]) {
      Deno.writeTextFileSync(file, text);
      await assertRejects(() => factory.load(id), StateError);
    }
    const [listed] = (await factory.list()).filter((one) => one.id === id);
    assertMatch(listed?.problem ?? "", /it is no record of this container/);
    await sweep(box, id);
  },
);

claim(
  "a record that is huge, a fifo, a link or a folder is not read",
  async (box) => {
    const disk = await record(box);
    const id = await plant(box, disk);
    const file = `${box.root}/${id}/state.json`;
    const refused = async (pattern: RegExp): Promise<void> => {
      assertMatch(failure(await box.nsinit(["state", id])), pattern);
      await Deno.remove(file, { recursive: true });
    };
    await Deno.truncate(file, 2 ** 40);
    await refused(/it has 1099511627776 bytes, more than/);
    ok(await box.command(["mkfifo", "-m", "600", file]));
    await refused(/it is no regular file/);
    await Deno.symlink("/etc/hostname", file);
    await refused(/it is a symbolic link/);
    await Deno.mkdir(file);
    await refused(/it is no regular file/);
    ok(await box.nsinit(["delete", "--force", id]));
    assertEquals(exists(`${box.root}/${id}`), false);
  },
);

claim(
  "a root directory in which others can exchange containers is not used",
  async (box) => {
    const bundle = await box.bundle((spec) => spec.process.args = ["true"]);
    const run = () => box.nsinit(["run", "-b", bundle.dir, box.newId()]);
    ok(await run());
    for (
      const [mode, owner, pattern] of [
        [0o777, 0, /anybody may exchange what is in it/],
        [0o700, NOBODY, /it belongs to user 65534, and only that user may/],
      ] as const
    ) {
      await Deno.chmod(box.root, mode);
      await Deno.chown(box.root, owner, owner);
      assertMatch(failure(await run()), pattern);
    }
    await Deno.chown(box.root, 0, 0);
    await Deno.chmod(box.root, 0o1777);
    ok(await run());
  },
);

claim("another user's state is told of, and left alone", async (box) => {
  const id = await plant(box, await record(box), { owner: NOBODY });
  const commands = [
    ["state", id],
    ["start", id],
    ["kill", id],
    ["delete", id],
    ["delete", "--force", id],
  ];
  for (const command of commands) {
    const text = failure(await box.nsinit(command));
    assertMatch(text, /it belongs to user 65534, and only that user may/);
  }
  const { stdout, stderr } = ok(await box.nsinit(["list", "-q"]));
  assert(!stdout.includes(id) && stderr.includes("belongs to user 65534"));
  assertNotEquals(readIfPresent(`${box.root}/${id}/state.json`), undefined);
  await sweep(box, id);
});
