/**
 * State and pid files that somebody else has prepared, in folders that are
 * open to all: hooks of theirs would be executed by us, processes of their
 * choice killed, files written to through links.
 */
import { assert, assertMatch, assertNotEquals } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Running } from "./command.ts";
import { isGone } from "./container.ts";
import { readIfPresent } from "./host.ts";
import { type Disk, NOBODY, plant, record, sweep } from "./planted.ts";
import { type Change, play, type Runtime } from "./weakened.ts";

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

/** A record's cgroup is a folder that looks like one, and lists a process of the host. */
async function listVictim(
  runtime: Runtime,
  locate: (folder: string, mountPoint: string) => [at: string, root: string],
): Promise<string[]> {
  const { box } = runtime;
  const disk = await record(box);
  const folder = `${box.dir}/cgroup/web`;
  Deno.mkdirSync(folder, { recursive: true });
  return await withVictim(box, async ({ pid }) => {
    Deno.writeTextFileSync(`${folder}/cgroup.procs`, `${pid}\n`);
    for (const file of ["cgroup.freeze", "freezer.state"]) {
      Deno.writeTextFileSync(`${folder}/${file}`, "THAWED\n");
    }
    const found = Object.entries<string>(disk.cgroup.mountPoints).map(
      ([name, mountPoint]) => [name, ...locate(folder, mountPoint)] as const,
    );
    const cgroup = {
      ...disk.cgroup,
      paths: Object.fromEntries(found.map(([name, at]) => [name, at])),
      mountPoints: Object.fromEntries(found.map(([name, , to]) => [name, to])),
    };
    const id = await plant(box, { ...disk, cgroup });
    const deleted = runtime.nsinit(["delete", "--force", id]);
    const isOver = deleted.then(() => true);
    while (!isGone(pid) && !await Promise.race([isOver, pause()]));
    // It waits until the list is empty.
    Deno.writeTextFileSync(`${folder}/cgroup.procs`, "");
    await deleted;
    await sweep(box, id);
  });
}

play({
  name: "a record whose cgroup is a folder that lists a process of the host",
  protection: "the look at its file system",
  changes: [{
    file: "lib/cgroups/files.ts",
    from: "if (MAGIC.includes(fileSystemOf(fd))) return fd;",
    to: "return fd;",
  }],
  attack: (runtime) =>
    listVictim(runtime, (folder) => [folder, folder.replace(/\/web$/, "")]),
});

play({
  name: "a record whose cgroup leads out of the hierarchy to such a folder",
  protection: "a look at its path, and RESOLVE_BENEATH",
  changes: [{
    file: "lib/cgroups/record.ts",
    from: "/\\/(\\.\\.?)?(\\/|$)/.test(path)",
    to: "false",
  }, {
    file: "lib/cgroups/files.ts",
    from: "const RESOLVE = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |",
    to: "const RESOLVE = 0 & RESOLVE_BENEATH & RESOLVE_NO_MAGICLINKS &",
  }, {
    file: "lib/cgroups/files.ts",
    from: "RESOLVE_NO_SYMLINKS |\n",
    to: "RESOLVE_NO_SYMLINKS &\n",
  }],
  attack: (runtime) =>
    listVictim(runtime, (folder, mountPoint) => [
      `${mountPoint}${"/..".repeat(9)}${folder}`,
      mountPoint,
    ]),
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

/** Somebody who may write to --root renames a container's directory: nobody knows of its process any more. */
async function hide(
  runtime: Runtime,
  { mode, owner }: { mode: number; owner: number },
): Promise<string[]> {
  const { box } = runtime;
  const { root } = box;
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["sleep", "1000"];
  });
  const id = box.newId();
  const pidFile = `${bundle.dir}/pid`;
  Deno.mkdirSync(root);
  Deno.chownSync(root, owner, owner);
  Deno.chmodSync(root, mode);
  try {
    const argv = ["-b", bundle.dir, "--pid-file", pidFile, id];
    const { code, stderr } = await runtime.nsinit(["run", "--detach", ...argv]);
    if (code !== 0) {
      assertMatch(stderr, /anybody may exchange|it belongs to user 65534/);
      return [];
    }
    const move = ["mv", `${root}/${id}`, `${root}/hidden`];
    ok(await box.command(move, { asNobody: true }));
    ok(await runtime.nsinit(["delete", "--force", id]));
    const pid = Number(Deno.readTextFileSync(pidFile));
    Deno.renameSync(`${root}/hidden`, `${root}/${id}`);
    return isGone(pid) ? [] : ["a process is forgotten"];
  } finally {
    Deno.chownSync(root, 0, 0);
    Deno.chmodSync(root, 0o700);
  }
}

for (
  const [whose, where] of [
    ["is open to all", { mode: 0o777, owner: 0 }],
    ["belongs to another user", { mode: 0o711, owner: NOBODY }],
  ] as const
) {
  play({
    name: `a container renamed in a root directory that ${whose}`,
    protection: "the look at whose it is",
    changes: [{
      file: "lib/container/ours.ts",
      from: "  const reason = isForeign(info)\n    ? foreign(info)\n",
      to: "  const reason = true\n    ? undefined\n",
    }],
    attack: (runtime) => hide(runtime, where),
  });
}

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
