/**
 * The steps that turn a process, which is in the container already, into the one that the configuration asks for: its
 * environment, limits, user, capabilities, and system call filter.
 *
 * @module
 */
import { CAPABILITIES } from "../../ffi/abi/capability.ts";
import type { ProgramBuilder } from "../../init/builder.ts";
import type { Label, Operand } from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { upcall } from "../../init/upcall.ts";
import {
  type CapabilitySets,
  dropBounding,
  giveUpCapabilities,
  setCapabilities,
} from "../capabilities/capabilities.ts";
import { askForDeathSignal } from "../process/death_signal.ts";
import {
  type EnvironmentBlock,
  environmentBlock,
} from "../process/environment.ts";
import { findExecutable } from "../process/executable.ts";
import { restoreSignals } from "../process/signals.ts";
import { enterWorkingDirectory } from "../process/working_directory.ts";
import { loadFilter } from "../seccomp/steps.ts";
import type { Spec } from "../spec/types.ts";
import { ownStdio, takeIdentity } from "../user/identity.ts";
import type { Host } from "./host.ts";
import { part } from "./parts.ts";
import { closeLeftovers, limitOpenFiles } from "./program_ends.ts";

/** What the steps depend on. */
export interface ProcessStepsOptions {
  readonly spec: Spec;
  readonly host: Host;
  readonly sets: CapabilitySets;
  readonly userNamespace: boolean;
  /** Number of the sync socket: the highest that stays open. */
  readonly sync: number;
  /** Which standard streams are given to the user; all if left out. */
  readonly ownStreams: readonly number[] | undefined;
  /** Adds the steps that ask for the labels of security modules. */
  readonly setLabels: () => void;
}

/** What they hand on. */
export interface ProcessSteps {
  /** The executable's path. */
  readonly path: Operand;
  readonly environment: EnvironmentBlock;
  /** Where a re-executed init leaves the rest to machine code. */
  readonly tail: Label;
}

/** Adds the steps; what is left is the exec. */
export function becomeProcess(
  b: ProgramBuilder,
  options: ProcessStepsOptions,
): ProcessSteps {
  const { spec, host, sets, userNamespace, sync } = options;
  const process = spec.process!;
  let environment!: EnvironmentBlock;
  b.section("take the resource limits", "/process/rlimits", () => {
    environment = environmentBlock(
      b,
      process,
      (home) => upcall(b, sync, MESSAGE.READY, home),
    );
  });
  options.setLabels();
  // While there are all capabilities; what follows opens nothing and mounts nothing.
  part("landlock", spec)?.restrict(b, spec, host.landlock);
  const tail = b.label("machine code takes over");
  if (limitsMemory(spec)) b.place(tail);
  limitOpenFiles(b, spec, host);
  closeLeftovers(b, sync);
  b.forget();

  // The user may not read where root may, and root of a user namespace not where the user may: try as both.
  const enterAsUser = enterWorkingDirectory(b, process.cwd);
  dropBounding(b, sets, host);
  ownStdio(b, process.user, options.ownStreams ?? [0, 1, 2]);
  takeIdentity(b, process.user, { setgroupsMayFail: userNamespace });
  enterAsUser();
  // A filter without no_new_privs needs CAP_SYS_ADMIN, which is kept until it is there. Either way it comes last: what
  // stands before it is the container's business as little as it is init's what the filter forbids.
  const filterNeedsAdmin = spec.linux?.seccomp !== undefined &&
    process.noNewPrivileges !== true;
  setCapabilities(
    b,
    sets,
    filterNeedsAdmin ? [CAPABILITIES.CAP_SYS_ADMIN] : [],
  );
  askForDeathSignal(b, spec);
  restoreSignals(b, host.signalMask);
  const path = findExecutable(b, process.args, environment.entries);
  if (!limitsMemory(spec)) b.place(tail);
  loadFilter(b, spec, sync);
  if (filterNeedsAdmin) giveUpCapabilities(b, sets);
  return { path, environment, tail };
}

/** Whether there are limits under which V8 may not get the memory or the time that it needs. */
function limitsMemory({ process }: Spec): boolean {
  return (process?.rlimits ?? []).some(({ type }) =>
    ["RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CPU"].includes(type)
  );
}
