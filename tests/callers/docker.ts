/**
 * Docker, for the tests of callers: a daemon with sockets and folders in the box, both runtimes, and an image of busybox.
 *
 * @module
 */
import type { Box } from "../box.ts";
import type { CallerCase, CallerHost, CallerRuntime } from "../caller.ts";
import { type CommandOptions, ok, type Result } from "../command.ts";
import { Daemon } from "../daemon.ts";
import { hierarchies, NSINIT } from "../host.ts";
import { INIT_FLAGS } from "../interpreter.ts";
import { makeImageArchive } from "./image.ts";
import { plain, type Seen, seen } from "./seen.ts";
import { converse, type Turn } from "./typed.ts";

/** The image: busybox, a user with groups, and two files that are no programs. */
export const IMAGE = "busybox";

/** Why cases with all capabilities are optional. */
export const NEEDS_CAPABILITIES =
  "runc refuses capabilities that it lacks itself, as on some machines";

/** Fails where capabilities could not be granted. */
export function granted(seen: Seen): Seen {
  const text = `${seen.out}\n${seen.err}`;
  if (text.includes("unable to apply caps")) throw new Error(text.trim());
  return seen;
}

/** What Docker's client adds to an error, by its version, and sometimes only. */
const OF_THE_CLIENT = new RegExp(
  "\\n+(See|Run) 'docker run --help'.*" +
    '|^time=\\S+ level=error msg="error waiting for container: context canceled"',
  "gm",
);

/** Makes a case whose containers are removed at its end. */
export function dockerCase(
  name: string,
  run: CallerCase<Docker>["run"],
  options: Pick<CallerCase<Docker>, "optional"> = {},
): CallerCase<Docker> {
  return {
    name,
    ...options,
    async run(docker) {
      try {
        return await run(docker);
      } finally {
        await docker.removeAll();
      }
    },
  };
}

/** What a case works with: the command line program, with the runtime it is to ask for. */
export class Docker {
  /** What its containers run with. */
  readonly runtime: CallerRuntime;
  readonly #box: Box;
  readonly #socket: string;
  /** Part of this driver's names alone. */
  readonly #mark: string;
  readonly #names: string[] = [];
  readonly #volumes: string[] = [];

  /** For the containers of one case. */
  constructor(box: Box, socket: string, runtime: CallerRuntime) {
    this.runtime = runtime;
    this.#box = box;
    this.#socket = socket;
    this.#mark = `${box.mark}-${crypto.randomUUID().slice(0, 8)}`;
  }

  /** A folder of this case on the host. */
  async folder(): Promise<string> {
    const dir = `${this.#box.dir}/${this.#mark}`;
    await Deno.mkdir(dir, { recursive: true });
    return dir;
  }

  /** The cgroup of all containers. */
  get parent(): string {
    return this.#box.mark;
  }

  /** A new name for a container, which is removed at the end of the case. */
  name(): string {
    const name = `${this.#mark}-${this.#names.length}`;
    this.#names.push(name);
    return name;
  }

  /** A new name for a volume, which is removed at the end of the case. */
  volume(): string {
    const name = `${this.#mark}-volume-${this.#volumes.length}`;
    this.#volumes.push(name);
    return name;
  }

  /** A command line of `docker`. */
  argv(...args: string[]): string[] {
    return ["docker", "-H", `unix://${this.#socket}`, ...args];
  }

