/**
 * The program of in_process_test.ts: it starts containers through the library, and watches itself.
 *
 * Arguments: what to do, the factory's directory, the bundle, the mark that the ids of containers begin with.
 *
 * @module
 */
import {
  type Container,
  Factory,
  type FactoryOptions,
  init,
  isInit,
  loadSpec,
} from "../mod.ts";
import { EventLoopWatch, type LongestTurn } from "../scripts/event_loop.ts";

if (isInit()) init();

/** What children execute, while 16 containers wait for their start, and when they run. */
export interface Sightings {
  readonly created: readonly string[];
  readonly running: readonly string[];
}

const WIDTH = 16;
/** Starts before something is measured: V8 compiles what is called often. */
const WARM = 320;
/** Starts in one attempt. */
const STARTS = 48;
/** A heavily used machine may spoil some. */
const ATTEMPTS = 40;

const [task, root = "", bundle = "", mark = ""] = Deno.args;
let serial = 0;

async function create(factory: Factory): Promise<Container> {
  const { spec } = loadSpec(bundle);
  return await factory.create(`${mark}-${serial++}`, spec, { bundle });
}

/** All children of this process, whichever thread cloned them. */
function children(): number[] {
  return [...Deno.readDirSync("/proc/self/task")].flatMap(({ name }) =>
    Deno.readTextFileSync(`/proc/self/task/${name}/children`).split(" ")
      .filter(Boolean).map(Number)
  );
}

/** The executables of the children, sorted. */
function executables(): string[] {
  return children().map((pid) => Deno.readLinkSync(`/proc/${pid}/exe`)).sort();
}

async function sight(options: FactoryOptions): Promise<Sightings> {
  const factory = await Factory.open(root, options);
  const containers = await Promise.all(
    Array.from({ length: WIDTH }, () => create(factory)),
  );
  await Promise.all(
    containers.map((container) =>
      container.start({ args: ["/bin/sleep", "1000"], stdin: "null" })
    ),
  );
  const created = executables();
  await Promise.all(containers.map((container) => container.exec()));
  const running = executables();
  await Promise.all(
    containers.map((container) => container.destroy({ force: true })),
  );
  return { created, running };
}

async function startMany(factory: Factory, count: number): Promise<void> {
  let left = count;
  async function lane(): Promise<void> {
    while (left-- > 0) {
      await using container = await create(factory);
      const process = await container.run({ args: ["/bin/true"] });
      await process.wait();
    }
  }
  await Promise.all(Array.from({ length: WIDTH }, lane));
}

/** The longest turn of the event loop in each attempt; the last is the first in which it was short enough. */
async function watchLoop(limitMs: number): Promise<LongestTurn[]> {
  const factory = await Factory.open(root);
  await startMany(factory, WARM);
  const longest: LongestTurn[] = [];
  for (let i = 0; i < ATTEMPTS; i++) {
    const watch = new EventLoopWatch();
    await startMany(factory, STARTS);
    watch.stop();
    longest.push(watch.longest);
    if (watch.longest.cpuMs <= limitMs) break;
  }
  return longest;
}

if (import.meta.main) {
  const initArgs = [Deno.execPath(), "run", "-A", import.meta.filename!];
  const found = task === "loop"
    ? await watchLoop(Number(Deno.args[4]))
    : await sight(task === "image" ? {} : { initArgs });
  console.log(JSON.stringify(found));
}
