/**
 * Subjects of a measurement: commands, timed by hyperfine, and a program that uses the library.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import type { Subject } from "./bench_rounds.ts";

const SCRIPTS = new URL(".", import.meta.url).pathname;

/**
 * Where to measure: on the host as it is, or in a mount namespace whose cgroup tree is pure v1 or v2. crun refuses the
 * mixture of both that many hosts of v1 have.
 */
export type View = "host" | "v1" | "v2";

const PREPARE: Readonly<Record<View, string>> = {
  host: "",
  v1: "umount /sys/fs/cgroup/unified && ",
  v2: "umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && ",
};

/** Wraps a command so that it runs in the view; the host's mounts stay as they are. */
export function inView(args: readonly string[], view: View): readonly string[] {
  if (view === "host") return args;
  const script = `${PREPARE[view]}exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", script, "sh", ...args];
}

interface Export {
  readonly results: readonly { readonly times: readonly number[] }[];
}

/** A command that is run again and again. */
export function commandSubject(
  name: string,
  command: readonly string[],
  view: View = "host",
): Subject {
  return { name, run: (count) => timeCommand(command, count, view) };
}

async function timeCommand(
  command: readonly string[],
  count: number,
  view: View,
): Promise<number[]> {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const [program = "", ...args] = inView([
      "hyperfine",
      "--shell=none",
      "--warmup=1",
      `--runs=${count}`,
      `--export-json=${file}`,
      command.map(quote).join(" "),
    ], view);
    const { success, stderr } = await new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
    }).output();
    if (!success) {
      const text = new TextDecoder().decode(stderr);
      throw new Error(await firstComplaint(command, view) ?? text);
    }
    const { results }: Export = JSON.parse(await Deno.readTextFile(file));
    return results.flatMap(({ times }) => times.map((time) => time * 1000));
  } finally {
    await Deno.remove(file);
  }
}

/** hyperfine hides what a failing command says: runs it once more to hear it. */
async function firstComplaint(
  command: readonly string[],
  view: View,
): Promise<string | undefined> {
  const [program = "", ...args] = inView(command, view);
  const { stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "null",
  }).output();
  return new TextDecoder().decode(stderr).trim() || undefined;
}

/** Quotes a word for hyperfine, which splits commands as a shell does. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A program of scripts/ as a command. */
export function scriptCommand(
  script: string,
  args: readonly string[],
): readonly string[] {
  const path = join(SCRIPTS, script);
  return [Deno.execPath(), "run", "-A", "--no-check", path, ...args];
}

/** A running program that starts containers through the library when asked to. */
export class LibrarySubject implements Subject, AsyncDisposable {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamDefaultReader<string>;

  constructor(name: string, root: string, bundle: string, view: View) {
    this.name = name;
    const [program = "", ...args] = inView(
      scriptCommand("bench_library.ts", ["--root", root, "--bundle", bundle]),
      view,
    );
    this.#child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /** Starts containers one after the other. */
  readonly run = async (count: number): Promise<readonly number[]> => {
    await this.#input.write(new TextEncoder().encode(`${count}\n`));
    let text = "";
    while (!text.endsWith("\n")) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error("the program that uses the library has failed");
      text += value;
    }
    return JSON.parse(text);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.#child.status;
  }
}
