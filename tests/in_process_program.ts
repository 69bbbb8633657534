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

if (isInit()) init();

/** What children execute, while 16 containers wait for their start, and when they run. */
export interface Sightings {
  readonly created: readonly string[];
  readonly running: readonly string[];
}

const WIDTH = 16;

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

if (import.meta.main) {
  const initArgs = [Deno.execPath(), "run", "-A", import.meta.filename!];
  const found = await sight(task === "image" ? {} : { initArgs });
  console.log(JSON.stringify(found));
}
