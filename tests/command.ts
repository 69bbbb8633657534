/**
 * Runs commands with their output in files: a container that outlives the
 * command keeps its stdout open, which would block a reader of a pipe.
 *
 * @module
 */
import { SLOWNESS } from "./host.ts";
import { withInterpreter } from "./interpreter.ts";

/** How a command is run. */
export interface CommandOptions {
  /** Text for stdin; absent: /dev/null. */
  stdin?: string;
  /** Stdin does not end, and nothing comes: script(1) types a NUL where its own ends. */
  silentStdin?: boolean;
  /** Variables added to the environment. */
  env?: Record<string, string>;
  /** Start from an empty environment; PATH is kept, the launcher needs it. */
  clearEnv?: boolean;
  cwd?: string;
  /** Paths to open for reading as further descriptors. */
  fds?: Record<number, string>;
  /** Run as uid and gid 65534 without capabilities. */
  asNobody?: boolean;
  /** Run as this user, with the groups of that one and without capabilities. */
  as?: { readonly uid: number; readonly gid: number };
  /** Leave it to the command line which interpreter is asked for: see interpreter.ts. */
  ownInit?: boolean;
  /** Shell commands run before, in the same process (`ulimit`, `trap`). */
  prepare?: string;
}

/** What a command did. */
export interface Result {
  code: number;
  stdout: string;
  stderr: string;
  /** The file that stdout goes to; a container may write to it later. */
  outFile: string;
}

/** A command that is running. */
export interface Running {
  pid: number;
  argv: readonly string[];
  outFile: string;
  errFile: string;
  /** Its exit code, once `result` was asked for and has come. */
  exitCode(): number | undefined;
  kill(signal: Deno.Signal): void;
  /** Waits for the end; fails, and kills, after 60 s. */
  result(): Promise<Result>;
}

let serial = 0;

/** Starts a command; its output files are made in `dir`. */
export function spawn(
  dir: string,
  argv: string[],
  options: CommandOptions = {},
): Running {
  const n = ++serial;
  const outFile = `${dir}/out.${n}`;
  const errFile = `${dir}/err.${n}`;
  let inFile = "/dev/null";
  if (options.stdin !== undefined) {
    inFile = `${dir}/in.${n}`;
    Deno.writeTextFileSync(inFile, options.stdin);
  } else if (options.silentStdin) {
    inFile = `${dir}/in.${n}`;
    new Deno.Command("mkfifo", { args: [inFile] }).outputSync();
  }
  const fds = Object.entries(options.fds ?? {})
    .map(([fd, path]) => `exec ${fd}<'${path}'`);
  const script = [
    `exec ${options.silentStdin ? "<>" : "<"}"$1" >"$2" 2>"$3"`,
    "shift 3",
    ...fds,
    options.prepare ?? "",
    'exec "$@"',
  ].join("\n");
  const prefix = options.asNobody
    ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    : options.as !== undefined
    ? [
      "setpriv",
      `--reuid=${options.as.uid}`,
      `--regid=${options.as.gid}`,
      "--init-groups",
    ]
    : [];
  const command = options.ownInit ? argv : withInterpreter(argv);
  // They are there even if the shell does not live to make them.
  for (const file of [outFile, errFile]) Deno.writeTextFileSync(file, "");
  const path = Deno.env.get("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin";
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", inFile, outFile, errFile, ...prefix, ...command],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    clearEnv: options.clearEnv ?? false,
    env: { PATH: path, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).spawn();
  let exitCode: number | undefined;
  return {
    pid: child.pid,
    argv,
    outFile,
    errFile,
    exitCode: () => exitCode,
    kill: (signal) => child.kill(signal),
    async result() {
      const result = await finish(child, outFile, errFile, argv);
      exitCode = result.code;
      return result;
    },
  };
}

/** Runs a command to its end. */
export function run(
  dir: string,
  argv: string[],
  options: CommandOptions = {},
): Promise<Result> {
  return spawn(dir, argv, options).result();
}

async function finish(
  child: Deno.ChildProcess,
  outFile: string,
  errFile: string,
  argv: string[],
): Promise<Result> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, 60_000 * SLOWNESS);
  const { code } = await child.status;
  clearTimeout(timer);
  const [stdout, stderr] = await Promise.all([
    Deno.readTextFile(outFile),
    Deno.readTextFile(errFile),
  ]);
  if (late) {
    throw new Error(`Too slow: ${argv.join(" ")}\n${stdout}\n${stderr}`);
  }
  return { code, stdout, stderr, outFile };
}

/** Answers the result of a command that must succeed; fails with what it wrote. */
export function ok(result: Result): Result {
  if (result.code !== 0) {
    throw new Error(
      `Exit code ${result.code}: ${result.stdout}\n${result.stderr}`,
    );
  }
  return result;
}

/** Answers what a failed command wrote to stderr; fails where the command succeeded or was silent. */
export function failure(result: Result, code = 1): string {
  if (result.code !== code || result.stderr.trim() === "") {
    throw new Error(
      `Expected exit code ${code} and a message, got ${result.code}: ${result.stdout}\n${result.stderr}`,
    );
  }
  return result.stderr.trim();
}

/** Waits until a check holds; fails after `limitMs`, longer on slow machines. */
export async function until(
  check: () => boolean,
  what: string,
  limitMs = 10_000,
): Promise<void> {
  const end = Date.now() + limitMs * SLOWNESS;
  while (!check()) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
}
