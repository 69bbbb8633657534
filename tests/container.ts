/**
 * One container of a test, worked through the executable's commands and
 * looked at from the host.
 *
 * @module
 */
import type { Bundle } from "./bundle.ts";
import { type CommandOptions, ok, type Result, until } from "./command.ts";
import { readIfPresent } from "./host.ts";
import { isObserved, observe } from "./observation.ts";
import { snapshot } from "./snapshot.ts";

/** What `state` prints. */
export interface State {
  ociVersion: string;
  id: string;
  pid: number;
  status: string;
  bundle: string;
  rootfs: string;
  created: string;
  annotations?: Record<string, string>;
  owner: string;
}

/** What a container needs of its box. */
export interface Runner {
  nsinit(args: string[], options?: CommandOptions): Promise<Result>;
}

/** A container that was created. */
export class Container {
  readonly id: string;
  readonly bundle: Bundle;
  /** File that receives the container's stdout. */
  readonly outFile: string;
  readonly #runner: Runner;
  readonly #pidFile: string;

  constructor(
    runner: Runner,
    options: { id: string; bundle: Bundle; outFile: string; pidFile: string },
  ) {
    this.#runner = runner;
    this.id = options.id;
    this.bundle = options.bundle;
    this.outFile = options.outFile;
    this.#pidFile = options.pidFile;
  }

  /** Runs `nsinit COMMAND ID [ARG…]`; it may fail. */
  try(command: string, ...args: string[]): Promise<Result> {
    return this.#runner.nsinit([command, this.id, ...args]);
  }

  async start(): Promise<void> {
    ok(await this.try("start"));
    // Another program may be anywhere; `sleep` comes to rest at once.
    if (isObserved() && this.bundle.spec.process.args[0] === "sleep") {
      const pid = await this.pid();
      await until(() => isAtRest(pid), `rest of process ${pid}`);
      observe("running", this.id, snapshot(pid, { program: true }));
    }
  }

  async state(): Promise<State> {
    return JSON.parse(ok(await this.try("state")).stdout);
  }

  /** The first process's id on the host, whether it lives or not. */
  async pid(): Promise<number> {
    return Number(await Deno.readTextFile(this.#pidFile));
  }

  /** Sends a signal and waits until the first process is gone. */
  async kill(signal = "KILL"): Promise<void> {
    const pid = await this.pid();
    ok(await this.try("kill", signal));
    await until(() => isGone(pid), `end of process ${pid}`);
  }

  async delete(): Promise<void> {
    ok(await this.try("delete"));
  }

  /** What the container has written to stdout so far. */
  output(): string {
    return Deno.readTextFileSync(this.outFile);
  }

  /** Waits until the container's output holds a text; answers all of it. */
  async outputWith(text: string): Promise<string> {
    await until(() => this.output().includes(text), `output of "${text}"`);
    return this.output();
  }

  /** Waits for the program's end; answers its output. */
  async finished(): Promise<string> {
    const pid = await this.pid();
    await until(() => isGone(pid), `end of process ${pid}`);
    return this.output();
  }
}

/** Whether a process waits for something, or has ended. */
export function isAtRest(pid: number): boolean {
  const stat = readIfPresent(`/proc/${pid}/stat`) ?? "";
  return isGone(pid) || stat.includes(") S ");
}

/** Whether a process has ended; a zombie has. */
export function isGone(pid: number): boolean {
  const stat = readIfPresent(`/proc/${pid}/stat`);
  return stat === undefined || /\) [ZX] /.test(stat);
}
