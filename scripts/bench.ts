/**
 * Benchmarks: `deno task bench [--peers] [--runs N]`, or `deno task bench --phases [--runs N] [--alive N]`.
 *
 * Prints Markdown tables: start-up beside an empty Deno script; containers by the executable, by its re-executed init,
 * by three commands, and by a program that uses the library; many containers in one program; the memory of the waiting
 * init. With `--peers` the same is measured for Debian's runc and crun, in turns. crun refuses a host that has cgroups
 * v1 and v2 side by side, so each is shown alone, in private views. `--phases` tells where the time of the library
 * goes; `--alive` says how many other containers live meanwhile. Needs root. `NSINIT` names another executable to measure.
 *
 * @module
 */
import { parseArgs } from "../lib/deps/parse_args.ts";
import { join } from "../lib/deps/path.ts";
import { makeBundle } from "./bench_bundle.ts";
import type { CrowdResult } from "./bench_crowd.ts";
import {
  commandSubject,
  inView,
  LibrarySubject,
  scriptCommand,
  type View,
} from "./bench_measure.ts";
import { type Footprint, footprint, type Runtime } from "./bench_memory.ts";
import { phaseReport } from "./bench_phases.ts";
import { measureInTurns } from "./bench_rounds.ts";
import { crowdTables, memoryTable, timesTable } from "./bench_tables.ts";
import { build } from "./build.ts";
import { installMissing } from "./packages.ts";

const ROOT = new URL("..", import.meta.url).pathname;

const PEERS: readonly string[] = ["runc", "crun"];

/** What all parts need. */
interface Bench {
  readonly nsinit: string;
  readonly runtimes: readonly Runtime[];
  /** A folder for files. */
  readonly temp: string;
  /** A folder for states: a tmpfs, as /run usually is, for a disk is not to be measured. */
  readonly states: string;
  readonly runs: number;
}

/** The views of this host in which all runtimes work. */
function views(): readonly View[] {
  function exists(name: string): boolean {
    try {
      return Deno.statSync(`/sys/fs/cgroup/${name}`) !== undefined;
    } catch {
      return false;
    }
  }
  if (exists("cgroup.controllers")) return ["host"];
  return [exists("unified") ? "v1" : "host", "v2"];
}

async function heading(): Promise<string> {
  const cpu = Deno.readTextFileSync("/proc/cpuinfo")
    .match(/^model name\s*:\s*(.*)$/m)?.[1] ?? Deno.build.arch;
  const { stdout } = await new Deno.Command("git", {
    args: ["-C", ROOT, "describe", "--always", "--dirty"],
    stderr: "null",
  }).output();
  const commit = new TextDecoder().decode(stdout).trim() || "unknown";
  return `${cpu}, ${navigator.hardwareConcurrency} cores · Linux ${Deno.osRelease()} · Deno ${Deno.version.deno} · commit ${commit}\n`;
}

/** The executable by itself, its re-executed init where it has one, and the others. */
async function findRuntimes(
  nsinit: string,
  peers: readonly string[],
  states: string,
): Promise<Runtime[]> {
  const { stdout } = await new Deno.Command(nsinit, { args: ["--help"] })
    .output();
  const canReexec = new TextDecoder().decode(stdout).includes("--init");
  const commands: [string, readonly string[]][] = [
    ["nsinit", [nsinit]],
    ...(canReexec
      ? [["nsinit --init reexec", [nsinit, "--init", "reexec"]]]
      : []) as [
        string,
        readonly string[],
      ][],
    ...peers.map((name): [string, readonly string[]] => [name, [name]]),
  ];
  return commands.map(([name, command]) => ({
    name,
    command,
    root: join(states, name.replaceAll(" ", "")),
  }));
}

async function benchStart(
  { runtimes: [own], nsinit, temp, runs }: Bench,
): Promise<string> {
  const empty = join(temp, "empty.ts");
  await Deno.writeTextFile(empty, "");
  const bundle = await makeBundle(nsinit, join(temp, "state"), {
    args: ["/bin/sleep", "1000"],
  });
  const base = [...own!.command, "--root", own!.root];
  async function call(...args: readonly string[]): Promise<void> {
    const { success } = await new Deno.Command(nsinit, {
      args: [...base.slice(1), ...args],
      // no pipes: the waiting init holds them open
      ...{ stdin: "null", stdout: "null", stderr: "inherit" },
    }).output();
    if (!success) throw new Error(`nsinit ${args.join(" ")} failed`);
  }
  await call("create", "--bundle", bundle, "bench-state");
  try {
    const measures = await measureInTurns([
      commandSubject("empty Deno script", [Deno.execPath(), "run", empty]),
      commandSubject("nsinit --version", [nsinit, "--version"]),
      commandSubject("nsinit state", [...base, "state", "bench-state"]),
    ], runs);
    return timesTable("Start-up", measures, ["empty Deno script"]);
  } finally {
    await call("delete", "--force", "bench-state");
  }
}

