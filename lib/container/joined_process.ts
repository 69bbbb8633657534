/**
 * A further process of a container: it joins the namespaces and the cgroup of the first one.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import { packetPair } from "../../ffi/socket.ts";
import { openPidfd } from "../../ffi/process.ts";
import { StateError } from "../errors.ts";
import { snapshot } from "../spec/snapshot.ts";
import type { Spec } from "../spec/types.ts";
import { validateSpec } from "../spec/validate/validate.ts";
import type { FirstProcessContext } from "./first_process.ts";
import { readHost } from "./host.ts";
import { join } from "./join.ts";
import { type ProcessOptions, withAddedEnv, withProcess } from "./options.ts";
import type { Process } from "./process.ts";
import type { ContainerRecord, RecordDirectory } from "./record.ts";
import { initRuns, statusOf } from "./status.ts";
import { startWithIo } from "./started_process.ts";
import { specHost } from "./validate.ts";

/** The container that is joined. */
export type JoinContext = Omit<FirstProcessContext, "noPivot" | "noNewKeyring">;

/**
 * Starts it: see `Container.join()`. No lock is needed: the container may end meanwhile, which is as if it had ended
 * just after.
 *
 * @throws {StateError} unless the container is created, running, or, if that is asked for, paused
 */
export async function startJoinedProcess(
  context: JoinContext,
  options: ProcessOptions,
): Promise<Process> {
  const { directory, record, log } = context;
  const status = statusOf(directory, record);
  if (status === "paused" && options.ignorePaused !== true) {
    throw new StateError(
      directory.id,
      "cannot exec in a paused container (use --ignore-paused to override)",
    );
  }
  using container = openInit(directory, record);
  const host = context.host ?? readHost();
  const spec = joinedSpec(record.config, options);
  const rules = { needProcess: true, noPivot: false };
  for (const warning of validateSpec(spec, specHost(host), rules).warnings) {
    log("warning", warning);
  }
  const [ours, theirs] = packetPair();
  using socket = ours;
  using inner = theirs;
  return await startWithIo(
    { spec, host, directory, isFirst: false },
    options,
    (io) =>
      join({
        spec,
        host,
        directory,
        record,
        container,
        status,
        init: context.init,
        noNewKeyring: record.noNewKeyring ?? false,
        preserveFds: options.preserveFds,
        below: options.cgroup,
        socket,
        inner,
        log,
        ...io,
      }),
  );
}

/** A descriptor of the container's first process, and of no other that has got its id since. */
function openInit(directory: RecordDirectory, record: ContainerRecord): Fd {
  const stopped = new StateError(
    directory.id,
    "cannot exec in a stopped container",
  );
  if (!initRuns(record)) throw stopped;
  const pidfd = openPidfd(record.initPid);
  if (initRuns(record)) return pidfd;
  pidfd.close();
  throw stopped;
}

/** The container's configuration with the process in it. Hooks are the first process's. */
function joinedSpec(config: Spec, options: ProcessOptions): Spec {
  const { hooks: _, ...spec } = withProcess(config, options);
  return snapshot(withAddedEnv(spec, options));
}
