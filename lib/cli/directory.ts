/**
 * `exec` in a directory with a container.json, as the first nsinit had it: the program joins the directory's container,
 * or becomes the first one of a new container.
 *
 * @module
 */
import { pause } from "../../ffi/poll.ts";
import type { Container } from "../container/container.ts";
import { Factory } from "../container/factory.ts";
import type { ProcessOptions } from "../container/options.ts";
import { ConfigError, RuntimeError, StateError } from "../errors.ts";
import { requireNoDeathSignal } from "../process/death_signal.ts";
import { loadLegacy } from "../spec/legacy/load.ts";
import { LEGACY_FILE } from "../spec/legacy/translate.ts";
import type { Spec } from "../spec/types.ts";
import { attend } from "./attend.ts";
import { directoryId } from "./directory_id.ts";
import { execProcess } from "./exec_process.ts";
import { initArgs } from "./init_args.ts";
import type { Invocation } from "./invocation.ts";
import { discard } from "./launch.ts";
import { processOptions } from "./process_options.ts";
import { requireTerminal } from "./terminal.ts";

/** Flags that make no sense where the program, and perhaps the container, comes from here. */
const REFUSED = ["process", "cgroup"];

function refuseFlags({ parsed }: Invocation): void {
  for (const name of REFUSED) {
    if (!parsed.text(name) && parsed.all(name).length === 0) continue;
    throw new RuntimeError(
      "usage",
      `--${name} can't be had in a directory with a ${LEGACY_FILE}`,
    );
  }
}

/** Whether an error says that somebody else was there before us, or has left since. */
function saysOf(error: unknown, message: string): boolean {
  return error instanceof StateError && error.message === message;
}

async function loaded(
  factory: Factory,
  id: string,
): Promise<Container | undefined> {
  try {
    return await factory.load(id);
  } catch (error) {
    if (saysOf(error, "container does not exist")) return undefined;
    throw error;
  }
}

/** How long somebody else may take to make the directory's container. */
const START_MS = 30_000;
const LOOK_MS = 10;

/**
 * The directory's container, if it runs, or is just being made. One that has ended is removed, whatever is left of it.
 */
async function runningContainer(
  factory: Factory,
  id: string,
): Promise<Container | undefined> {
  const end = performance.now() + START_MS;
  for (;;) {
    const container = await loaded(factory, id);
    const status = await container?.status();
    if (status === "stopped") {
      await container?.destroy();
      return undefined;
    }
    const isStarting = status === "creating" || status === "created";
    if (!isStarting || performance.now() > end) return container;
    await pause(LOOK_MS);
  }
}

/** What flags and words say of the process; it has a terminal where the document or a flag says so. */
async function optionsOf(
  { parsed, log }: Invocation,
  spec: Spec,
): Promise<ProcessOptions> {
  const detach = parsed.on("detach");
  const process = await execProcess(parsed, spec, log, parsed.args);
  const terminal = parsed.on("tty") || spec.process?.terminal === true;
  if (detach) requireNoDeathSignal(spec);
  else if (terminal) requireTerminal();
  const size = terminal && !detach
    ? (await import("../container/own_terminal.ts")).ownSize()
    : undefined;
  return {
    ...await processOptions(parsed, { detach, listenFds: 0 }),
    process: { ...process, terminal },
    ...(size === undefined ? {} : { terminalSize: size }),
  };
}

/** The directory's container, and where its configuration was. */
interface Place {
  readonly id: string;
  readonly directory: string;
}

/**
 * Makes the directory's container; the program is its first process, and its end is the container's.
 *
 * @returns the program's exit code; undefined if somebody else has made the container by now
 */
async function begin(
  invocation: Invocation,
  factory: Factory,
  { id, directory }: Place,
): Promise<number | undefined> {
  const { parsed, log } = invocation;
  const detach = parsed.on("detach");
  const found = loadLegacy(directory);
  if (found === undefined) {
    throw new ConfigError("", `${LEGACY_FILE} not found in ${directory}`);
  }
  const { spec, noPivot } = found;
  const options = await optionsOf(invocation, spec);
  let container: Container;
  try {
    container = await factory.create(id, spec, { bundle: directory, noPivot });
  } catch (error) {
    if (saysOf(error, "container with given ID already exists")) {
      return undefined;
    }
    throw error;
  }
  let code = 0;
  try {
    const first = await container.start(options);
    if (detach) await container.exec();
    else code = await attend(first, log, () => container.exec());
  } catch (error) {
    await discard(container, log);
    throw error;
  }
  if (!detach) await discard(container, log);
  return code;
}

/** Runs the program in the container that is there. */
async function join(
  invocation: Invocation,
  container: Container,
): Promise<number> {
  const { parsed, log } = invocation;
  log.write("debug", `join container ${container.id}`);
  const process = await container.join({
    ...await optionsOf(invocation, container.spec),
    ignorePaused: parsed.on("ignore-paused"),
  });
  return parsed.on("detach") ? 0 : await attend(process, log);
}

/** Each time somebody else must have made the container, and it must have ended again. */
const MOST_ATTEMPTS = 5;

/**
 * Runs a program in the container of a directory, which is made if it does not run.
 *
 * @param invocation flags and words of `exec`; all words are the program's
 * @param path the directory
 * @returns the program's exit code; 0 with --detach
 * @throws {ConfigError} if there is no container.json, or one that can't be translated
 */
export async function execInDirectory(
  invocation: Invocation,
  path: string,
): Promise<number> {
  const { log } = invocation;
  refuseFlags(invocation);
  const directory = Deno.realPathSync(path);
  const factory = await Factory.open(await invocation.root(), {
    rootless: invocation.rootless,
    init: invocation.init,
    initArgs: initArgs(),
    cgroupDriver: invocation.systemdCgroup ? "systemd" : "cgroupfs",
    debug: log.debug,
    log: (level, message) => log.write(level, message),
  });
  const id = await directoryId(directory);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const container = await runningContainer(factory, id);
    const code = container === undefined
      ? await begin(invocation, factory, { id, directory })
      : await join(invocation, container);
    if (code !== undefined) return code;
  }
  throw new StateError(id, `others keep making and ending container ${id}`);
}
