/**
 * The program whose container starts are measured: it uses the library as any program would, and tells on standard
 * output, as JSON, what it found. `bench_phases.ts` and `bench.ts` start it.
 *
 * @module
 */
import { parseArgs } from "../lib/deps/parse_args.ts";
import { type Container, Factory, loadSpec, type Process } from "../mod.ts";

/** The parts of a container's life, in their order. */
export const PHASES = [
  "load",
  "create",
  "start",
  "exec",
  "wait",
  "destroy",
] as const;

/** A file position that no program asks for by chance: a trace of system calls shows where a phase begins. */
export const MARK = 7_000_000;

/** What to measure. */
export interface LifeOptions {
  readonly factory: Factory;
  readonly bundle: string;
  /** Called when a phase begins, by its place in {@linkcode PHASES}, and at the end. */
  readonly mark?: (phase: number) => void;
}

/** One container's life: /bin/true, or what else the bundle says. */
export async function live(
  { factory, bundle, mark = () => {} }: LifeOptions,
  id: string,
): Promise<void> {
  mark(0);
  const { spec } = loadSpec(bundle);
  mark(1);
  const container: Container = await factory.create(id, spec, { bundle });
  mark(2);
  const process: Process = await container.start();
  mark(3);
  await container.exec();
  mark(4);
  const { code } = await process.wait();
  if (code !== 0) throw new Error(`container ${id} ended with code ${code}`);
  mark(5);
  await container.destroy();
  mark(6);
}

/** Processor time and waiting for a processor of the calling thread, in ms: proc(5), schedstat. */
function threadTimes(): { cpuMs: number; queueMs: number } {
  const [cpu, queue] = Deno.readTextFileSync("/proc/self/schedstat").split(" ");
  return { cpuMs: Number(cpu) / 1e6, queueMs: Number(queue) / 1e6 };
}

async function traced(
  factory: Factory,
  bundle: string,
  warm: number,
  runs: number,
): Promise<void> {
  using file = Deno.openSync("/dev/null");
  for (let i = 0; i < warm; i++) await live({ factory, bundle }, `warm-${i}`);
  const times: number[][] = [];
  const before = threadTimes();
  const began = performance.now();
  function mark(phase: number): void {
    times.at(-1)!.push(performance.now());
    file.seekSync(MARK + phase, Deno.SeekMode.Start);
  }
  for (let i = 0; i < runs; i++) {
    times.push([]);
    await live({ factory, bundle, mark }, `run-${i}`);
  }
  const after = threadTimes();
  const result: LifeResult = {
    wallMs: performance.now() - began,
    cpuMs: after.cpuMs - before.cpuMs,
    queueMs: after.queueMs - before.queueMs,
    times,
  };
  console.log(JSON.stringify(result));
}

/** What the program prints. */
export interface LifeResult {
  readonly wallMs: number;
  /** Processor time of the main thread. */
  readonly cpuMs: number;
  /** How long the main thread waited for a processor. */
  readonly queueMs: number;
  /** For each container the time of each mark. */
  readonly times: readonly (readonly number[])[];
}

if (import.meta.main) {
  const { root, bundle, warm, runs } = parseArgs(Deno.args, {
    string: ["root", "bundle", "warm", "runs"],
  });
  const factory = await Factory.open(root ?? "");
  await traced(factory, bundle ?? "", Number(warm), Number(runs));
  Deno.exit(0);
}
