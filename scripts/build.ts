/**
 * Builds the executable: `deno task build [--out DIR] [--launcher]`.
 *
 * With `DENORT_BIN`, or where Deno's base runtime can be fetched, DIR/nsinit is a single binary made
 * by `deno compile`. Elsewhere it is a launcher: a small shell script that executes DIR/lib/deno (our
 * own copy) on DIR/lib/main.js, which evaluates the chunks beside it; each command has its own.
 * `--launcher` asks for that one. Nothing is done when nothing changed since the last build.
 *
 * @module
 */
import { parseArgs } from "../lib/deps/parse_args.ts";
import { join, resolve } from "../lib/deps/path.ts";
import { V8_FLAGS } from "../lib/cli/init_args.ts";
import { productFiles } from "./check_imports.ts";
import { classicChunk, ENTRY, LOADER, packChunks } from "./classic_chunks.ts";
import { launcherScript } from "./launcher.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** How long chunks of an earlier build stay. */
const KEEP_MS = 3600_000;

/** What was built. */
export type BuildKind = "binary" | "launcher";

/** How to build. */
export interface BuildOptions {
  /** The program's entry. @default {main.ts of this project} */
  readonly entry?: string;
  /** The folder to write to. @default {dist/ of this project} */
  readonly out?: string;
  /** Build the launcher even where a single binary can be had. @default {false} */
  readonly launcher?: boolean;
}

/** The outcome of a build. */
export interface BuildResult {
  readonly kind: BuildKind;
  /** Path of the executable. */
  readonly executable: string;
  /** False if the last build was still good. */
  readonly rebuilt: boolean;
  /** Why there is no single binary, in one line; empty if there is one or none was asked for. */
  readonly note: string;
}

interface Stamp {
  readonly hash: string;
  readonly kind: BuildKind;
  readonly note: string;
}

/**
 * Builds the executable, or finds the last build still good. Two builds at a time wait for each
 * other; programs started meanwhile see the old build or the new one.
 *
 * @throws {Error} if the bundle can't be made, with the compiler's words
 */