  /** Runs `docker`. */
  async docker(args: string[], options: CommandOptions = {}): Promise<Seen> {
    return this.seen(await this.#box.command(this.argv(...args), options));
  }

  /** Runs `docker` with its streams on a terminal of 91 columns and 37 rows. */
  async terminal(args: string[], turns: readonly Turn[]): Promise<Seen> {
    return this.seen(await converse(this.#box, this.argv(...args), turns));
  }

  /** Runs `docker`, which must succeed; answers what it wrote. */
  async ok(...args: string[]): Promise<string> {
    const result = ok(await this.#box.command(this.argv(...args)));
    return this.seen(result).out;
  }

  /** The flags of a new container, `docker create` or `docker run`. */
  flags(name: string, flags: readonly string[]): string[] {
    return ["--runtime", this.runtime.name, "--name", name, ...flags];
  }

  /** `docker run --rm`: what was shown. */
  run(
    flags: readonly string[],
    argv: readonly string[],
    options: CommandOptions = {},
  ): Promise<Seen> {
    const all = this.flags(this.name(), ["--rm", ...flags]);
    return this.docker(["run", ...all, IMAGE, ...argv], options);
  }

  /** `docker run --rm` with a shell script. */
  sh(flags: readonly string[], script: string): Promise<Seen> {
    return this.run(flags, ["sh", "-c", script]);
  }

  /** `docker run -d`, which must succeed; a script that sleeps if none is given. Answers the name. */
  async start(
    flags: readonly string[] = [],
    script = "exec sleep 1000",
  ): Promise<string> {
    const name = this.name();
    const all = this.flags(name, ["-d", ...flags]);
    await this.ok("run", ...all, IMAGE, "sh", "-c", script);
    return name;
  }

  /** `docker exec` with a shell script. */
  exec(
    name: string,
    flags: readonly string[],
    script: string,
  ): Promise<Seen> {
    return this.docker(["exec", ...flags, name, "sh", "-c", script]);
  }

  /** One value of `docker inspect`, by a Go template. */
  inspect(name: string, template: string): Promise<string> {
    return this.ok("inspect", "--format", template, name);
  }

  /** Asks `docker inspect` until a value is as wanted. */
  async awaits(name: string, template: string, wanted: string): Promise<void> {
    const end = Date.now() + 50_000;
    for (;;) {
      const value = await this.inspect(name, template);
      if (value === wanted) return;
      if (Date.now() > end) {
        throw new Error(`${template} is ${value}, and not ${wanted}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Starts `docker` and leaves it running. */
  spawn(args: string[]): ReturnType<Box["spawn"]> {
    return this.#box.spawn(this.argv(...args));
  }

  /** The same with a fifo, which is made, as its input. */
  async spawnReading(
    fifo: string,
    args: string[],
  ): Promise<ReturnType<Box["spawn"]>> {
    ok(await this.#box.command(["mkfifo", fifo]));
    const script = 'exec "$@" <"$0"';
    return this.#box.spawn(["sh", "-c", script, fifo, ...this.argv(...args)]);
  }

  /** A result without what differs from run to run, or between the runtimes by their names. */
  seen(result: Result): Seen {
    const { exit, out, err } = seen(result, this.#replacements());
    return { exit, out, err: err.replace(OF_THE_CLIENT, "").trim() };
  }

  /** The same for a text. */
  plain(text: string): string {
    return plain(text, this.#replacements());
  }

  #replacements(): (readonly [string, string])[] {
    return [
      [this.#mark, "<mark>"],
      [this.#box.dir, "<dir>"],
      [this.#box.mark, "<box>"],
      [this.runtime.path, "<runtime>"],
      [`${this.runtime.name} create failed`, "<runtime> create failed"],
      // The words of newer versions of runc.
      ["error during container init: ", ""],
    ];
  }

  /** Removes the case's containers and volumes. */
  async removeAll(): Promise<void> {
    if (this.#names.length > 0) {
      await this.docker(["rm", "-f", "-v", ...this.#names.splice(0)]);
    }
    if (this.#volumes.length > 0) {
      await this.docker(["volume", "rm", "-f", ...this.#volumes.splice(0)]);
    }
  }
}

/** Starts the daemon, with a containerd of its own, and makes the image. */
export async function openDocker(box: Box): Promise<CallerHost<Docker>> {
  const socket = `${box.dir}/docker.sock`;
  const config = `${box.dir}/daemon.json`;
  await Deno.writeTextFile(config, JSON.stringify(daemonConfig(box, socket)));
  const argv = ["dockerd", "--config-file", config];
  const daemon = await Daemon.start(box, "dockerd", argv);
  const close = async (): Promise<void> => {
    const all = ["ps", "-aq"];
    const command = (args: string[]) =>
      box.command(["docker", "-H", `unix://${socket}`, ...args]);
    const ids = (await command(all)).stdout.split("\n").filter(Boolean);
    if (ids.length > 0) await command(["rm", "-f", "-v", ...ids]);
    await daemon.stop();
    // The daemon's own remains: its network namespace, and the cgroup that it was told to use.
    await box.command(["umount", `${box.dir}/exec/netns/default`]);
    for (const { mountPoint } of hierarchies()) {
      for (const path of [`${box.mark}/below`, box.mark]) {
        removeIfEmpty(`${mountPoint}/${path}`);
      }
    }
  };
  try {
    await daemon.ready(async () =>
      (await box.command(["docker", "-H", `unix://${socket}`, "version"]))
        .code === 0
    );
    await makeImage(box, socket);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    driver: (runtime) => new Docker(box, socket, runtime),
    close,
  };
}

/** Removes a cgroup that is not in use; one that is, is left for the box to find. */
function removeIfEmpty(cgroup: string): void {
  try {
    Deno.removeSync(cgroup);
  } catch {
    // not there, or in use
  }
}

/** No bridge and no packet filter, for the machine need not have one. */
function daemonConfig(box: Box, socket: string): Record<string, unknown> {
  const args = INIT_FLAGS.length > 0 ? { runtimeArgs: INIT_FLAGS } : {};
  return {
    runtimes: { nsinit: { path: NSINIT, ...args } },
    hosts: [`unix://${socket}`],
    "data-root": `${box.dir}/data`,
    "exec-root": `${box.dir}/exec`,
    pidfile: `${box.dir}/docker.pid`,
    "cgroup-parent": `/${box.mark}`,
    "storage-driver": "vfs",
    iptables: false,
    ip6tables: false,
    bridge: "none",
  };
}

async function makeImage(box: Box, socket: string): Promise<void> {
  const archive = await makeImageArchive(box);
  const change = ["--change", "ENV KIND=image"];
  const argv = ["docker", "-H", `unix://${socket}`, "import", ...change];
  ok(await box.command([...argv, archive, IMAGE]));
}
