/**
 * A person's terminal: tmux(1), in which keys are typed and whose screen is
 * read.
 *
 * @module
 */
import type { Box } from "./box.ts";
import { ok, type Result } from "./command.ts";
import { SLOWNESS } from "./host.ts";

/** The size of a window, in characters. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

const SIZE: ScreenSize = { columns: 80, rows: 24 };
let serial = 0;

/** A server of its own, with windows that each run a program. */
export class Tmux implements AsyncDisposable {
  readonly #box: Box;
  readonly #socket: string;
  readonly #config: string;
  #isRunning = false;

  constructor(box: Box) {
    this.#box = box;
    this.#socket = `${box.dir}/tmux.${serial}`;
    this.#config = `${box.dir}/tmux.conf.${serial++}`;
    Deno.writeTextFileSync(this.#config, "set -g status off\n");
  }

  /**
   * Opens a window in which a shell runs a script, and stays when that has ended. tmux may miss the last lines of a
   * program that ends: it looks whether there are some, which another thread of the kernel has still to hand over.
   */
  async open(
    script: string,
    { name = "main", size = SIZE }: { name?: string; size?: ScreenSize } = {},
  ): Promise<void> {
    const file = `${this.#box.dir}/tmux.${name}.sh`;
    await Deno.writeTextFile(file, `${script}\nexec sleep 1000\n`);
    const { columns, rows } = size;
    await this.#command(
      "new-session",
      ...["-d", "-s", name, "-x", `${columns}`, "-y", `${rows}`],
      `exec sh '${file}'`,
    );
    this.#isRunning = true;
  }

  /** Types a text as it stands. */
  async type(text: string, name = "main"): Promise<void> {
    await this.#command("send-keys", "-t", name, "-l", text);
  }

  /** Presses keys by their names, such as `Enter` or `C-c`. */
  async press(key: string, name = "main"): Promise<void> {
    await this.#command("send-keys", "-t", name, key);
  }

  /** Types a line. */
  async line(text: string, name = "main"): Promise<void> {
    await this.type(text, name);
    await this.press("Enter", name);
  }

  /** What the screen shows: its lines, without blanks at their ends and empty lines at its end. */
  async screen(name = "main"): Promise<string> {
    const { stdout } = await this.#command(
      ...["capture-pane", "-p", "-J", "-t", name],
    );
    return stdout.replace(/[ \t]+$/gm, "").replace(/\n+$/, "");
  }

  /** Waits until the screen shows what is looked for; answers all of it. */
  async shows(pattern: RegExp, name = "main"): Promise<string> {
    const end = Date.now() + 20_000 * SLOWNESS;
    for (;;) {
      const screen = await this.screen(name);
      if (pattern.test(screen)) return screen;
      if (Date.now() > end) {
        throw new Error(`Waited in vain for ${pattern} on:\n${screen}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  /** Makes a window larger or smaller. */
  async resize({ columns, rows }: ScreenSize, name = "main"): Promise<void> {
    await this.#command(
      ...["resize-window", "-t", name, "-x", `${columns}`, "-y", `${rows}`],
    );
  }

  /** Closes a window; its programs get SIGHUP. */
  async closeWindow(name = "main"): Promise<void> {
    await this.#command("kill-session", "-t", name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isRunning) return;
    // It may have ended with its last window.
    await this.#try("kill-server");
  }

  async #command(...args: string[]): Promise<Result> {
    return ok(await this.#try(...args));
  }

  #try(...args: string[]): Promise<Result> {
    const argv = ["tmux", "-S", this.#socket, "-f", this.#config, ...args];
    const env = { LC_ALL: "C.UTF-8", TERM: "xterm" };
    return this.#box.command(argv, { env });
  }
}

/** Quotes a command line for sh. */
export function quoted(argv: readonly string[]): string {
  return argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}
