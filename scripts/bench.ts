/**
 * Benchmarks: `deno task bench [--peers] [--runs N]`, or `deno task bench --phases [--runs N]`.
 *
 * Prints Markdown tables: start-up beside an empty Deno script, `run` of /bin/true, `create` + `start` +
 * `delete`, and the memory of the waiting init. With `--peers` the same is measured for Debian's runc and
 * crun, in the same run. crun refuses a hybrid cgroup layout, so all are also compared in a private
 * view that looks like pure cgroup v2. Needs root. `NSINIT` names another executable to measure.
 *
 * @module
 */
import { parseArgs } from "../lib/deps/parse_args.ts";
import { join } from "../lib/deps/path.ts";
import { build } from "./build.ts";
import { type Measure, measure, type View } from "./bench_measure.ts";
import { type Footprint, footprint, type Runtime } from "./bench_memory.ts";
import { phaseReport } from "./bench_phases.ts";
import { installMissing } from "./packages.ts";
import { findStaticBusybox, makeRootFilesystem } from "./root_filesystem.ts";

const ROOT = new URL("..", import.meta.url).pathname;

const PEERS: readonly string[] = ["runc", "crun"];

/** Whether the host's cgroup layout is hybrid or v1, which crun refuses. */
function isHybrid(): boolean {
  try {
    return !Deno.statSync("/sys/fs/cgroup/cgroup.controllers").isFile;
  } catch {
    return true;
  }
}

