/**
 * Measures one command by hyperfine.
 *
 * @module
 */

/** Where to measure: on the host as it is, or in a mount namespace whose cgroup tree is pure v2. */
export type View = "host" | "v2";

/** The result for one command. */
export interface Measure {
  readonly name: string;
  readonly meanMs: number;
  readonly medianMs: number;
  readonly sigmaMs: number;
  readonly minMs: number;
  /** Why there is no result. */
  readonly error?: string;
}

interface Export {
  readonly results: readonly {
    readonly mean: number;
    readonly median: number;
    readonly stddev: number;
    readonly min: number;
  }[];
}

/** Wraps a command so that it runs in the view; the host's mounts stay as they are. */
export function inView(
  args: readonly string[],
  view: View,
): readonly string[] {
  if (view === "host") return args;
  const script =
    'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"';
  return ["unshare", "--mount", "sh", "-c", script, "sh", ...args];
}

/**
 * Runs a command many times.
 *
 * @param runs how often, after a tenth as many runs for warming up
 */
export async function measure(
  name: string,
  command: readonly string[],
  runs: number,
  view: View = "host",
): Promise<Measure> {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const [program = "", ...args] = inView([
      "hyperfine",
      "--shell=none",
      `--warmup=${Math.ceil(runs / 10)}`,
      `--runs=${runs}`,
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
      return failed(name, await firstComplaint(command, view) ?? text);
    }
    const { results }: Export = JSON.parse(await Deno.readTextFile(file));
    const [result] = results;
    if (!result) return failed(name, "no result");
    return {
      name,
      meanMs: result.mean * 1000,
      medianMs: result.median * 1000,
      sigmaMs: result.stddev * 1000,
      minMs: result.min * 1000,
    };
  } finally {
    await Deno.remove(file);
  }
}

function failed(name: string, error: string): Measure {
  const line = error.trim().split("\n").at(-1) ?? "";
  return { name, meanMs: 0, medianMs: 0, sigmaMs: 0, minMs: 0, error: line };
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
