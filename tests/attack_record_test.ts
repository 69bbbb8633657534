/** Records of containers that are none: of another shape, size or kind. */
import { AT_FDCWD, O_NONBLOCK, O_WRONLY } from "../ffi/abi/fcntl.ts";
import { tryOpenIn } from "../ffi/fs.ts";
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { Factory, StateError } from "../mod.ts";
import { assertRejects } from "./assert_rejects.ts";
import { claim } from "./claim.ts";
import { failure, ok, until } from "./command.ts";
import { isGone } from "./container.ts";
import { exists } from "./host.ts";
import { type Disk, plant, record, sweep } from "./planted.ts";
import { play } from "./weakened.ts";

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

// ---- what such records would be good for -------------------------------------------------------------------------

play({
  name: "a record that keeps its container from being deleted",
  protection: "a look at its shape",
  changes: [{
    file: "lib/container/record.ts",
    from: "if (isRecord(disk)) {",
    to: "if (disk) {",
  }],
  async attack(runtime) {
    const { box } = runtime;
    const disk = await record(box);
    const found: string[] = [];
    for (const what of ["no cgroup", "a configuration that is a list"]) {
      const broken = structuredClone(disk);
      BROKEN[what]!(broken);
      const id = await plant(box, broken);
      await runtime.nsinit(["delete", "--force", id]);
      if (exists(`${box.root}/${id}`)) found.push(what);
      await sweep(box, id);
    }
    return found;
  },
});

play({
  name: "a record that names another container",
  protection: "a look at its id",
  changes: [{
    file: "lib/container/record.ts",
    from: "if (record.id === this.id) return record;",
    to: "return record;",
  }],
  async attack(runtime) {
    const { box } = runtime;
    const other = await box.start();
    const text = Deno.readTextFileSync(`${box.root}/${other.id}/state.json`);
    const id = await plant(box, {});
    Deno.writeTextFileSync(`${box.root}/${id}/state.json`, text);
    const { code } = await runtime.nsinit(["kill", id, "KILL"]);
    const pid = await other.pid();
    if (code === 0) await until(() => isGone(pid), "its end");
    await sweep(box, id);
    return isGone(pid) ? ["another container was killed"] : [];
  },
});

play({
  name: "a record of more than 64 MiB",
  protection: "a look at its size",
  changes: [{
    file: "lib/container/record.ts",
    from: "if (size > MAX_SIZE) {",
    to: "if (size === -1) {",
  }],
  async attack(runtime) {
    const { box } = runtime;
    const id = await plant(box, await record(box));
    const file = `${box.root}/${id}/state.json`;
    const left = (64 << 20) + 1 - Deno.statSync(file).size;
    const space = new Uint8Array(left).fill(0x20);
    Deno.writeFileSync(file, space, { append: true });
    const { stdout } = await runtime.nsinit(["state", id]);
    await sweep(box, id);
    return stdout === "" ? [] : ["all of it was read"];
  },
});

/** Whether somebody has a fifo open to read, or waits for who writes to it: fifo(7). */
function isRead(fifo: string): boolean {
  const flags = O_WRONLY | O_NONBLOCK;
  using writer = tryOpenIn(["ENXIO"], AT_FDCWD, fifo, flags);
  return writer !== undefined;
}

play({
  name: "a fifo in the place of a record",
  protection: "a look at its kind",
  changes: [{
    file: "lib/container/ours.ts",
    from:
      'const reason = info.isFile ? problemOf(info) : notA("regular file", info);',
    to: "const reason = problemOf(info);",
  }],
  async attack(runtime) {
    const { box } = runtime;
    const id = await plant(box, await record(box));
    const file = `${box.root}/${id}/state.json`;
    await Deno.remove(file);
    ok(await box.command(["mkfifo", "-m", "600", file]));
    let isOver = false;
    const command = runtime.nsinit(["state", id]).finally(() => isOver = true);
    let waits = false;
    await until(() => isOver || (waits = isRead(file)), "the end, or a wait");
    await command;
    await sweep(box, id);
    return waits ? ["it waits for somebody to write"] : [];
  },
});
