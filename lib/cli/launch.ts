/**
 * What `create` and `run` have in common: from a bundle to a container whose first process waits.
 *
 * @module
 */
import type { Container } from "../container/container.ts";
import { ProgramError } from "../../init/failure.ts";
import { Factory } from "../container/factory.ts";
import { CgroupError, ConfigError, RuntimeError } from "../errors.ts";
import { LIMITS_PHASE } from "../container/phase.ts";
import { HookError } from "../hooks/failure.ts";
import type { Process } from "../container/process.ts";
import { requireNoDeathSignal } from "../process/death_signal.ts";
import { loadBundle } from "../spec/load.ts";
import type { Spec } from "../spec/types.ts";
import type { Invocation } from "./invocation.ts";
import { describeError } from "./errors.ts";
import { initArgs } from "./init_args.ts";
import { listenEnv, listenFds } from "./listen_fds.ts";
import type { Log } from "./log.ts";
import type { Notifications } from "./notify.ts";
import type { Parsed } from "./parse.ts";
import { processOptions } from "./process_options.ts";
import { absolutePath } from "./root_dir.ts";
import { requireTerminal } from "./terminal.ts";

/** A container with its first process, which waits for `exec()`. */
export interface Launched {
  /** The container. */
  readonly container: Container;
  /** Its first process. */
  readonly process: Process;
  /** With NOTIFY_SOCKET: when all that is to be passed on was. */
  readonly relayed?: Promise<void> | undefined;
}

/** Why a container.json whose directory is the root is for `exec` alone, which never reads a config.json. */
const OWN_ROOT =
  "the directory itself is the root file system, so that a container could leave a " +
  "config.json in it that would be obeyed the next time: name another directory, or use exec";

/** Enters the bundle, as hooks expect, and reads its configuration. */
async function enterBundle(
  parsed: Parsed,
  log: Log,
): Promise<{ bundle: string; spec: Spec; noPivot: boolean }> {
  const bundle = await absolutePath(parsed.text("bundle") ?? "");
  Deno.chdir(bundle);
  const { spec, unknown, noPivot, isOwnRoot } = await loadBundle(bundle);
  if (isOwnRoot) throw new ConfigError("/rootfs", OWN_ROOT);
  for (const pointer of unknown) {
    log.write("debug", `config.json: ignoring unknown property ${pointer}`);
  }
  return { bundle, spec, noPivot };
}

/**
 * Removes a container, whatever runs in it, and if nobody else has done so. What the caller has to hear of is something
 * else, an exit code or an earlier failure: one of the removal is only logged.
 */
export async function discard(container: Container, log: Log): Promise<void> {
  try {
    await container[Symbol.asyncDispose]();
  } catch (error) {
    log.write("error", describeError(error));
  }
}

/** Who is to hear of the container, by NOTIFY_SOCKET. */
async function notifications(
  directory: string,
  log: Log,
  options: { readonly isStarted: boolean },
): Promise<Notifications | undefined> {
  const manager = Deno.env.get("NOTIFY_SOCKET");
  if (!manager) return undefined;
  const { notificationsOf } = await import("./notify.ts");
  return notificationsOf(manager, directory, log, options);
}

/**
 * Makes the container and starts its first process, which waits.
 *
 * @param invocation flags of `create` and the id
 * @param options.detach whether the process outlives this one
 * @param options.isStarted whether this process starts it
 * @returns container and process
 * @throws {Error} when anything fails; then nothing is left behind
 */
export async function launch(
  invocation: Invocation,
  { detach, isStarted }: {
    readonly detach: boolean;
    readonly isStarted: boolean;
  },
): Promise<Launched> {
  const { parsed, log, rootless } = invocation;
  const id = parsed.args[0] ?? "";
  const fds = listenFds();
  const options = await processOptions(parsed, {
    detach,
    listenFds: fds.count,
  });
  const root = await invocation.root();
  const { bundle, spec, noPivot } = await enterBundle(parsed, log);
  if (detach) requireNoDeathSignal(spec);
  else if (spec.process?.terminal === true && !options.consoleSocket) {
    requireTerminal();
  }
  const factory = await Factory.open(root, {
    rootless,
    init: invocation.init,
    initArgs: initArgs(),
    cgroupDriver: invocation.systemdCgroup ? "systemd" : "cgroupfs",
    debug: log.debug,
    log: (level, message) => log.write(level, message),
  });
  const notify = await notifications(`${factory.root}/${id}`, log, {
    isStarted,
  });
  notify?.addTo(spec);
  log.write("debug", `create container ${id} of ${bundle}`);
  const container = await factory.create(id, spec, {
    bundle,
    noPivot: noPivot || parsed.on("no-pivot"),
    noNewKeyring: parsed.on("no-new-keyring"),
  });
  try {
    notify?.prepare();
    const variables = notify === undefined ? [] : [notify.variable];
    const addedEnv = [...variables, ...listenEnv(fds)];
    const process = await container.start({ ...options, addedEnv });
    const relayed = isStarted ? notify?.begin(process.pid, detach) : undefined;
    return { container, process, relayed };
  } catch (error) {
    await discard(container, log);
    throw starting(error);
  }
}

/** Puts the words in front that runc's callers look for. What was asked for wrongly has not got as far. */
function starting(error: unknown): unknown {
  if (
    error instanceof ConfigError || !(error instanceof RuntimeError) ||
    error.kind === "usage"
  ) return error;
  const where = isOfInit(error) ? "error during container init: " : "";
  const message = `unable to start container process: ${where}${error.message}`;
  return new RuntimeError(error.kind, message, { cause: error });
}

/** Whether it failed while init prepared the container: its own steps, and what it waits for. */
function isOfInit(error: RuntimeError): boolean {
  return error instanceof ProgramError || error instanceof HookError ||
    error instanceof CgroupError && error.message.startsWith(LIMITS_PHASE);
}
