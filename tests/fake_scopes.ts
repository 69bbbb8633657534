/**
 * A systemd for tests where none runs: it answers on D-Bus, and what it would do to cgroups it does. The executable is
 * made to believe that the machine was booted by it.
 *
 * @module
 */
import { FakeSystemd } from "../lib/cgroups/systemd/testdata/fake_systemd.ts";
import type {
  FakeCall,
  Whims,
} from "../lib/cgroups/systemd/testdata/fake_systemd.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import type { CommandOptions, Result, Running } from "./command.ts";
import { ok } from "./command.ts";
import { Container } from "./container.ts";
import { cgroupDir, hierarchies, isPureV2 } from "./host.ts";
import { nameInCase } from "./observation.ts";

/** What a booted systemd leaves to be seen: sd_booted(3). Without a bus of the machine's own. */
const BOOTED =
  'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec "$@"';
const UNIFIED =
  "umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && ";

/** The directory of all scopes here, in each hierarchy. */
const SLICE = "/system.slice";

/** What the fake is to do otherwise than systemd. */
export interface ScopesOptions extends Whims {
  /** Whether the executable sees cgroup v2 alone; without most controllers, where the machine has v1. */
  readonly v2?: boolean;
}

/** A systemd, and the executable's commands that use it. */
export class FakeScopes implements AsyncDisposable {
  readonly systemd: FakeSystemd;
  /** What it was asked for, in order. */
  readonly calls: FakeCall[] = [];
  readonly #box: Box;
  readonly #v2: boolean;

  constructor(box: Box, options: ScopesOptions = {}) {
    this.#box = box;
    this.#v2 = options.v2 ?? isPureV2();
    this.systemd = new FakeSystemd({
      ...options,
      onCall: (call) => {
        if (call.member !== "Get") this.calls.push(call);
        if (this.#v2) this.#keep(call);
        options.onCall?.(call);
      },
    });
    nameInCase(this.systemd.peer.address, "<bus>");
  }

  /** On v2 a scope's cgroup is systemd's to make and to remove. */
  #keep({ member, unit, properties }: FakeCall): void {
    const dir = this.directory(unit);
    if (member === "StartTransientUnit") {
      Deno.mkdirSync(dir, { recursive: true });
      const pids = properties.find(([name]) => name === "PIDs")?.[1];
      Deno.writeTextFileSync(`${dir}/cgroup.procs`, String(pids));
    } else if (member === "StopUnit") {
      Deno.writeTextFileSync(`${dir}/cgroup.kill`, "1");
      // Processes take a moment to go.
      for (let n = 0; n < 500; n++) {
        try {
          return Deno.removeSync(dir);
        } catch {
          sleep(2);
        }
      }
    }
  }

  /** The directory of a scope in the hierarchy of a v1 controller, or in the unified one. */
  directory(unit: string, controller?: string): string {
    const mounted = controller === undefined
      ? hierarchies().find((one) => one.controllers.length === 0)?.mountPoint
      : cgroupDir(controller, "");
    return `${mounted}${SLICE}/${unit}`;
  }

  /** Names of calls, with the unit. */
  get log(): string[] {
    return this.calls.map(({ member, unit }) => `${member} ${unit}`);
  }

  /** Values of a property, in the order in which they were given. */
  values(name: string): unknown[] {
    return this.calls.flatMap(({ properties }) =>
      properties.filter(([one]) => one === name).map(([, value]) => value)
    );
  }

  /** Starts a command that has this systemd. */
  spawn(args: string[], options: CommandOptions = {}): Running {
    const argv = [
      "unshare",
      "-m",
      "sh",
      "-c",
      (this.#v2 ? UNIFIED : "") + BOOTED,
      "sh",
      ...this.#box.argv(...args),
    ];
    const env = { DBUS_SYSTEM_BUS_ADDRESS: this.systemd.peer.address };
    return this.#box.spawn(argv, { env, ...options });
  }

  /** Runs a command that has this systemd. */
  run(args: string[], options?: CommandOptions): Promise<Result> {
    return this.spawn(args, options).result();
  }

  /** The arguments of a container's creation, and the container. */
  async plan(
    edit?: Edit,
  ): Promise<{ args: string[]; id: string; unit: string; pidFile: string }> {
    const { dir } = await this.#box.bundle((spec, bundle) => {
      spec.process.args = ["sleep", "1000"];
      edit?.(spec, bundle);
    });
    const id = this.#box.newId();
    const pidFile = `${dir}/pid`;
    const flags = ["--bundle", dir, "--pid-file", pidFile];
    return {
      args: ["--systemd-cgroup", "create", ...flags, id],
      id,
      unit: `nsinit-${id}.scope`,
      pidFile,
    };
  }

  /** A container whose commands have this systemd. */
  async create(edit?: Edit): Promise<{ container: Container; unit: string }> {
    let made: Container["bundle"] | undefined;
    const { args, id, unit, pidFile } = await this.plan((spec, bundle) => {
      edit?.(spec, bundle);
      made = bundle;
    });
    const { outFile } = ok(await this.run(args));
    const runner = { nsinit: (args: string[]) => this.run(args) };
    const bundle = made!;
    return {
      container: new Container(runner, { id, bundle, outFile, pidFile }),
      unit,
    };
  }

  /** Ends it, and removes the slice where nobody is in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.systemd[Symbol.dispose]();
    await this.systemd.peer.ended;
    for (const { mountPoint } of hierarchies()) {
      try {
        Deno.removeSync(`${mountPoint}${SLICE}`);
      } catch {
        // it was never made, or is somebody's
      }
    }
  }
}

/** Holds this thread, and so everybody whom the fake would answer. */
export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
