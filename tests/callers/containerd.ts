/**
 * ctr, as the tests of callers drive it: a namespace of containerd for each runtime, with an image of busybox.
 *
 * @module
 */
import type { Box } from "../box.ts";
import type { CallerRuntime } from "../caller.ts";
import { type CommandOptions, ok, type Result } from "../command.ts";
import { hierarchies } from "../host.ts";
import { limitsOf, removeEmpty } from "./limits.ts";
import { plain, type Seen, seen } from "./seen.ts";
import { converse, hear, heard, type Turn, withoutPrompts } from "./typed.ts";

/** The image in each namespace. */
export const IMAGE = "docker.io/library/box:latest";

/** A snapshotter that needs no file system of a kind. */
const SETTING: CommandOptions = { env: { CONTAINERD_SNAPSHOTTER: "native" } };

/** What the runtimes have in common. */
export interface CtrHost {
  /** Where the daemon listens. */
  readonly socket: string;
  /** Root file system of the image. */
  readonly rootfs: string;
  /** The image. */
  readonly archive: string;
}

/** ctr with one namespace and one runtime. */
export class Ctr {
  readonly box: Box;
  readonly runtime: CallerRuntime;
  /** Root file system of the image. */
  readonly rootfs: string;
  /** Namespace of containerd, and the cgroup that its containers are below. */
  readonly namespace: string;
  /** Files of this namespace's cases. */
  readonly dir: string;
  readonly #host: CtrHost;
  #opened: Promise<void> | undefined;

  constructor(box: Box, runtime: CallerRuntime, host: CtrHost) {
    this.box = box;
    this.runtime = runtime;
    this.#host = host;
    this.rootfs = host.rootfs;
    this.namespace = `${box.mark}-${runtime.name}`;
    this.dir = `${box.dir}/${runtime.name}`;
  }

