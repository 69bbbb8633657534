/**
 * The first process of a container.
 *
 * @module
 */
import { RuntimeError } from "../errors.ts";
import type { ConsoleProxy } from "./console.ts";
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
  announce,
  checkConsole,
  oomOf,
  ownedStreams,
  removeIfThere,
  streamChoices,
  takeMaster,
} from "./process_io.ts";
import { openStreams } from "./streams.ts";
import { checkSpec } from "./validate.ts";
import { snapshot } from "../spec/snapshot.ts";

/** The container that gets it. */
export interface FirstProcessContext {
  readonly directory: RecordDirectory;
  readonly record: ContainerRecord;
  readonly host?: Host | undefined;
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
        proxy = takeMaster(master, options);
        return Promise.resolve();
      },
      onCreated: (created) => announce(created, options),
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
