/**
 * The first process of a container.
 *
 * @module
 */
import { RuntimeError } from "../errors.ts";
import { type Host, kernelComplaint, readHost } from "./host.ts";
import type { InitSettings } from "./interpreter.ts";
import { launch } from "./launch.ts";
import {
  type LogFunction,
  type ProcessOptions,
  withAddedEnv,
  withProcess,
} from "./options.ts";
import type { Process } from "./process.ts";
import { type ContainerRecord, FILES, type RecordDirectory } from "./record.ts";
import { removeIfThere } from "./process_io.ts";
import { startWithIo } from "./started_process.ts";
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
  const config = snapshot(withProcess(record.config, options));
  const spec = snapshot(withAddedEnv(config, options));
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
  try {
    return await startWithIo(
      { spec, host, directory, isFirst: true },
      options,
      (io) =>
        launch({
          id: directory.id,
          bundle: record.bundle,
          noPivot: context.noPivot,
          noNewKeyring: context.noNewKeyring,
          init: context.init,
          preserveFds: options.preserveFds,
          spec,
          host,
          directory,
          record: { ...record, config },
          rootless: record.rootless,
          log,
          ...io,
        }),
    );
  } catch (error) {
    for (const name of [FILES.execFifo, FILES.resultFifo, FILES.hookOutput]) {
      removeIfThere(directory.file(name));
    }
    // What could not be undone is still in the record on disk, for `delete --force`.
    const { cgroup } = directory.read();
    directory.write({ ...record, cgroup, initPid: 0 });
    throw error;
  }
}
