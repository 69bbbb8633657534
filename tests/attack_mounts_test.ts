/**
 * Mount points in a root file system that is hostile, or shared with somebody
 * who changes it meanwhile. The attacks of CVE-2019-19921, CVE-2021-30465,
 * CVE-2023-27561, CVE-2024-45310 and CVE-2026-41579 come to this: something is
 * made, mounted or read outside of the root.
 */
import { assert, assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { AT_FDCWD, O_RDONLY } from "../ffi/abi/fcntl.ts";
import type { Container } from "../mod.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { exists, readIfPresent } from "./host.ts";
import type { Mount } from "./spec.ts";
import { FACTORY_OPTIONS } from "./interpreter.ts";
import { Racer } from "./racer.ts";
import { type Change, play, type Runtime } from "./weakened.ts";

/** Paths are resolved as if the container's root were the host's. */
const ANYWHERE: Change[] = [{
  file: "lib/mounts/directory.ts",
  from: "IN_ROOT = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS",
  to: "IN_ROOT = 0",
}];
const PROTECTION = "RESOLVE_IN_ROOT";

function tmpfs(destination: string, ...options: string[]): Mount {
  return { destination, type: "tmpfs", source: "tmpfs", options };
}

function bind(source: string, destination: string): Mount {
  return { destination, type: "bind", source, options: ["bind"] };
}

/** A folder of the host that must not be touched. */
function outside(box: Box): string {
  const dir = `${box.dir}/outside`;
  if (!exists(dir)) Deno.mkdirSync(dir);
  return dir;
}

/** All below a folder. */
function tree(dir: string): string[] {
  return [...Deno.readDirSync(dir)].flatMap(({ name, isDirectory }) => [
    name,
    ...(isDirectory ? tree(`${dir}/${name}`).map((x) => `${name}/${x}`) : []),
  ]).sort();
}

play({
  name: "mounts and devices through a link of the image",
  protection: PROTECTION,
  changes: ANYWHERE,
  async attack(runtime) {
    const dir = outside(runtime.box);
    await runtime.sh("true", (spec, bundle) => {
      Deno.symlinkSync(dir, `${bundle.rootfs}/link`);
      bundle.file("data", "");
      spec.mounts.push(tmpfs("/link/made"), bind("data", "/link/file"));
      const device = { type: "c", major: 1, minor: 3 };
      spec.linux.devices = [{ path: "/link/node", ...device }];
    });
    return tree(dir);
  },
});

play({
  name: "an image whose /dev is a link",
  protection: PROTECTION,
  changes: ANYWHERE,
  async attack(runtime) {
    const dir = outside(runtime.box);
    await runtime.sh("true", (spec, { rootfs }) => {
      Deno.removeSync(`${rootfs}/dev`);
      Deno.symlinkSync(dir, `${rootfs}/dev`);
      const isBelow = /^\/dev/;
      spec.mounts = spec.mounts.filter((one) => !isBelow.test(one.destination));
    });
    return tree(dir);
  },
});

// ---- names that change meanwhile ---------------------------------------------------------------------------------

/** Everything that a configuration can have made below /swap. */
const RACED: Edit = (spec, bundle) => {
  bundle.file("data", "");
  Deno.mkdirSync(`${bundle.rootfs}/swap`);
  spec.mounts.push(
    tmpfs("/swap/made/deep"),
    bind("data", "/swap/file"),
    tmpfs("/swap/copied", "tmpcopyup"),
  );
  const device = { type: "c", major: 1, minor: 3 };
  spec.linux.devices = [{ path: "/swap/node", ...device }];
  spec.process.cwd = "/swap/cwd";
};

const ROUNDS = 10;
/** With some luck none comes to be in those. */
const MOST_ROUNDS = 200;

/** Creates containers in this process, one after the other, until something is outside; answers how many came to be. */
async function createMany(runtime: Runtime, dir: string): Promise<number> {
  const { box } = runtime;
  const { Factory } = await runtime.module<typeof import("../mod.ts")>(
    "mod.ts",
  );
  const factory = await Factory.open(box.root, FACTORY_OPTIONS);
  const bundle = await box.bundle(RACED);
  Deno.symlinkSync(dir, `${bundle.rootfs}/link`);
  const { rootfs } = bundle;
  await using racer = await Racer.start(`${rootfs}/swap`, `${rootfs}/link`);
  let created = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (tree(dir).length > 0 || (round >= ROUNDS && created > 0)) break;
    const before = racer.exchanges;
    const spec = bundle.spec as Parameters<typeof factory.create>[1];
    const container = await factory.create(box.newId(), spec, {
      bundle: bundle.dir,
    });
    if (await starts(container)) created++;
    await container.destroy({ force: true });
    assert(racer.exchanges > before, "nothing was exchanged meanwhile");
  }
  return created;
}

