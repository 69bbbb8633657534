/**
 * A daemon that a test starts. It ends with the test's process, whatever becomes of that.
 *
 * @module
 */
import type { Box } from "./box.ts";
import { ok, until } from "./command.ts";
import { readIfPresent } from "./host.ts";

/**
 * Runs a command until the fifo behind descriptor 3 has no writer any more, then ends it: SIGTERM, and after some seconds
 * SIGKILL. The command has the test's mark, the shell has not: it is what would clean up.
 */
const KEEPER = `
mark=$1 log=$2 pid_file=$3
shift 3
NSINIT_TEST="$mark" "$@" </dev/null >"$log" 2>&1 3<&- &
daemon=$!
echo "$daemon" >"$pid_file.new" && mv "$pid_file.new" "$pid_file"
read -r _ <&3
kill -TERM "$daemon" 2>/dev/null
for _ in $(seq 300); do kill -0 "$daemon" 2>/dev/null || exit 0; sleep 0.1; done
kill -KILL "$daemon" 2>/dev/null
`;

/** A daemon that was started. */
export class Daemon {
  readonly pid: number;
  readonly #log: string;
  readonly #life: Deno.FsFile;

  /** One that runs, for as long as `life` is open. */
  constructor(pid: number, log: string, life: Deno.FsFile) {
    this.pid = pid;
    this.#log = log;
    this.#life = life;
  }

  /** Starts it. Its output goes to `name.log` in the box. */
  static async start(
    box: Box,
    name: string,
    argv: readonly string[],
  ): Promise<Daemon> {
    const path = `${box.dir}/${name}`;
    ok(await box.command(["mkfifo", `${path}.fifo`]));
    // Open for both, so that neither end waits for the other.
    const life = await Deno.open(`${path}.fifo`, { read: true, write: true });
    const script = 'exec 3<"$1"\nshift\nsetsid sh -c "$@" >/dev/null 2>&1 &';
    const { success } = await new Deno.Command("/bin/sh", {
      args: [
        "-c",
        script,
        "sh",
        `${path}.fifo`,
        KEEPER,
        "sh",
        `${box.mark}.`,
        `${path}.log`,
        `${path}.pid`,
        ...argv,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    if (!success) throw new Error(`Cannot start ${name}`);
    let pid = NaN;
    await until(() => {
      pid = Number(readIfPresent(`${path}.pid`) ?? NaN);
      return pid > 0;
    }, `the process of ${name}`);
    return new Daemon(pid, `${path}.log`, life);
  }

  /** What it wrote. */
  log(): string {
    return readIfPresent(this.#log) ?? "";
  }

  /** Whether it runs. A zombie does not. */
  isAlive(): boolean {
    const stat = readIfPresent(`/proc/${this.pid}/stat`);
    return stat !== undefined && !/\) [ZX] /.test(stat);
  }

  /** Waits until it is ready; fails with what it wrote if it ends before. */
  async ready(check: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + 60_000;
    while (!await check()) {
      if (!this.isAlive() || Date.now() > end) {
        throw new Error(`Not ready: ${this.log().slice(-2000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it, and waits for its end. */
  async stop(): Promise<void> {
    this.#life.close();
    await until(() => !this.isAlive(), `end of process ${this.pid}`, 40_000);
  }
}
