/**
 * The program of a further process: how it joins a container that runs, from its first instruction to the exec of its
 * own program. Pure in (configuration, host).
 *
 * @module
 */
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
} from "../../ffi/abi/fcntl.ts";
import { ProgramBuilder, text } from "../../init/builder.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { notify } from "../../init/upcall.ts";
import { resolveCapabilities } from "../capabilities/capabilities.ts";
import { openTerminal } from "../mounts/console.ts";
import { joinContainer, planJoin } from "../namespaces/join_container.ts";
import { noNewPrivileges, setAttributes } from "../process/attributes.ts";
import { execute } from "../process/executable.ts";
import { joinSessionKeyring } from "../process/keyring.ts";
import { hasNamespace } from "../spec/namespaces.ts";
import type { Spec } from "../spec/types.ts";
import { setUmask } from "../user/identity.ts";
import { type JoinDescriptors, numberJoinDescriptors } from "./descriptors.ts";
import { givenBlock } from "./given.ts";
import type { Host } from "./host.ts";
import { part } from "./parts.ts";
import type { ProcessProgram } from "./program.ts";
import { settle, tellFailure } from "./program_ends.ts";
import { becomeProcess } from "./process_steps.ts";

/** What the program depends on besides configuration and host. */
export interface JoinProgramOptions {
  /** Keep the caller's session keyring. */
  readonly noNewKeyring?: boolean | undefined;
  /** Which standard streams are given to the user. */
  readonly ownStreams: readonly number[];
  /** How many descriptors from 3 on the program inherits. */
  readonly preserveFds?: number | undefined;
  /** Whether the program is for a re-executed init. */
  readonly reexec?: boolean | undefined;
}

/** A program with what its parent must know of it. */
export interface JoinProgram extends ProcessProgram {
  readonly descriptors: JoinDescriptors;
}

/**
 * Builds the program.
 *
 * @param spec the container's configuration with this process in place of its own, and its parts loaded (parts.ts)
 */
export function joinProgram(
  spec: Spec,
  host: Host,
  options: JoinProgramOptions,
): JoinProgram {
  const process = spec.process!;
  const fds = numberJoinDescriptors(options.preserveFds ?? 0);
  const userNamespace = hasNamespace(spec, "user");
  const { sets, warnings } = resolveCapabilities(
    process.capabilities,
    host,
    userNamespace,
  );
  const given = givenBlock();
  const b = new ProgramBuilder(host.arch);
  const failed = b.label("set-up failed");
  b.onFailure(failed);

  const entered = joinContainer(b, planJoin(spec, fds.init), {
    sync: fds.sync,
    reexec: options.reexec,
    given: [given.keyring],
  });
  const settled = b.label("in the namespaces");
  b.place(settled);
  settle(b, fds.init);
  const labels = part("labels", spec);
  // By the host's procfs: the container's own is whatever its processes have made of it.
  const labelFiles = labels?.openLabelFiles(b, spec);
  const joinKeyring = (): void =>
    joinSessionKeyring(b, given.keyring, userNamespace);
  if (options.noNewKeyring !== true) {
    if (labels === undefined) joinKeyring();
    else labels.labelKeys(b, spec, joinKeyring);
  }
  entered.joinMount();
  b.call("setsid", [], { onError: { do: "continue", errnos: ["EPERM"] } });
  if (process.terminal === true) {
    const root = b.call("openat", [
      AT_FDCWD,
      text("/"),
      O_PATH | O_DIRECTORY[b.arch] | O_CLOEXEC,
      0,
    ]);
    openTerminal(b, { spec, root, sync: fds.sync });
    b.call("close", [root]);
  }
  setUmask(b, process.user);
  noNewPrivileges(b, process);
  setAttributes(b, spec);
  const { path, environment, tail } = becomeProcess(b, {
    spec,
    host,
    sets,
    userNamespace,
    sync: fds.sync,
    ownStreams: options.ownStreams,
    setLabels: () => {
      if (labelFiles !== undefined) labels!.setLabels(b, spec, labelFiles);
    },
  });
  b.section(
    "tell that all is set up",
    undefined,
    () => notify(b, fds.sync, MESSAGE.CREATED),
  );
  execute(b, path, process.args, environment.addresses);
  tellFailure(b, failed, fds.sync);

  const marks = entered.marks ?? { begin: settled, tail };
  return { program: b.finish(), descriptors: fds, warnings, marks };
}