/** Starts a container. It may fail: names were others each time it looked. */
async function starts(container: Container): Promise<boolean> {
  try {
    const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
    await container.start({ terminal: false, ...streams });
    return true;
  } catch (error) {
    assert(error instanceof Error && error.name !== "TypeError", `${error}`);
    return false;
  }
}

claim(
  "attack: a folder and a link exchanged meanwhile: a path that was checked leads outside",
  async (box) => {
    const dir = outside(box);
    const root = `${box.dir}/root`;
    Deno.mkdirSync(`${root}/swap`, { recursive: true });
    Deno.symlinkSync(dir, `${root}/link`);
    await using _racer = await Racer.start(`${root}/swap`, `${root}/link`);
    const end = Date.now() + 20_000;
    // What runtimes did: they looked where the path leads, and used it again.
    while (!exists(`${dir}/made`) && Date.now() < end) {
      if (Deno.realPathSync(`${root}/swap`) !== `${root}/swap`) continue;
      try {
        Deno.mkdirSync(`${root}/swap/made`);
        Deno.removeSync(`${root}/swap/made`);
      } catch {
        // Exchanged in between.
      }
    }
    assertEquals(tree(dir), ["made"]);
  },
  { isRace: true },
);

play({
  name: "a folder and a link exchanged while containers are made",
  protection: PROTECTION,
  changes: ANYWHERE,
  isRace: true,
  async attack(runtime) {
    const dir = outside(runtime.box);
    const created = await createMany(runtime, dir);
    const found = tree(dir);
    assert(created > 0 || found.length > 0, "no container came to be");
    return found;
  },
});

// ---- tmpcopyup ---------------------------------------------------------------------------------------------------

const SECRET = "a secret of the host";
const COPY_UP = "lib/mounts/copy_up.ts";

play({
  name: "a file exchanged for a link while it is copied",
  protection: "O_NOFOLLOW and a second look",
  changes: [
    {
      file: COPY_UP,
      from: "O_RDONLY | O_NOFOLLOW[ARCH] | O_NONBLOCK",
      to: "O_RDONLY | O_NONBLOCK",
    },
    {
      file: COPY_UP,
      from: "using from = openIn(source, name, reading, WITHIN)",
      to: "using from = openIn(source, name, reading)",
    },
    { file: COPY_UP, from: "now.ino !== stat.ino || ", to: "" },
  ],
  isRace: true,
  async attack(runtime) {
    const { box } = runtime;
    const dir = `${box.dir}/covered`;
    Deno.mkdirSync(dir);
    Deno.mkdirSync(`${box.dir}/beside`);
    Deno.writeTextFileSync(`${box.dir}/secret`, SECRET);
    Deno.writeTextFileSync(`${dir}/name`, "of the image");
    Deno.symlinkSync(`${box.dir}/secret`, `${box.dir}/beside/name`);
    await using _racer = await Racer.start(
      `${dir}/name`,
      `${box.dir}/beside/name`,
    );
    const copies = await copyMany(runtime, dir);
    const secrets = copies.filter((text) => text === SECRET);
    // The secret may be what is copied first.
    const isCopied = secrets.length > 0 || copies.includes("of the image");
    assert(isCopied, "the file was never copied");
    return secrets;
  },
});

/** Copies a folder again and again, until its file is the secret; answers what was in it as a file. */
async function copyMany(runtime: Runtime, dir: string): Promise<string[]> {
  const { copyUp } = await runtime.module<
    typeof import("../lib/mounts/copy_up.ts")
  >("lib/mounts/copy_up.ts");
  const { openIn } = await runtime.module<typeof import("../ffi/fs.ts")>(
    "ffi/fs.ts",
  );
  using source = openIn(AT_FDCWD, dir, O_RDONLY);
  const found: string[] = [];
  for (let round = 0; round < 2_000 && !found.includes(SECRET); round++) {
    const copy = `${runtime.box.dir}/copy${round}`;
    Deno.mkdirSync(copy);
    using target = openIn(AT_FDCWD, copy, O_RDONLY);
    try {
      copyUp(source, target);
    } catch (error) {
      // What was a file is a link by now: that is told, not followed.
      assertMatch(`${error}`, /ELOOP|ENOENT|EXDEV/);
    }
    const file = `${copy}/name`;
    if (exists(file) && Deno.lstatSync(file).isFile) {
      found.push(readIfPresent(file) ?? "");
    }
    Deno.removeSync(copy, { recursive: true });
  }
  return found;
}
