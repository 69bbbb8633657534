/**
 * The demonstration: `deno task demo`.
 *
 * Prepares a bundle in dist/demo (a root file system of busybox, and a config.json made by our own
 * `spec` command), runs a container in it that tells what it sees, and says in words what was isolated
 * from the host. `NSINIT` names another OCI runtime to compare with.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import { build } from "./build.ts";
import { compare, parseView, readHost, VIEW_SCRIPT } from "./demo_view.ts";
import { installMissing } from "./packages.ts";
import { findStaticBusybox, makeRootFilesystem } from "./root_filesystem.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** The parts of config.json that the demonstration changes or reads. */
interface Config {
  hostname?: string;
  process: { args: string[]; terminal?: boolean };
  linux: {
    namespaces: { type: string; path?: string }[];
    resources?: { pids?: { limit: number } };
  };
}

async function findExecutable(): Promise<string> {
  const other = Deno.env.get("NSINIT");
  if (other) return other;
  const { executable, note } = await build();
  if (note) console.log(note);
  return executable;
}

async function makeBundle(nsinit: string, bundle: string): Promise<Config> {
  await Deno.remove(bundle, { recursive: true }).catch(() => {});
  await Deno.mkdir(join(bundle, "rootfs"), { recursive: true });
  const source = makeRootFilesystem(
    join(bundle, "rootfs"),
    findStaticBusybox(),
  );
  await Deno.writeTextFile(join(bundle, "rootfs/view.sh"), VIEW_SCRIPT);
  const rootless = Deno.uid() === 0 ? [] : ["--rootless"];
  const spec = await new Deno.Command(nsinit, {
    args: ["spec", "--bundle", bundle, ...rootless],
  }).output();
  if (!spec.success) throw new Error(new TextDecoder().decode(spec.stderr));
  const file = join(bundle, "config.json");
  const config: Config = JSON.parse(await Deno.readTextFile(file));
  config.hostname = "inside-the-container";
  config.process.terminal = false;
  config.process.args = ["/bin/sh", "/view.sh"];
  if (rootless.length === 0) {
    config.linux.resources = {
      ...config.linux.resources,
      pids: { limit: 32 },
    };
  }
  await Deno.writeTextFile(file, JSON.stringify(config, undefined, 2));
  console.log(`bundle: ${bundle} (root file system of ${source})`);
  return config;
}

async function main(): Promise<number> {
  const missing = await installMissing([
    { program: "busybox", package: "busybox-static" },
  ]);
  if (missing.length > 0) console.log("busybox-static can't be installed here");
  const nsinit = await findExecutable();
  const bundle = join(ROOT, "dist/demo");
  const config = await makeBundle(nsinit, bundle);
  const id = `demo-${Deno.pid}`;
  console.log(`running: ${nsinit} run --bundle ${bundle} ${id}\n`);
  const { code, stdout } = await new Deno.Command(nsinit, {
    args: ["run", "--bundle", bundle, id],
    stdin: "null",
    stderr: "inherit",
  }).output();
  const text = new TextDecoder().decode(stdout);
  console.log(text.replaceAll(/^/gm, "  ").trimEnd());
  if (code !== 0) {
    console.error(`\nthe container ended with code ${code}`);
    return 1;
  }
  const sentences = compare(
    parseView(text),
    readHost(),
    config.linux.namespaces.map(({ type }) => type),
  );
  console.log("\nSeen from both sides:");
  for (const { text } of sentences) console.log(`- ${text}`);
  const wrong = sentences.filter(({ ok }) => !ok);
  if (wrong.length > 0) {
    console.error(`\n${wrong.length} of these are not as they should be`);
    return 1;
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main());
