/**
 * The first process of a container.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import { connectUnix, sendMessage } from "../../ffi/socket.ts";
import { openManager } from "../cgroups/mod.ts";
import type { OomReport } from "../cgroups/oom/types.ts";
import { RuntimeError } from "../errors.ts";
import { ConsoleProxy, sendConsole } from "./console.ts";
import { type Host, kernelComplaint, readHost } from "./host.ts";
import type { InitSettings } from "./interpreter.ts";
import { launch } from "./launch.ts";
import {
  type LogFunction,
  type ProcessOptions,
  withProcess,
} from "./options.ts";
import { Process } from "./process.ts";
import { type ContainerRecord, FILES, type RecordDirectory } from "./record.ts";
import {
  openStreams,
  type StreamChoice,
  type StreamChoices,
} from "./streams.ts";
import { checkSpec } from "./validate.ts";
import { toHostId } from "../namespaces/id_maps.ts";
import { snapshot } from "../spec/snapshot.ts";
import type { Spec } from "../spec/types.ts";

/** The container that gets it. */
export interface FirstProcessContext {
  readonly directory: RecordDirectory;
  readonly record: ContainerRecord;
  readonly host: Host | undefined;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  readonly init: InitSettings;
  readonly log: LogFunction;
}

/** Starts it: see `Container.start()`. The caller holds the lock. */
export async function startFirstProcess(
  context: FirstProcessContext,
  options: ProcessOptions,
): Promise<Process> {
  const { directory, record, log } = context;
  const host = context.host ?? readHost();
  const complaint = kernelComplaint(host);
  if (complaint !== undefined) throw new RuntimeError("host", complaint);
  const spec = snapshot(withProcess(record.config, options));
  const checked = spec === record.config &&
    (spec.process?.args ?? []).length > 0;
  if (!checked) {
    const { bundle } = record;
    checkSpec(spec, host, {
      bundle,
      noPivot: context.noPivot,
      needProcess: true,
      log,
    });
  }
  const terminal = spec.process?.terminal === true;
  checkConsole(terminal, options);
  const choices = streamChoices(spec, host, options);
  const streams = openStreams(choices);
  let proxy: ConsoleProxy | undefined;
  try {
    const init = await launch({
      id: directory.id,
      bundle: record.bundle,
      noPivot: context.noPivot,
      noNewKeyring: context.noNewKeyring,
      init: context.init,
      preserveFds: options.preserveFds,
      spec,
      host,
      directory,
      record: { ...record, config: spec },
      rootless: record.rootless,
      streams: streams.child,
      ownStreams: ownedStreams(choices, terminal || options.detach === true),
      log,
      onConsole: (master) => {
        if (options.consoleSocket === undefined) {
          proxy = new ConsoleProxy(master);
        } else handOver(master, options.consoleSocket);
        return Promise.resolve();
      },
      onCreated: ({ pid, pidfd }) => {
        if (options.pidFile !== undefined) writePidFile(options.pidFile, pid);
        if (options.pidfdSocket !== undefined) {
          sendPidfd(pidfd, options.pidfdSocket);
        }
      },
    });
    const { stdin, stdout, stderr, relayed } = streams;
    return new Process({
      ...init,
      stdin,
      stdout,
      stderr,
      relayed,
      console: proxy,
      oomReport: () => oomOf(directory),
    });
  } catch (error) {
    proxy?.close();
    await streams.abandon();
    for (const name of [FILES.execFifo, FILES.resultFifo, FILES.hookOutput]) {
      removeIfThere(directory.file(name));
    }
    // What could not be undone is still in the record on disk, for `delete --force`.
    const { cgroup } = directory.read();
    directory.write({ ...record, cgroup, initPid: 0 });
    throw error;
  } finally {
    streams.closeChildEnds();
  }
}

function checkConsole(
  terminal: boolean,
  { consoleSocket, detach }: ProcessOptions,
): void {
  if (terminal && detach === true && consoleSocket === undefined) {
    throw new RuntimeError(
      "usage",
      "cannot allocate tty if runc will detach without setting console socket",
    );
  }
  if (consoleSocket !== undefined && !(terminal && detach === true)) {
    throw new RuntimeError(
      "usage",
      "cannot use console socket if runc will not detach or allocate tty",
    );
  }
}

/**
 * With a terminal, the standard streams are replaced by it: init starts with none. Streams are relayed only for a user
 * other than ours: we can open ours again.
 */
function streamChoices(
  { process, linux }: Spec,
  host: Host,
  options: ProcessOptions,
): StreamChoices {
  if (process?.terminal === true) return ["null", "null", "null"];
  const isOurs =
    toHostId(linux?.uidMappings, process?.user.uid ?? 0) === host.euid;
  const choose = (choice: StreamChoice = "inherit"): StreamChoice =>
    choice === "relay" && isOurs ? "inherit" : choice;
  return [
    choose(options.stdin),
    choose(options.stdout),
    choose(options.stderr),
  ];
}

/** The streams that become the user's: pipes of ours, and what a process that outlives us was given for good. */
function ownedStreams(choices: StreamChoices, all: boolean): number[] {
  return [0, 1, 2].filter((fd) => all || choices[fd] !== "inherit");
}

function handOver(master: Fd, socket: string): void {
  using owned = master;
  sendConsole(owned, socket);
}

function sendPidfd(pidfd: Fd, path: string): void {
  using socket = connectUnix(path);
  sendMessage(socket, new TextEncoder().encode("standard"), [pidfd]);
}

/** Written beside it and renamed: whoever sees the file sees all of it. */
function writePidFile(path: string, pid: number): void {
  const slash = path.lastIndexOf("/");
  const temporary = `${path.slice(0, slash + 1)}.${path.slice(slash + 1)}`;
  Deno.writeTextFileSync(temporary, `${pid}`, { mode: 0o666 });
  Deno.renameSync(temporary, path);
}

/** Asked when the process has ended: the container may have been deleted since. */
async function oomOf(
  directory: RecordDirectory,
): Promise<OomReport | undefined> {
  try {
    const { cgroup: record, created } = directory.read();
    using cgroup = openManager(record);
    if (cgroup.oomKillCount() === 0) return undefined;
    const { oomReport } = await import("../cgroups/oom/report.ts");
    return oomReport(record, { sinceMs: Date.parse(created) });
  } catch (error) {
    if (error instanceof RuntimeError) return undefined;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
