/**
 * What is masked, and the terminal: an image has something else at /dev/null
 * (CVE-2025-31133), at /dev/console or by the name of the terminal
 * (CVE-2025-52565), or somebody exchanges them meanwhile.
 */
import { assert, assertEquals, assertMatch } from "../lib/deps/assert.ts";
import type { Bundle } from "./bundle.ts";
import { claim } from "./claim.ts";
import { ok } from "./command.ts";
import { FACTORY_OPTIONS } from "./interpreter.ts";
import { Racer } from "./racer.ts";
import type { Spec } from "./spec.ts";
import { type Change, play, Runtime } from "./weakened.ts";

/** Leaves /dev to the image. */
function withoutDev(spec: Spec): void {
  spec.mounts = spec.mounts.filter(({ destination }) => destination !== "/dev");
}

play({
  name: "a /dev/null that is a link when paths are masked",
  protection: "a null device of the host's",
  changes: [
    {
      file: "lib/mounts/masks.ts",
      from: "cover(b, nullDevice, target);",
      to: 'cover(b, cloneMount(b, { path: "/dev/null" }, false), target);',
    },
    {
      file: "lib/mounts/pivot.ts",
      from: "if (needsDeviceSetup(context.spec)) {",
      to: "if (false) {",
    },
  ],
  async attack(runtime) {
    const { stdout } = await runtime.sh("cat /masked", (spec, bundle) => {
      withoutDev(spec);
      const { rootfs } = bundle;
      bundle.file("rootfs/masked", "");
      bundle.file("rootfs/other", "another file\n");
      spec.linux.maskedPaths = ["/masked"];
      // An accomplice who shares the root file system; here a hook, for its sense of time.
      const swap = `rm ${rootfs}/dev/null && ln -s /other ${rootfs}/dev/null`;
      const env = ["PATH=/usr/bin:/bin"];
      const hook = { path: "/bin/sh", args: ["sh", "-c", swap], env };
      spec.hooks = { createRuntime: [hook] };
    });
    return stdout.split("\n").filter((line) => line !== "");
  },
});

const ROUNDS = 12;

play({
  name: "a /dev/console exchanged for a link while the terminal is made",
  protection: "O_NOFOLLOW",
  changes: [
    {
      file: "lib/mounts/console.ts",
      from: "const how = { flags: O_PATH | O_NOFOLLOW[b.arch] };",
      to: "const how = { flags: O_PATH };",
    },
    {
      file: "lib/mounts/console.ts",
      from: "  refuseLink(b, word(fd));\n",
      to: "",
    },
  ],
  isRace: true,
  async attack(runtime) {
    const { box } = runtime;
    const { Factory } = await runtime.module<typeof import("../mod.ts")>(
      "mod.ts",
    );
    const factory = await Factory.open(box.root, FACTORY_OPTIONS);
    const bundle = await box.bundle((spec, bundle) => {
      withoutDev(spec);
      spec.process.terminal = true;
      bundle.file("rootfs/dev/console", "");
      bundle.file("rootfs/target", "");
      Deno.symlinkSync("/target", `${bundle.rootfs}/dev/link`);
    });
    const dev = `${bundle.rootfs}/dev`;
    await using _racer = await Racer.start(`${dev}/console`, `${dev}/link`);
    const found: string[] = [];
    let started = 0;
    for (let round = 0; round < ROUNDS && found.length === 0; round++) {
      const spec = bundle.spec as Parameters<typeof factory.create>[1];
      const container = await factory.create(box.newId(), spec, {
        bundle: bundle.dir,
      });
      try {
        const process = await container.start();
        started++;
        const text = Deno.readTextFileSync(`/proc/${process.pid}/mountinfo`);
        found.push(...text.split("\n").filter((one) => / \/target /.test(one)));
        process.console?.close();
      } catch (error) {
        assert(/symbolic link/.test(`${error}`), `${error}`);
      }
      await container.destroy({ force: true });
    }
    assert(started > 0, "no container came to be");
    return found;
  },
});

// ---- the terminal's name -----------------------------------------------------------------------------------------

/** The terminal is taken by its name. A new devpts begins with 0. */
const BY_NAME: Change = {
  file: "lib/mounts/console.ts",
  from: "const tree = cloneMount(b, { fd: slave }, false);",
  to: 'const tree = cloneMount(b, { path: "/dev/pts/0" }, false);',
};
/** Any directory is as good as the root of a devpts. */
const ANY_DIRECTORY: Change[] = [
  {
    file: "lib/mounts/console.ts",
    from: "  unlessFileSystem(b, directory, DEVPTS_SUPER_MAGIC, wrong);\n",
    to: "",
  },
  {
    file: "lib/mounts/console.ts",
    from:
      '  b.unless(statField(state, "ino"), -1, DEVPTS_ROOT_INODE, wrong);\n',
    to: "",
  },
];

/**
 * A volume at /dev/pts, whose owner needs to win no race: it has a ptmx, which
 * makes terminals in the devpts that is found beside it, and a link by the
 * name of the first of them.
 */
function withVolume(spec: Spec, bundle: Bundle): void {
  const volume = `${bundle.dir}/volume`;
  bundle.file("rootfs/masked", "what is masked\n");
  spec.linux.maskedPaths = ["/masked"];
  spec.process.terminal = true;
  Deno.mkdirSync(`${volume}/pts`, { recursive: true });
  Deno.symlinkSync("/masked", `${volume}/0`);
  spec.mounts = [
    ...spec.mounts.filter(({ destination }) => destination !== "/dev/pts"),
    {
      destination: "/dev/pts",
      type: "none",
      source: volume,
      options: ["bind"],
    },
    {
      destination: "/dev/pts/pts",
      type: "devpts",
      source: "devpts",
      options: ["newinstance", "ptmxmode=0666"],
    },
  ];
}

/** Answers what the container finds at /dev/console, if that is a file. */
async function nameTerminal(runtime: Runtime): Promise<string[]> {
  const { box } = runtime;
  const { Factory } = await runtime.module<typeof import("../mod.ts")>(
    "mod.ts",
  );
  const factory = await Factory.open(box.root, FACTORY_OPTIONS);
  const bundle = await box.bundle(withVolume);
  const device = ["mknod", "-m", "666", `${bundle.dir}/volume/ptmx`];
  ok(await box.command([...device, "c", "5", "2"]));
  const spec = bundle.spec as Parameters<typeof factory.create>[1];
  await using container = await factory.create(box.newId(), spec, {
    bundle: bundle.dir,
  });
  try {
    const process = await container.start();
    process.console?.close();
    const path = `/proc/${process.pid}/root/dev/console`;
    return Deno.lstatSync(path).isFile ? [Deno.readTextFileSync(path)] : [];
  } catch (error) {
    assertMatch(`${error}`, /not the root of a devpts file system/);
    return [];
  }
}

play({
  name: "a link by the name of the terminal, in a volume at /dev/pts",
  protection: "a descriptor of the terminal, and a look at its file system",
  changes: [BY_NAME, ...ANY_DIRECTORY],
  attack: nameTerminal,
});

for (
  const [what, changes] of [
    ["a descriptor of the terminal", ANY_DIRECTORY],
    ["a look at its file system", [BY_NAME]],
  ] as const
) {
  claim(
    `attack: a link by the name of the terminal, in a volume at /dev/pts: ${what} is enough`,
    async (box) =>
      assertEquals(await nameTerminal(Runtime.weakened(box, changes)), []),
  );
}