/** The commands of one container's life, as a shell script; the container ends by itself. */
function life({ command, root }: Runtime, bundle: string): readonly string[] {
  const script =
    '"$@" create --bundle "$bundle" bench </dev/null >/dev/null && "$@" start bench && "$@" delete --force bench';
  return [
    ...["/bin/sh", "-c", `bundle=$1; shift; ${script}`, "sh", bundle],
    ...[...command, "--root", root],
  ];
}

async function benchView(bench: Bench, view: View): Promise<string> {
  const { runtimes, nsinit, temp, states, runs } = bench;
  const bundle = await makeBundle(nsinit, join(temp, `true-${view}`), {
    args: ["/bin/true"],
    noResources: view === "v2",
  });
  await using library = new LibrarySubject(
    "library",
    join(states, "library"),
    bundle,
    view,
  );
  await library.run(200); // warm
  const measures = await measureInTurns([
    library,
    ...runtimes.map(({ name, command, root }) =>
      commandSubject(
        `${name} run`,
        [...command, "--root", root, "run", "--bundle", bundle, "bench"],
        view,
      )
    ),
    ...runtimes.map((runtime) =>
      commandSubject(
        `${runtime.name} create, start, delete`,
        life(runtime, bundle),
        view,
      )
    ),
  ], runs);
  const [own, lives] = ["run", "create, start, delete"].map((end) =>
    measures.filter(({ name }) => name.endsWith(end))
  );
  const where = view === "host"
    ? "host as it is"
    : `private cgroup ${view} view`;
  return timesTable(
    `/bin/true, ${where}`,
    [measures[0]!, ...own!],
    PEERS.map((name) => `${name} run`),
  ) + "\n" + timesTable(
    `Three commands, ${where}`,
    lives!,
    PEERS.map((name) => `${name} create, start, delete`),
  );
}

async function benchCrowd(
  { nsinit, temp, states }: Bench,
  view: View,
): Promise<string> {
  const bundle = await makeBundle(nsinit, join(temp, "crowd"), {
    args: ["/bin/true"],
    noResources: view === "v2",
  });
  const [program = "", ...args] = inView(
    scriptCommand("bench_crowd.ts", [
      ...["--root", join(states, "crowd"), "--bundle", bundle],
      ...["--count", "200", "--crowds", "0,200,500"],
    ]),
    view,
  );
  const { success, stdout } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stderr: "inherit",
  }).output();
  if (!success) return "### The library: many containers\n\nfailed\n";
  const result: CrowdResult = JSON.parse(new TextDecoder().decode(stdout));
  return crowdTables(result);
}

async function benchAll(bench: Bench): Promise<void> {
  console.log(await heading());
  console.log(await benchStart(bench));
  const [first = "host", ...others] = views();
  for (const view of [first, ...others]) {
    console.log(await benchView(bench, view));
  }
  console.log(await benchCrowd(bench, first));
  const footprints: Footprint[] = [];
  for (const runtime of bench.runtimes) {
    footprints.push(
      await footprint(runtime, join(bench.temp, "state"), first),
    );
  }
  console.log(memoryTable(footprints));
}

async function main(): Promise<number> {
  const options = parseArgs(Deno.args, {
    boolean: ["peers", "phases", "help"],
    string: ["runs", "alive"],
    default: { runs: "100", alive: "0" },
  });
  if (options.help) {
    console.log("deno task bench [--peers | --phases [--alive N]] [--runs N]");
    return 0;
  }
  const runs = Number(options.runs);
  if (!Number.isSafeInteger(runs) || runs < 2) {
    console.error(`--runs must be a number of at least 2, not ${options.runs}`);
    return 2;
  }
  if (Deno.uid() !== 0) {
    console.error(
      "the benchmarks make containers and mounts: run them as root",
    );
    return 1;
  }
  const peers = options.peers ? PEERS : [];
  const missing = await installMissing([
    ...(options.phases
      ? [{ program: "perf", package: "linux-perf" }]
      : ["hyperfine", ...peers].map((name) => ({
        program: name,
        package: name,
      }))),
    { program: "busybox", package: "busybox-static" },
  ]);
  if (missing.length > 0) {
    console.error(`missing, and not to be installed: ${missing.join(", ")}`);
    return 1;
  }
  const nsinit = Deno.env.get("NSINIT") ?? (await build()).executable;
  const temp = await Deno.makeTempDir();
  const states = await Deno.makeTempDir({ dir: "/dev/shm" });
  try {
    if (options.phases) {
      console.log(await heading());
      const args = ["/bin/true"];
      const bundle = await makeBundle(nsinit, join(temp, "true"), { args });
      const state = join(states, "library");
      const alive = Number(options.alive);
      const warm = 100;
      console.log(
        await phaseReport({ temp, state, bundle, runs, warm, alive }),
      );
    } else {
      const runtimes = await findRuntimes(nsinit, peers, states);
      await benchAll({ nsinit, runtimes, temp, states, runs });
    }
    return 0;
  } finally {
    await Deno.remove(temp, { recursive: true });
    await Deno.remove(states, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