async function makeBundle(
  nsinit: string,
  dir: string,
  args: readonly string[],
  { devices }: { readonly devices: boolean } = { devices: false },
): Promise<string> {
  await Deno.mkdir(join(dir, "rootfs"), { recursive: true });
  makeRootFilesystem(join(dir, "rootfs"), findStaticBusybox());
  const { success, stderr } = await new Deno.Command(nsinit, {
    args: ["spec", "--bundle", dir],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const file = join(dir, "config.json");
  const config = JSON.parse(await Deno.readTextFile(file));
  config.process.terminal = false;
  config.process.args = args;
  config.ociVersion = "1.0.2"; // Debian's crun refuses newer ones
  // the private v2 view of a hybrid host can't attach device programs for everybody
  if (!devices) delete config.linux.resources;
  await Deno.writeTextFile(file, JSON.stringify(config));
  return dir;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function table(
  title: string,
  measures: readonly Measure[],
): string {
  const base = measures[0]?.medianMs;
  const lines = [
    `### ${title}`,
    "",
    row(["command", "median ms", "mean ± σ ms", "min ms", "ratio"]),
    row(["---", "---:", "---:", "---:", "---:"]),
  ];
  for (const { name, medianMs, meanMs, sigmaMs, minMs, error } of measures) {
    lines.push(
      error !== undefined ? row([name, `failed: ${error}`, "", "", ""]) : row([
        name,
        medianMs.toFixed(1),
        `${meanMs.toFixed(1)} ± ${sigmaMs.toFixed(1)}`,
        minMs.toFixed(1),
        base ? (medianMs / base).toFixed(2) : "",
      ]),
    );
  }
  return `${lines.join("\n")}\n`;
}

function memoryTable(footprints: readonly Footprint[]): string {
  return [
    "### The waiting init after `create`",
    "",
    row(["runtime", "PSS kB", "threads"]),
    row(["---", "---:", "---:"]),
    ...footprints.map(({ name, pssKb, threads, error }) =>
      error !== undefined
        ? row([name, `failed: ${error}`, ""])
        : row([name, String(pssKb), String(threads)])
    ),
    "",
  ].join("\n");
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

/** The commands of one container's life, as a shell script; the container ends by itself. */
function life({ command, root }: Runtime, bundle: string): string {
  const base = `'${command}' --root '${root}'`;
  return `${base} create --bundle '${bundle}' bench </dev/null >/dev/null && ${base} start bench && ${base} delete --force bench`;
}

async function benchStart(
  nsinit: Runtime,
  temp: string,
  runs: number,
): Promise<string> {
  const empty = join(temp, "empty.ts");
  await Deno.writeTextFile(empty, "");
  const bundle = await makeBundle(nsinit.command, join(temp, "sleep"), [
    "/bin/sleep",
    "1000",
  ]);
  const base = [nsinit.command, "--root", nsinit.root];
  const create = await new Deno.Command(nsinit.command, {
    args: [...base.slice(1), "create", "--bundle", bundle, "bench-state"],
    // no pipes: the waiting init holds them open
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (!create.success) throw new Error("nsinit create failed");
  try {
    return table("Start-up", [
      await measure("deno run empty.ts", [Deno.execPath(), "run", empty], runs),
      await measure("nsinit --version", [nsinit.command, "--version"], runs),
      await measure("nsinit state", [...base, "state", "bench-state"], runs),
    ]);
  } finally {
    await new Deno.Command(nsinit.command, {
      args: [...base.slice(1), "delete", "--force", "bench-state"],
    }).output();
  }
}

async function benchRun(
  runtimes: readonly Runtime[],
  bundle: string,
  runs: number,
  view: View,
): Promise<string> {
  const where = view === "host" ? "host as it is" : "private cgroup v2 view";
  const run: Measure[] = [];
  const lives: Measure[] = [];
  for (const runtime of runtimes) {
    const { name, command, root } = runtime;
    run.push(
      await measure(
        `${name} run`,
        [command, "--root", root, "run", "--bundle", bundle, "bench"],
        runs,
        view,
      ),
    );
    lives.push(
      await measure(
        `${name} create, start, delete`,
        ["/bin/sh", "-c", life(runtime, bundle)],
        runs,
        view,
      ),
    );
  }
  return table(`/bin/true, ${where}`, run) + "\n" +
    table(`Three commands, ${where}`, lives);
}

async function main(): Promise<number> {
  const options = parseArgs(Deno.args, {
    boolean: ["peers", "phases"],
    string: ["runs"],
    default: { runs: "100" },
  });
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
  const missing = await installMissing(
    [
      ...(options.phases ? ["linux-perf"] : ["hyperfine", ...peers]),
      "busybox-static",
    ].map((name) => ({
      program: name.replace(/-static|linux-/, ""),
      package: name,
    })),
  );
  if (missing.length > 0) {
    console.error(`missing, and not to be installed: ${missing.join(", ")}`);
    return 1;
  }
  const nsinit = Deno.env.get("NSINIT") ?? (await build()).executable;
  const temp = await Deno.makeTempDir();
  // as /run usually is, a tmpfs: what is measured should not be a disk
  const states = await Deno.makeTempDir({ dir: "/dev/shm" });
  try {
    const runtimes = [["nsinit", nsinit], ...peers.map((name) => [name, name])]
      .map(([name = "", command = ""]): Runtime => ({
        name,
        command,
        root: join(states, name),
      }));
    const [own] = runtimes;
    if (!own) return 1;
    console.log(await heading());
    if (options.phases) {
      const bundle = await makeBundle(nsinit, join(temp, "true"), [
        "/bin/true",
      ], { devices: true });
      console.log(
        await phaseReport({
          temp,
          state: join(states, "library"),
          bundle,
          runs,
          warm: 100,
        }),
      );
      return 0;
    }
    console.log(await benchStart(own, temp, runs));
    const bundle = await makeBundle(nsinit, join(temp, "true"), ["/bin/true"]);
    const onHost = runtimes.filter(({ name }) =>
      name !== "crun" || !isHybrid()
    );
    console.log(await benchRun(onHost, bundle, runs, "host"));
    console.log(await benchRun(runtimes, bundle, runs, "v2"));
    const footprints: Footprint[] = [];
    for (const runtime of runtimes) {
      footprints.push(await footprint(runtime, join(temp, "sleep")));
    }
    console.log(memoryTable(footprints));
    return 0;
  } finally {
    await Deno.remove(temp, { recursive: true });
    await Deno.remove(states, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
