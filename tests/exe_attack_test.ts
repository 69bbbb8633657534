/**
 * The attack of CVE-2019-5736, https://nvd.nist.gov/vuln/detail/CVE-2019-5736:
 * whoever is root in a container has the runtime's own executable executed
 * there, or finds it as /proc/PID/exe, and overwrites it. attack/thief.c does
 * it. Each way is tried on an unprotected copy first, which it must overwrite.
 */
import { assert, assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { CAPABILITIES } from "../ffi/abi/capability.ts";
import type { Box } from "./box.ts";
import { type Edit, makeRootfs } from "./bundle.ts";
import { claim } from "./claim.ts";
import { ok, until } from "./command.ts";
import { Container } from "./container.ts";
import { Executable } from "./executable.ts";
import { exists, missing, readIfPresent } from "./host.ts";
import type { Spec } from "./spec.ts";

const SOURCE = new URL("attack/thief.c", import.meta.url).pathname;

/** Where the kernel looks for the loader of a program for x86-64. */
const LOADER = "lib64/ld-linux-x86-64.so.2";

const SKIP = {
  skip: Deno.build.arch === "x86_64"
    ? missing("cc")
    : "the thief is a program for x86-64",
};

/** Attempts that change what a file is, not its bytes. An image is one container's own: these do no harm there. */
const METADATA = [
  "change the times",
  "change the mode",
  "change the owner",
  "add an attribute",
];
/** Attempts at the bytes. */
const CONTENTS = [
  "map for writing",
  "open for writing",
  "open and truncate",
  "truncate",
  "open by handle",
  "link",
  "remount",
  "change the mount",
  "clone the mount",
  "bind",
  "move the mount",
  "reconfigure the file system",
];

let thief: Uint8Array | undefined;

/** The compiled thief, once for all tests. */
async function theThief(box: Box): Promise<Uint8Array> {
  if (thief !== undefined) return thief;
  const file = `${box.dir}/thief`;
  const flags =
    "-O1 -Wall -Wextra -Werror -static -nostdlib -ffreestanding -fno-stack-protector -fno-pie -no-pie -Wl,--build-id=none,-Ttext-segment=0x10000000";
  ok(await box.command(["cc", ...flags.split(" "), "-o", file, SOURCE]));
  return thief = await Deno.readFile(file);
}

/** Puts the thief into a root file system, as a program and as the loader of others. */
function addThief(bytes: Uint8Array, rootfs: string): void {
  Deno.mkdirSync(`${rootfs}/lib64`);
  for (const name of ["thief", LOADER]) {
    Deno.writeFileSync(`${rootfs}/${name}`, bytes, { mode: 0o755 });
  }
}

/** Root of a container can do all that root of the host can, but open files by guessed handles: no file is safe from that. */
function powerful(spec: Spec): void {
  const all = Object.keys(CAPABILITIES).filter((name) =>
    name !== "CAP_DAC_READ_SEARCH"
  );
  spec.process.capabilities = {
    bounding: all,
    effective: all,
    permitted: all,
    inheritable: [],
    ambient: [],
  };
  spec.process.noNewPrivileges = false;
  spec.root.readonly = false;
}

/** Creates a container with a copy of the executable. */
async function create(
  box: Box,
  executable: Executable,
  init: string,
  edit: Edit,
): Promise<Container> {
  const bytes = await theThief(box);
  const bundle = await box.bundle((spec, bundle) => {
    powerful(spec);
    addThief(bytes, bundle.rootfs);
    edit(spec, bundle);
  });
  const id = box.newId();
  const pidFile = `${bundle.dir}/pid`;
  const nsinit = (args: string[]) =>
    box.command([
      executable.path,
      "--init",
      init,
      "--root",
      box.root,
      ...args,
    ]);
  const { outFile } = ok(
    await nsinit(["create", "-b", bundle.dir, "--pid-file", pidFile, id]),
  );
  return new Container({ nsinit }, { id, bundle, outFile, pidFile });
}

/** What a thief has told in its report: outcomes by attempt. */
function outcomes(report: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of (readIfPresent(report) ?? "").trim().split("\n")) {
    const [name = "", outcome = ""] = line.split(": ");
    found.set(name, [...found.get(name) ?? [], outcome]);
  }
  return found;
}