export async function build(options: BuildOptions = {}): Promise<BuildResult> {
  const entry = resolve(options.entry ?? join(ROOT, "main.ts"));
  const out = resolve(options.out ?? join(ROOT, "dist"));
  await makeDir(out);
  using lock = await Deno.open(join(ROOT, "deno.json"));
  await lock.lock(true);
  const executable = join(out, "nsinit");
  const hash = await inputHash(entry, options.launcher ?? false);
  const last = await readStamp(out);
  if (last?.hash === hash && await isComplete(out, last.kind)) {
    return { kind: last.kind, note: last.note, executable, rebuilt: false };
  }
  await removeRemains(out);
  const temp = await Deno.makeTempDir({ dir: out, prefix: ".build-" });
  try {
    const note = options.launcher ? "" : await compile(entry, temp);
    const kind = options.launcher || note ? "launcher" : "binary";
    if (kind === "launcher") await installLauncher(entry, temp, out);
    else await install(join(temp, "nsinit"), executable, 0o755);
    await Deno.writeTextFile(
      join(out, ".build.json"),
      JSON.stringify({ hash, kind, note } satisfies Stamp),
    );
    return { kind, note, executable, rebuilt: true };
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

/** Removes what a killed build left; no other is running, as we hold the lock. */
async function removeRemains(out: string): Promise<void> {
  for await (const { name } of Deno.readDir(out)) {
    if (!name.startsWith(".build-")) continue;
    await Deno.remove(join(out, name), { recursive: true });
  }
}

/** Tries the single binary. Returns why it could not be had; throws if the program itself is at fault. */
async function compile(entry: string, temp: string): Promise<string> {
  const { success, text } = await deno([
    "compile",
    "-A",
    "--no-check",
    "--quiet",
    V8_FLAGS,
    "--output",
    join(temp, "nsinit"),
    entry,
  ]);
  if (success) return "";
  const fetching = /denort|base binary|dl\.deno\.land/i.test(text);
  if (!fetching || Deno.env.get("DENORT_BIN")) {
    throw new Error(`deno compile failed: ${text}`);
  }
  return "Deno's base runtime (denort) could not be fetched: building the launcher instead of a single binary";
}

async function installLauncher(
  entry: string,
  temp: string,
  out: string,
): Promise<void> {
  const bundle = join(temp, "bundle");
  const { success, text } = await deno([
    "bundle",
    "--quiet",
    "--code-splitting",
    "--minify", // V8 looks at all that is loaded: a tenth of the time of `run`
    "--outdir",
    bundle,
    entry,
  ]);
  if (!success) throw new Error(`deno bundle failed: ${text}`);
  const lib = join(out, "lib");
  await makeDir(lib);
  await installDeno(join(lib, "deno"));
  const files: string[] = [];
  const scripts = new Map<string, string>();
  const main = entry.replace(/^.*\//, "").replace(/\.ts$/, ".js");
  for await (const { name } of Deno.readDir(bundle)) {
    const chunk = name === main ? ENTRY : name;
    const path = join(bundle, name);
    const script = classicChunk(chunk, await Deno.readTextFile(path));
    await Deno.writeTextFile(path, script);
    await Deno.rename(path, join(bundle, `${chunk}.txt`));
    scripts.set(chunk, script);
    files.push(`${chunk}.txt`);
  }
  // `state` is what callers ask most often; what it needs the other commands need too.
  const also = [...scripts.keys()].filter((name) =>
    /^(parse_args|state)-/.test(name)
  );
  const pack = packChunks(scripts, also);
  await Deno.writeTextFile(join(bundle, `${ENTRY}.txt`), pack);
  await Deno.writeTextFile(join(bundle, "main.js"), LOADER);
  files.push("main.js");
  // Chunks carry a hash in their name, so old and new ones live side by side: the entry, which
  // names them, comes after them, and what it no longer names goes when nobody can need it.
  const isEntry = (name: string): boolean => name.startsWith(ENTRY);
  files.sort((a, b) => Number(isEntry(a)) - Number(isEntry(b)));
  for (const name of files) {
    await install(join(bundle, name), join(lib, name), 0o644);
  }
  const script = join(temp, "launcher");
  await Deno.writeTextFile(script, launcherScript(out));
  await install(script, join(out, "nsinit"), 0o755);
  await removeOldChunks(lib, files);
}

/** Removes chunks of earlier builds, but for those that a program still running may yet load. */
async function removeOldChunks(
  lib: string,
  present: readonly string[],
): Promise<void> {
  for await (const { name } of Deno.readDir(lib)) {
    if (name === "deno" || present.includes(name)) continue;
    const path = join(lib, name);
    const { mtime } = await Deno.stat(path);
    if (Date.now() - (mtime?.getTime() ?? 0) > KEEP_MS) await Deno.remove(path);
  }
}

/** Our own copy of deno: other users must reach it, and they can't read the caller's npm cache. */
async function installDeno(target: string): Promise<void> {
  const source = await Deno.realPath(Deno.execPath());
  const wanted = await Deno.stat(source);
  const present = await Deno.stat(target).catch(() => undefined);
  if (present?.ino === wanted.ino && present.dev === wanted.dev) return;
  const temp = `${target}.tmp`;
  await Deno.remove(temp).catch(() => {});
  const readable = ((wanted.mode ?? 0) & 0o777) === 0o755;
  try {
    if (!readable) throw new Error("a link would share the private mode");
    await Deno.link(source, temp);
  } catch {
    // another file system, or links to other users' files are forbidden
    await Deno.copyFile(source, temp);
    await Deno.chmod(temp, 0o755);
  }
  await Deno.rename(temp, target);
}

/** Puts a file into place at once, so that nobody sees half of it. */
async function install(
  from: string,
  to: string,
  mode: number,
): Promise<void> {
  await Deno.chmod(from, mode);
  await Deno.rename(from, to);
}

/** Makes a folder that other users may enter, whatever the umask. */
async function makeDir(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
  await Deno.chmod(path, 0o755);
}

async function deno(
  args: string[],
): Promise<{ success: boolean; text: string }> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdout: "null",
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  }).output();
  return { success, text: new TextDecoder().decode(stderr).trim() };
}

async function readStamp(out: string): Promise<Stamp | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(join(out, ".build.json")));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function isComplete(out: string, kind: BuildKind): Promise<boolean> {
  const files = kind === "binary"
    ? ["nsinit"]
    : ["nsinit", "lib/main.js", "lib/deno"];
  for (const file of files) {
    if (!await Deno.stat(join(out, file)).catch(() => undefined)) return false;
  }
  return true;
}

/** A hash of everything the result depends on. */
async function inputHash(entry: string, launcher: boolean): Promise<string> {
  const files = new Set([
    entry,
    ...productFiles().map((file) => join(ROOT, file)),
    ...[
      "deno.json",
      "deno.lock",
      "scripts/build.ts",
      "scripts/classic_chunks.ts",
      "scripts/launcher.ts",
    ]
      .map((file) => join(ROOT, file)),
  ]);
  const parts: string[] = [
    Deno.version.deno,
    Deno.execPath(),
    Deno.env.get("DENORT_BIN") ?? "",
    String(launcher),
  ];
  for (const file of files) parts.push(file, await Deno.readTextFile(file));
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(JSON.stringify(parts)),
  );
  return new Uint8Array(digest).toHex();
}

if (import.meta.main) {
  const { out, launcher } = parseArgs(Deno.args, {
    string: ["out"],
    boolean: ["launcher"],
  });
  const result = await build({ ...(out && { out }), launcher });
  if (result.note) console.log(result.note);
  console.log(
    `${result.executable} (${result.kind}${
      result.rebuilt ? "" : ", unchanged"
    })`,
  );
}
