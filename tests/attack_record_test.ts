/** Records of containers that are none: of another shape, size or kind. */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { Factory, StateError } from "../mod.ts";
import { assertRejects } from "./assert_rejects.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { exists } from "./host.ts";
import { type Disk, plant, record, sweep } from "./planted.ts";

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