/** Waits for the end of an attack; answers the attempts that succeeded. All of them must have been made. */
async function successes(report: string): Promise<string[]> {
  await until(() => outcomes(report).has("done"), "end of the attack", 60_000);
  const found = outcomes(report);
  assertEquals(found.get("steal"), ["ok"]);
  for (const name of [...METADATA, ...CONTENTS]) {
    assert(found.has(name), `"${name}" was not tried`);
  }
  return [...METADATA, ...CONTENTS].filter((name) =>
    found.get(name)?.includes("ok")
  );
}

/** Checks that an attack was made and had no success. */
async function assertFailed(report: string, init: string): Promise<void> {
  const found = await successes(report);
  const harmless = init === "image" ? METADATA : [];
  assertEquals(found.filter((name) => !harmless.includes(name)), []);
}

// ---- an entry point that is /proc/self/exe -----------------------------------------------------------------------

/** What a container's configuration or image can name as its program, so that the kernel executes the runtime again. */
const ENTRIES: readonly (readonly [
  what: string,
  entry: string,
  prepare: (rootfs: string, exe: string) => void,
])[] = [
  ["itself", "", () => {}],
  ["behind a link", "/entry", (rootfs, exe) => {
    Deno.symlinkSync(exe, `${rootfs}/entry`);
  }],
  ["as an interpreter of scripts", "/entry", (rootfs, exe) => {
    Deno.writeTextFileSync(`${rootfs}/entry`, `#!${exe}\n`, { mode: 0o755 });
  }],
];

for (const [what, entry, prepare] of ENTRIES) {
  claim(
    `exe attack: an entry point that is /proc/self/exe ${what} overwrites an unprotected executable`,
    async (box) => {
      const executable = await Executable.copy(box, "exe");
      const rootfs = `${box.dir}/rootfs`;
      makeRootfs(rootfs);
      addThief(await theThief(box), rootfs);
      const before = await executable.fingerprint();
      // What a runtime without protection comes to: in a root of its own it executes the file it was made of.
      const exe = "/proc/self/fd/9";
      prepare(rootfs, exe);
      const script =
        'mount -t proc proc "$1/proc" && exec 9<"$2" && exec chroot "$1" "$3"';
      const unshare = "unshare --mount --pid --fork --propagation private"
        .split(" ");
      await box.command(
        [
          ...unshare,
          "sh",
          "-c",
          script,
          "sh",
          rootfs,
          executable.elf,
          entry || exe,
        ],
      );
      const found = await successes(`${rootfs}/report`);
      assert(found.includes("open for writing"));
      assert(await executable.fingerprint() !== before, "nothing was written");
      assertMatch(
        new TextDecoder().decode(
          (await Deno.readFile(executable.elf)).subarray(0, 30),
        ),
        /^overwritten by the container/,
      );
    },
    SKIP,
  );

  for (const init of ["image", "reexec"]) {
    claim(
      `exe attack: an entry point that is /proc/self/exe ${what} has no success with --init ${init}`,
      async (box) => {
        const executable = await Executable.copy(box, "exe");
        const before = await executable.fingerprint();
        const container = await create(
          box,
          executable,
          init,
          (spec, bundle) => {
            spec.process.args = [entry || "/proc/self/exe"];
            prepare(bundle.rootfs, "/proc/self/exe");
          },
        );
        const report = `${container.bundle.rootfs}/report`;
        await container.try("start");
        // An image has no loader that could be another's, so nothing of the container runs in it.
        if (init === "image") await container.finished();
        else await assertFailed(report, init);
        assertEquals(exists(report), init === "reexec");
        assertEquals(await executable.fingerprint(), before);
      },
      SKIP,
    );
  }
}

// ---- other processes beside init ---------------------------------------------------------------------------------

/** Hooks that leave a process behind in the container, which attacks /proc/1/exe until init has gone. */
function leaveThief(kind: string): Edit {
  return (spec, bundle) => {
    const root = kind === "startContainer" ? "" : bundle.rootfs;
    const report = `${root}/report`;
    const attack = `PATH=$PATH:${root}/
       thief path ${root}/proc/1/exe ${root}/ <&- >&- 2>&- &
       while ! grep -qs reconfigure ${report}; do sleep 0.01; done`;
    spec.process.args = ["sleep", "1000"];
    spec.hooks = {
      [kind]: [{
        path: "/bin/sh",
        args: ["sh", "-c", attack],
        env: ["PATH=/usr/bin:/bin"],
      }],
    };
  };
}

