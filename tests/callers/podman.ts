/**
 * Podman on folders of its own, as the tests of callers drive it: one store, one runtime, an image of busybox.
 *
 * @module
 */
import type { Box } from "../box.ts";
import type { CallerRuntime } from "../caller.ts";
import { type CommandOptions, ok, type Result, until } from "../command.ts";
import { processes, readIfPresent } from "../host.ts";
import type { User } from "../rootless.ts";
import { limitsOf, removeEmpty, removePodCgroups } from "./limits.ts";
import { plain, type Seen, seen } from "./seen.ts";
import { converse, hear, heard, type Turn, withoutPrompts } from "./typed.ts";

const CGROUPS = "/sys/fs/cgroup";

/** The image in each store. */
export const IMAGE = "localhost/box:latest";

/** Podman with one store and one runtime, as root or as a user. */
export class Podman {
  readonly box: Box;
  readonly runtime: CallerRuntime;
  /** Everything of this store. */
  readonly dir: string;
  readonly #archive: string;
  readonly #user: User | undefined;
  #opened: Promise<void> | undefined;

  /** One whose image is made of a tar archive. */
  constructor(box: Box, runtime: CallerRuntime, archive: string, user?: User) {
    this.box = box;
    this.runtime = runtime;
    this.#archive = archive;
    this.#user = user;
    // Podman takes 50 characters for its run root, and a user's has 11 more than this.
    const place = user === undefined ? "r" : "u";
    this.dir = `${box.dir}/${place}${runtime.name.charAt(0)}`;
  }

