/**
 * What a person does at a terminal: waits for a text, and types the next one.
 *
 * @module
 */
import type { Box } from "../box.ts";
import type { CommandOptions, Result } from "../command.ts";
import { quoted } from "./seen.ts";

/** Types a text when another has been shown since what was typed before. */
export interface Turn {
  readonly after: RegExp;
  readonly type: string;
}

/** A script that does what another does, but ends when its output has been heard: see {@linkcode hear}. */
export function heard(script: string): string {
  return `(${script}\n); code=$?
echo end of out; echo end of err >&2; read -r _; exit $code`;
}

/** Flag that gives a shell its prompt. */
export const PS1 = "--env=PS1==> ";

/** The shell's prompt behind a text; it may be there again, for the terminal's size has come late. */
export function prompt(behind = ""): RegExp {
  return new RegExp(`${behind}\\s*(=> (\\x1b\\[\\d*\\w|\\r)*)+$`);
}

/** What a shell showed but for the lines with its prompt, which it may write again at any time. */
export function withoutPrompts(text: string): string {
  const lines = text.replaceAll(/\r+\n/g, "\n").split("\n");
  return lines.filter((line) => !line.includes("=> ")).join("\n");
}

let serial = 0;

/**
 * Runs a command on a terminal of script(1), 91 columns and 37 rows. What is typed is not echoed there, so whatever echo
 * is seen is the container's.
 *
 * @returns the exit code, and all that was shown
 * @throws {Error} if a text does not come, or the end, with what was shown
 */
export function converse(
  box: Box,
  argv: readonly string[],
  turns: readonly Turn[],
  options: CommandOptions = {},
): Promise<Result> {
  const command = `stty cols 91 rows 37 -echo; exec ${quoted(argv)}`;
  const words = ["script", "-q", "-e", "-c", command, "/dev/null"];
  return attend(box, words, options, async (command) => {
    let from: number | undefined = 0;
    for (const turn of turns) {
      from = await shown(command, command.outFile, turn.after, from);
      if (from === undefined) return;
      await command.type(turn.type);
    }
  });
}

/**
 * Runs a command that runs a {@linkcode heard} script: it ends when all of its output has come. A caller may
 * give up the streams of a program that has ended before it has read them to the end. The text for stdin is typed first.
 */
export async function hear(
  box: Box,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<Result> {
  const result = await attend(box, argv, options, async (command) => {
    await command.type(options.stdin ?? "");
    for (const file of [command.outFile, command.errFile]) {
      const isThere = await shown(command, file, /^end of (out|err)$/m);
      if (isThere === undefined) return;
    }
    await command.type("\n");
  });
  const strip = (text: string) => text.replace(/^end of (out|err)\n/m, "");
  return {
    ...result,
    stdout: strip(result.stdout),
    stderr: strip(result.stderr),
  };
}

/** Runs a command beside somebody who reads what it writes, and types. */
async function attend(
  box: Box,
  argv: readonly string[],
  options: CommandOptions,
  person: (command: Attended) => Promise<void>,
): Promise<Result> {
  const outFile = `${box.dir}/heard.${++serial}.out`;
  const errFile = `${box.dir}/heard.${serial}.err`;
  for (const file of [outFile, errFile]) await Deno.writeTextFile(file, "");
  const ids = options.as;
  const user = ids === undefined
    ? []
    : ["setpriv", `--reuid=${ids.uid}`, `--regid=${ids.gid}`, "--init-groups"];
  const script = 'exec >"$1" 2>"$2"; shift 2; exec "$@"';
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", outFile, errFile, ...user, ...argv],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    cwd: options.cwd ?? "/",
    env: { NSINIT_TEST: `${box.mark}.`, ...options.env },
  }).spawn();
  const writer = child.stdin.getWriter();
  const type = (text: string) => writer.write(new TextEncoder().encode(text));
  let isOver = false;
  const end = child.status.finally(() => isOver = true);
  const timer = setTimeout(() => child.kill("SIGKILL"), 90_000);
  try {
    await person({ type, outFile, errFile, isOver: () => isOver });
    const { code } = await end;
    return {
      code,
      stdout: await Deno.readTextFile(outFile),
      stderr: await Deno.readTextFile(errFile),
      outFile,
    };
  } catch (error) {
    if (!isOver) child.kill("SIGKILL");
    throw error;
  } finally {
    await end;
    clearTimeout(timer);
    await writer.close().catch(() => {}); // its reader has ended
  }
}

/** What somebody has who attends a command. */
interface Attended {
  type(text: string): Promise<void>;
  readonly outFile: string;
  readonly errFile: string;
  /** Whether the command has ended. */
  isOver(): boolean;
}

/**
 * Waits until a file has a text behind a place.
 *
 * @returns the place behind the text; nothing where the command has ended
 */
async function shown(
  { isOver }: Attended,
  path: string,
  text: RegExp,
  from = 0,
): Promise<number | undefined> {
  const end = Date.now() + 50_000;
  for (;;) {
    const wasOver = isOver();
    const all = await Deno.readTextFile(path);
    const found = text.exec(all.slice(from));
    if (found !== null) return from + found.index + found[0].length;
    if (wasOver) return undefined;
    if (Date.now() > end) throw new Error(`Waited in vain for ${text}: ${all}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