for (const init of ["image", "reexec"]) {
  for (const kind of ["createContainer", "startContainer"]) {
    claim(
      `exe attack: what a ${kind} hook leaves behind has no success with --init ${init}`,
      async (box) => {
        const executable = await Executable.copy(box, "exe");
        const before = await executable.fingerprint();
        const container = await create(box, executable, init, leaveThief(kind));
        ok(await container.try("start"));
        await assertFailed(`${container.bundle.rootfs}/report`, init);
        assertEquals(await executable.fingerprint(), before);
      },
      SKIP,
    );
  }
}

/**
 * Starts a container that waits for another process in its PID namespace, to attack that one's program: at once, and
 * when nobody executes it any more or `seconds` have passed.
 */
async function lurker(box: Box, seconds = 20): Promise<Container> {
  const bytes = await theThief(box);
  return await box.start((spec, bundle) => {
    powerful(spec);
    addThief(bytes, bundle.rootfs);
    // Found in PATH: its own name tells the thief that it is no loader.
    spec.process.args = ["thief", "scan", `${seconds}`];
    spec.process.env = ["PATH=/"];
  });
}

/** Joins the PID namespace of another container. */
function joinPid(spec: Spec, pid: number): void {
  for (const namespace of spec.linux.namespaces) {
    if (namespace.type === "pid") namespace.path = `/proc/${pid}/ns/pid`;
  }
}

claim(
  "exe attack: a container overwrites an unprotected executable that runs in its PID namespace",
  async (box) => {
    const executable = await Executable.copy(box, "exe");
    const before = await executable.fingerprint();
    const thief = await lurker(box);
    const target = `--target=${await thief.pid()}`;
    const args = executable.elf === executable.path
      ? ["--help"]
      : ["eval", "setTimeout(() => {}, 1000)"];
    await box.command(["nsenter", target, "--pid", executable.elf, ...args]);
    const found = await successes(`${thief.bundle.rootfs}/report`);
    assert(found.includes("open for writing"));
    assert(await executable.fingerprint() !== before, "nothing was written");
  },
  SKIP,
);

for (const init of ["image", "reexec"]) {
  for (const isStarted of [true, false]) {
    const when = isStarted ? "is started" : "waits in created";
    claim(
      `exe attack: a container whose PID namespace is joined has no success while the other ${when}, with --init ${init}`,
      async (box) => {
        const executable = await Executable.copy(box, "exe");
        const before = await executable.fingerprint();
        const thief = await lurker(box, isStarted ? 20 : 1);
        const pid = await thief.pid();
        const container = await create(box, executable, init, (spec) => {
          spec.process.args = ["sleep", "1000"];
          joinPid(spec, pid);
        });
        if (isStarted) ok(await container.try("start"));
        await assertFailed(`${thief.bundle.rootfs}/report`, init);
        assertEquals(await executable.fingerprint(), before);
      },
      SKIP,
    );
  }

  claim(
    `exe attack: a container whose PID and mount namespaces are joined has no success with --init ${init}`,
    async (box) => {
      const executable = await Executable.copy(box, "exe");
      const before = await executable.fingerprint();
      const thief = await lurker(box);
      const pid = await thief.pid();
      const bundle = await box.bundle((spec) => {
        powerful(spec);
        spec.linux.namespaces = [
          { type: "mount", path: `/proc/${pid}/ns/mnt` },
          { type: "pid", path: `/proc/${pid}/ns/pid` },
        ];
        spec.mounts = [];
        delete spec.hostname;
        delete spec.linux.maskedPaths;
        delete spec.linux.readonlyPaths;
        spec.process.args = ["/proc/self/exe"];
      });
      const id = box.newId();
      // The bundle is not there in the other's mounts, so this fails, but not before the namespaces were joined.
      await box.command([
        executable.path,
        "--init",
        init,
        "--root",
        box.root,
        "run",
        "-b",
        bundle.dir,
        id,
      ]);
      await assertFailed(`${thief.bundle.rootfs}/report`, init);
      assertEquals(await executable.fingerprint(), before);
    },
    SKIP,
  );
}