  /** Makes the folders and the configuration, and imports the image. */
  async #open(): Promise<void> {
    for (const name of ["", "/home", "/files"]) {
      await Deno.mkdir(this.dir + name, { mode: 0o755 });
      if (this.#user !== undefined) {
        await Deno.chown(this.dir + name, this.#user.uid, this.#user.gid);
      }
    }
    await Deno.writeTextFile(`${this.dir}/containers.conf`, this.#engine());
    await Deno.writeTextFile(
      `${this.dir}/storage.conf`,
      `[storage]
driver = "vfs"
graphroot = "${this.dir}/store"
runroot = "${this.dir}/run"
[storage.options]
root-auto-userns-user = "nsinit-test"
`,
    );
    const changes = [
      'CMD ["/bin/pause"]',
      "ENV PATH=/bin",
      "ENV FROM_IMAGE=yes",
    ]
      .flatMap((change) => ["--change", change]);
    const argv = this.argv(["import", "-q", ...changes, this.#archive, IMAGE]);
    ok(await this.#command(argv));
  }

  /** The configuration of docs/callers.md, and what keeps this store apart from others. */
  #engine(): string {
    return `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
cgroups = "no-conmon"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
events_logfile_path = "${this.dir}/events"
infra_image = "${IMAGE}"
lock_type = "file"
tmp_dir = "${this.dir}/libpod"
runtime = "${this.runtime.name}"
runtime_supports_json = ["${this.runtime.name}"]
[engine.runtimes]
${this.runtime.name} = ["${this.runtime.path}"]
[network]
network_backend = "cni"
network_config_dir = "${this.dir}/networks"
`;
  }

  #setting(): CommandOptions {
    return {
      cwd: this.dir,
      env: {
        CONTAINERS_CONF: `${this.dir}/containers.conf`,
        CONTAINERS_STORAGE_CONF: `${this.dir}/storage.conf`,
        HOME: `${this.dir}/home`,
        XDG_RUNTIME_DIR: this.dir,
      },
      ...(this.#user === undefined ? {} : { as: this.#user }),
    };
  }

  /** The cgroup that root's containers are below. */
  get cgroup(): string {
    return `/${this.box.mark}-${this.runtime.name}`;
  }

  /** The command line. */
  argv(args: readonly string[]): string[] {
    return ["podman", "--log-level", "error", ...args];
  }

  /** Runs it and answers what it wrote as it is. */
  raw(args: readonly string[], options?: CommandOptions): Promise<Result> {
    return this.#run(this.argv(args), options);
  }

  async #run(argv: string[], options?: CommandOptions): Promise<Result> {
    await (this.#opened ??= this.#open());
    return await this.#command(argv, options);
  }

  #command(argv: string[], options: CommandOptions = {}): Promise<Result> {
    return this.box.command(argv, { ...this.#setting(), ...options });
  }

  /** Runs it to success; answers its output without the last newline. */
  async ok(args: readonly string[], options?: CommandOptions): Promise<string> {
    return this.plain(ok(await this.raw(args, options)).stdout);
  }

  /** Runs it, whatever it comes to. */
  async seen(args: readonly string[], options?: CommandOptions): Promise<Seen> {
    return seen(await this.raw(args, options), this.#names());
  }

  /** Runs it on a terminal, where a person types. */
  async terminal(args: readonly string[], ...turns: Turn[]): Promise<Seen> {
    await (this.#opened ??= this.#open());
    const argv = this.argv(args);
    const result = await converse(this.box, argv, turns, this.#setting());
    const stdout = withoutPrompts(result.stdout);
    return seen({ ...result, stdout }, this.#names());
  }

  /** The beginning of a `run` or `create`: without a network, and in a cgroup of the test's, if no flag says otherwise. */
  verb(verb: "run" | "create", flags: readonly string[]): string[] {
    const has = (name: string) => flags.some((flag) => flag.startsWith(name));
    const isInPod = has("--pod");
    return [
      verb,
      ...isInPod || this.#user ? [] : ["--cgroup-parent", this.cgroup],
      ...isInPod || has("--network") ? [] : ["--network=none"],
      ...flags,
      IMAGE,
    ];
  }

  /** Runs a program in a container that is removed behind it. */
  run(program: readonly string[], ...flags: string[]): Promise<Seen> {
    return this.seen([...this.verb("run", ["--rm", ...flags]), ...program]);
  }

  /** Runs a script in a container that is removed behind it. */
  sh(script: string, ...flags: string[]): Promise<Seen> {
    return this.hear(this.verb("run", ["--rm", "-i", ...flags]), script);
  }

  /** Runs a script in a container that is there. */
  exec(name: string, script: string, ...flags: string[]): Promise<Seen> {
    return this.hear(["exec", "-i", ...flags, name], script);
  }

  /**
   * Runs a {@linkcode heard} script by arguments that it is added to: on a busy machine Podman may end before all that a
   * program wrote has come, with any runtime.
   */
  async hear(
    args: readonly string[],
    script: string,
    stdin = "",
  ): Promise<Seen> {
    await (this.#opened ??= this.#open());
    const argv = this.argv([...args, "sh", "-c", heard(script)]);
    const options = { ...this.#setting(), stdin };
    return seen(await hear(this.box, argv, options), this.#names());
  }

  /** Starts a script in the background; `--name` is in the flags. */
  async start(script: string, ...flags: string[]): Promise<void> {
    const verb = this.verb("run", ["-d", ...flags]);
    await this.ok([...verb, "sh", "-c", script]);
  }

  /** A value of a container, by a Go template. */
  inspect(name: string, template: string): Promise<string> {
    return this.ok(["inspect", "--format", template, name]);
  }

  /** Waits for a container's end; answers its exit code. */
  wait(name: string): Promise<string> {
    return this.ok(["wait", name]);
  }

  /** The limits in the cgroup of a container that runs. */
  async limits(name: string): Promise<Record<string, string>> {
    return limitsOf(Number(await this.inspect(name, "{{.State.Pid}}")));
  }

  /** Writes a file of the store's on the host; answers its path. */
  async file(name: string, text: string): Promise<string> {
    await (this.#opened ??= this.#open());
    const path = `${this.dir}/files/${name}`;
    await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(path, text);
    return path;
  }

  /** Asks again until the answer is right; fails with the last one. */
  async awaits(
    ask: () => Promise<string>,
    isRight: (answer: string) => boolean,
  ): Promise<string> {
    const end = Date.now() + 30_000;
    for (;;) {
      const answer = await ask();
      if (isRight(answer)) return answer;
      if (Date.now() > end) throw new Error(`Waited in vain: ${answer}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Removes a container, also one that runs. */
  async remove(...names: string[]): Promise<void> {
    await this.ok(["rm", "--force", "--time=0", ...names]);
  }

  /** A text without ids and folders, and without the runtime's name. */
  plain(text: string): string {
    return plain(text, this.#names());
  }

  #names(): (readonly [string, string])[] {
    return [
      [this.runtime.path, "<runtime>"],
      [this.cgroup, "<cgroup>"],
      [this.dir, "<store>"],
      [`"${this.runtime.name}"`, '"<runtime>"'],
      [`${this.runtime.name}: `, "<runtime>: "],
    ];
  }

  /** Removes all pods and containers, and what Podman leaves by its nature: a user's pause process, cgroups of conmon. */
  async close(): Promise<void> {
    if (this.#opened === undefined) return;
    try {
      await this.ok(["pod", "rm", "--all", "--force", "--time=0"]);
      await this.ok(["rm", "--all", "--force", "--time=0"]);
      await this.ok(["volume", "prune", "--force"]);
      if (this.#user !== undefined) await this.ok(["system", "migrate"]);
      await until(() => this.#processes().length === 0, "end of conmon");
    } finally {
      for (const pid of this.#processes()) Deno.kill(pid, "SIGKILL");
      for (const { name } of Deno.readDirSync(CGROUPS)) {
        removePodCgroups(`${CGROUPS}/${name}${this.cgroup}`);
        removeEmpty(`${CGROUPS}/${name}/libpod_parent`);
        // Podman makes a folder for each controller of v1 that it knows, also where there is no hierarchy.
        removeEmpty(`${CGROUPS}/${name}`);
      }
    }
  }

  /** Processes of Podman and conmon for this store. */
  #processes(): number[] {
    return processes().filter((pid) =>
      readIfPresent(`/proc/${pid}/cmdline`)?.includes(`${this.dir}/`)
    );
  }
}

/** The end of an error message, which is Podman's own; what stands before is the runtime's. */
export function verdict({ exit, err }: Seen): { exit: number; err: string } {
  return { exit, err: err.split("\n").at(-1)?.split(": ").at(-1) ?? "" };
}