  /** The command line. */
  argv(args: readonly string[]): string[] {
    return ["ctr", "-a", this.#host.socket, "-n", this.namespace, ...args];
  }

  /** Runs it and answers what it wrote as it is. */
  raw(args: readonly string[], options: CommandOptions = {}): Promise<Result> {
    return this.#command(this.argv(args), options);
  }

  async #command(argv: string[], options: CommandOptions): Promise<Result> {
    await (this.#opened ??= this.#open());
    return await this.box.command(argv, { ...SETTING, ...options });
  }

  async #open(): Promise<void> {
    await Deno.mkdir(this.dir);
    const argv = this.argv(["image", "import", this.#host.archive]);
    ok(await this.box.command(argv, SETTING));
  }

  /** Runs it to success; answers its output without the last newline. */
  async ok(args: readonly string[], options?: CommandOptions): Promise<string> {
    return this.plain(ok(await this.raw(args, options)).stdout);
  }

  /** Runs it, whatever it comes to. */
  async seen(args: readonly string[], options?: CommandOptions): Promise<Seen> {
    const found = seen(await this.raw(args, options), this.#names());
    return { ...found, err: found.err.replaceAll(/time="[^"]*" /g, "") };
  }

  /** Runs it on a terminal, where a person types. */
  async terminal(args: readonly string[], ...turns: Turn[]): Promise<Seen> {
    await (this.#opened ??= this.#open());
    const result = await converse(this.box, this.argv(args), turns, SETTING);
    // ctr may hear of the window when the container has ended: it says so, and goes on.
    const stdout = withoutPrompts(result.stdout)
      .replaceAll(/.*resize pty.*\n/g, "");
    return seen({ ...result, stdout }, this.#names());
  }

  /** Flags that choose the runtime. */
  get binary(): string[] {
    return [
      ...["--runtime=io.containerd.runc.v2", "--runc-binary"],
      ...[this.runtime.path, "--runc-root", `${this.dir}/state`],
      ...["--fifo-dir", `${this.dir}/fifos`],
    ];
  }

  /** Runs a script in a container that is removed behind it. */
  sh(id: string, script: string, ...flags: string[]): Promise<Seen> {
    const program = ["sh", "-c", heard(script)];
    return this.hear(this.#runArgs(id, program, flags));
  }

  /** Runs a script by `ctr task exec`. */
  execSh(id: string, script: string, ...flags: string[]): Promise<Seen> {
    const program = ["sh", "-c", heard(script)];
    return this.hear(this.execArgs(id, program, ...flags));
  }

  /** Runs it with a {@linkcode heard} script: ctr does not wait for what a program wrote when it has ended. */
  async hear(args: readonly string[], stdin = ""): Promise<Seen> {
    await (this.#opened ??= this.#open());
    const options = { ...SETTING, stdin };
    return seen(await hear(this.box, this.argv(args), options), this.#names());
  }

  /** Runs a program in a container that is removed behind it. */
  run(
    id: string,
    program: readonly string[],
    ...flags: string[]
  ): Promise<Seen> {
    return this.seen(this.#runArgs(id, program, flags));
  }

  #runArgs(
    id: string,
    program: readonly string[],
    flags: readonly string[],
  ): string[] {
    return ["run", "--rm", ...this.binary, ...flags, IMAGE, id, ...program];
  }

  /** Starts a script in the background. */
  async start(id: string, script: string, ...flags: string[]): Promise<void> {
    await this.ok([
      ...["run", "-d", ...this.binary, "--null-io", ...flags, IMAGE, id],
      ...["sh", "-c", script],
    ]);
  }

  /** Runs `ctr task exec`. */
  exec(
    id: string,
    program: readonly string[],
    ...flags: string[]
  ): Promise<Seen> {
    return this.seen(this.execArgs(id, program, ...flags));
  }

  /** The arguments of `ctr task exec`. */
  execArgs(
    id: string,
    program: readonly string[],
    ...flags: string[]
  ): string[] {
    const name = `exec-${crypto.randomUUID().slice(0, 8)}`;
    const own = ["--exec-id", name, "--fifo-dir", `${this.dir}/fifos`];
    return ["task", "exec", ...own, ...flags, id, ...program];
  }

  /** What `ctr task ls` says of a container; empty where it has no task. */
  async status(id: string): Promise<string> {
    const lines = (await this.ok(["task", "ls"])).split("\n");
    return lines.map((line) => line.split(/\s+/)).find(([name]) => name === id)
      ?.[2] ?? "";
  }

  /** Waits until a container has a status. */
  async awaits(id: string, wanted: string): Promise<string> {
    const end = Date.now() + 30_000;
    for (;;) {
      const status = await this.status(id);
      if (status === wanted) return status;
      if (Date.now() > end) throw new Error(`${id} is ${status || "gone"}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The first process of a container. */
  async pid(id: string): Promise<number> {
    const lines = (await this.raw(["task", "ls"])).stdout.split("\n");
    const line = lines.find((line) => line.startsWith(`${id} `));
    return Number(line?.split(/\s+/)[1]);
  }

  /** Where a container's shim listens: in /run/containerd, wherever the daemon has its folders. */
  async shimSocket(id: string): Promise<string> {
    const tasks = `${this.box.dir}/run/io.containerd.runtime.v2.task`;
    const file = `${tasks}/${this.namespace}/${id}/address`;
    return (await Deno.readTextFile(file)).replace("unix://", "");
  }

  /** The limits in a container's cgroup. */
  async limits(id: string): Promise<Record<string, string>> {
    return limitsOf(await this.pid(id));
  }

  /** Ends and removes containers. */
  async remove(...ids: string[]): Promise<void> {
    for (const id of ids) {
      await this.raw(["task", "delete", "--force", id]);
      await this.ok(["container", "rm", id]);
    }
  }

  /** A text without ids and folders, and without the runtime's name. */
  plain(text: string): string {
    return plain(text, this.#names());
  }

  #names(): (readonly [string, string])[] {
    return [
      [this.runtime.path, "<runtime>"],
      [this.dir, "<dir>"],
      [this.namespace, "<namespace>"],
    ];
  }

  /** Removes what is there, and empty folders, which containerd leaves. */
  async close(): Promise<void> {
    if (this.#opened === undefined) return;
    try {
      const ids = (await this.ok(["container", "ls", "-q"])).split("\n");
      await this.remove(...ids.filter((id) => id !== ""));
    } finally {
      // The shim makes its usual root as well when a container can't be made.
      removeEmpty(`/run/containerd/runc/${this.namespace}`);
      for (const { mountPoint } of hierarchies()) {
        removeEmpty(`${mountPoint}/${this.namespace}`);
      }
    }
  }
}
