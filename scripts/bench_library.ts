/**
 * The program whose container starts are measured: it uses the library as any program would. `bench_phases.ts` and
 * `bench.ts` start it, and read JSON from its standard output.
 *
 * With `--runs N` it starts N containers, while `--alive N` others live, and tells of their phases. Else it starts as
 * many as each line of its standard input says, and tells how long each took.
 *
 * @module
 */
import { parseArgs } from "../lib/deps/parse_args.ts";
import { Factory, loadSpec } from "../mod.ts";
import { type LifeOptions, live, liveMany, populate } from "./bench_life.ts";

/** A file position that no program asks for by chance: a trace of system calls shows where a phase begins. */
export const MARK = 7_000_000;

/** What the program prints with `--runs`. */
export interface LifeResult {
  readonly wallMs: number;
  /** Processor time of the main thread. */
  readonly cpuMs: number;
  /** How long the main thread waited for a processor. */
  readonly queueMs: number;
  /** For each container the time of each mark. */
  readonly times: readonly (readonly number[])[];
}

/** Processor time and waiting for a processor of the main thread, in ms: proc(5), schedstat. */
function threadTimes(): { cpuMs: number; queueMs: number } {
  const [cpu, queue] = Deno.readTextFileSync("/proc/self/schedstat").split(" ");
  return { cpuMs: Number(cpu) / 1e6, queueMs: Number(queue) / 1e6 };
}

async function traced(
  options: LifeOptions,
  warm: number,
  runs: number,
): Promise<LifeResult> {
  using file = Deno.openSync("/dev/null");
  await liveMany(options, warm);
  const times: number[][] = [];
  function mark(phase: number): void {
    times.at(-1)!.push(performance.now());
    file.seekSync(MARK + phase, Deno.SeekMode.Start);
  }
  const before = threadTimes();
  const began = performance.now();
  for (let i = 0; i < runs; i++) {
    times.push([]);
    await live({ ...options, mark }, `run-${i}`);
  }
  const wallMs = performance.now() - began;
  const after = threadTimes();
  return {
    wallMs,
    cpuMs: after.cpuMs - before.cpuMs,
    queueMs: after.queueMs - before.queueMs,
    times,
  };
}

async function serve(options: LifeOptions): Promise<void> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const text of lines) {
    for (const line of text.trim().split("\n")) {
      console.log(JSON.stringify(await liveMany(options, Number(line))));
    }
  }
}

async function main(): Promise<void> {
  const { root = "", bundle = "", warm, runs, alive } = parseArgs(Deno.args, {
    string: ["root", "bundle", "warm", "runs", "alive"],
  });
  const factory = await Factory.open(root);
  const options = { factory, bundle, spec: loadSpec(bundle).spec };
  if (runs === undefined) await serve(options);
  else {
    const others = await populate(options, 0, Number(alive ?? 0));
    const result = await traced(options, Number(warm), Number(runs));
    for (const other of others) await other.destroy({ force: true });
    console.log(JSON.stringify(result));
  }
}

if (import.meta.main) {
  await main();
  Deno.exit(0);
}
