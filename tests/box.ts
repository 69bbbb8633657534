/**
 * The surroundings of one test: a directory, a state root, containers, and
 * their removal whatever happens.
 *
 * @module
 */
import { type Bundle, type Edit, makeBundle } from "./bundle.ts";
import {
  type CommandOptions,
  ok,
  type Result,
  type Running,
  spawn,
  until,
} from "./command.ts";
import { Container, isAtRest } from "./container.ts";
import { exists, NSINIT, readIfPresent } from "./host.ts";
import { INIT_FLAGS } from "./interpreter.ts";
import { findLeaks, mountPoints, type Traces } from "./leaks.ts";
import { isObserved, nameInCase, observe } from "./observation.ts";
import { snapshot } from "./snapshot.ts";

/** What one test works with. */
export class Box implements AsyncDisposable {
  /** The test's directory; all may enter it, so that mapped and other users can. */
  readonly dir: string;
  /** The runtime's --root. */
  readonly root: string;
  /** Part of each of this box's container ids. */
  readonly mark: string;
  readonly #mountsBefore: Set<string> = mountPoints();
  readonly #ids: string[] = [];
  readonly #mounts: string[] = [];
  readonly #commands: Running[] = [];
  #bundles = 0;

  constructor() {
    this.dir = Deno.makeTempDirSync({ prefix: "nsinit-test-" });
    Deno.chmodSync(this.dir, 0o755);
    this.root = `${this.dir}/state`;
    this.mark = `nst-${crypto.randomUUID().slice(0, 13)}`;
    nameInCase(this.dir, "<dir>");
    nameInCase(this.dir.replace(/^.*\//, ""), "<dir name>");
    nameInCase(this.mark, "<mark>");
  }

  /** A new container id; the container is deleted when the test ends. */
  newId(): string {
    const id = `${this.mark}-${this.#ids.length}`;
    this.#ids.push(id);
    return id;
  }

  /** A new bundle. */
  async bundle(edit?: Edit): Promise<Bundle> {
    const dir = `${this.dir}/bundle${this.#bundles++}`;
    await Deno.mkdir(dir);
    return await makeBundle(dir, edit);
  }

  /** Starts any command without waiting for it. */
  spawn(argv: string[], options: CommandOptions = {}): Running {
    const running = spawn(this.dir, argv, {
      ...options,
      env: { NSINIT_TEST: `${this.mark}.`, ...options.env },
    });
    if (isObserved()) this.#commands.push(running);
    return running;
  }

  /** Runs any command. */
  command(argv: string[], options: CommandOptions = {}): Promise<Result> {
    return this.spawn(argv, options).result();
  }

  /** The executable's command line, with this box's --root. */
  argv(...args: string[]): string[] {
    const flags = args.includes("--init") ? [] : INIT_FLAGS;
    return [NSINIT, "--root", this.root, ...flags, ...args];
  }

  /** Runs the executable with this box's --root. */
  nsinit(args: string[], options: CommandOptions = {}): Promise<Result> {
    return this.command(this.argv(...args), options);
  }

  /** Runs a shell script as a container in the foreground. */
  async sh(
    script: string,
    edit?: Edit,
    options: CommandOptions & { flags?: string[] } = {},
  ): Promise<Result> {
    const bundle = await this.bundle((spec, bundle) => {
      spec.process.args = ["sh", "-c", script];
      edit?.(spec, bundle);
    });
    const flags = options.flags ?? [];
    return await this.nsinit(
      ["run", "--bundle", bundle.dir, ...flags, this.newId()],
      options,
    );
  }

  /** Like `sh`, for a script that must succeed: answers what it wrote, without the last newline. */
  async out(
    script: string,
    edit?: Edit,
    options: CommandOptions & { flags?: string[] } = {},
  ): Promise<string> {
    const result = ok(await this.sh(script, edit, options));
    return result.stdout.replace(/\n$/, "");
  }

  /** Creates a container; its program sleeps unless the edit says otherwise. */
  async create(
    edit?: Edit,
    options: CommandOptions & { flags?: string[] } = {},
  ): Promise<Container> {
    const bundle = await this.bundle((spec, bundle) => {
      spec.process.args = ["sleep", "1000"];
      edit?.(spec, bundle);
    });
    const id = this.newId();
    const flags = options.flags ?? [];
    const pidFile = `${bundle.dir}/pid`;
    const { outFile } = ok(
      await this.nsinit(
        [
          "create",
          "--bundle",
          bundle.dir,
          "--pid-file",
          pidFile,
          ...flags,
          id,
        ],
        options,
      ),
    );
    const container = new Container(this, { id, bundle, outFile, pidFile });
    if (isObserved()) {
      const pid = await container.pid();
      // The last thing that init says is that it will wait: what it does behind that takes a moment.
      await until(() => isAtRest(pid), `rest of process ${pid}`);
      observe("created", id, snapshot(pid, { program: false }));
    }
    return container;
  }

  /** Creates and starts a container. */
  async start(
    edit?: Edit,
    options: CommandOptions & { flags?: string[] } = {},
  ): Promise<Container> {
    const container = await this.create(edit, options);
    await container.start();
    return container;
  }

  /** Makes a directory of the test and mounts something on it; unmounted when the test ends. */
  async hostMount(
    name: string,
    type: string,
    options: string,
  ): Promise<string> {
    const dir = `${this.dir}/${name}`;
    await Deno.mkdir(dir, { recursive: true });
    ok(
      await this.command(["mount", "-t", type, "-o", options, type, dir]),
    );
    this.#mounts.push(dir);
    return dir;
  }

  /** What this test has left so far, apart from containers that still exist. */
  leaks(): string[] {
    return findLeaks(this.#traces()).map((leak) => leak.what);
  }

  #traces(): Traces {
    const { mark, dir, root } = this;
    const mountsBefore = this.#mountsBefore.union(new Set(this.#mounts));
    return { mark, dir, root, mountsBefore };
  }

  /** Deletes the containers, then reports and removes whatever is still there. */
  async close(): Promise<string[]> {
    this.#observeCommands();
    const present = this.#ids.filter((id) => exists(`${this.root}/${id}`));
    await Promise.all(
      present.map((id) => this.#deleteAsOwner(id)),
    );
    for (let dir = this.#mounts.pop(); dir; dir = this.#mounts.pop()) {
      await this.command(["umount", dir]);
    }
    let remains: string[] = [];
    // A process that was just killed takes a moment to go.
    await until(() => (remains = this.leaks()).length === 0, "clean-up", 2_000)
      .catch(() => {});
    await this.#sweep();
    return remains;
  }

  /** Another user's containers are that user's alone. */
  #deleteAsOwner(id: string): Promise<Result> {
    const { uid, gid } = Deno.lstatSync(`${this.root}/${id}`);
    const argv = this.argv("delete", "--force", id);
    if (uid === Deno.uid()) return this.command(argv);
    const user = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
    return this.command(["setpriv", ...user, ...argv]);
  }

  /** Commands are observed last: what was started by one may have written to its output long after its end. */
  #observeCommands(): void {
    for (const { argv, exitCode, outFile, errFile } of this.#commands) {
      if (!argv.some((word) => word.includes(NSINIT))) continue;
      observe("command", argv.join(" "), {
        "exit code": `${exitCode() ?? "none"}`,
        stdout: readIfPresent(outFile) ?? "unreadable",
        stderr: readIfPresent(errFile) ?? "unreadable",
      });
    }
  }

  async #sweep(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      for (const leak of findLeaks(this.#traces())) {
        try {
          leak.remove();
        } catch {
          // The next round tries again; the leak is reported in any case.
        }
      }
    }
    if (exists(this.dir)) await Deno.remove(this.dir, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
