/**
 * The program of a new container: all that init does, from its first instruction to the exec of the container's
 * program, in order. Pure in (configuration, host).
 *
 * @module
 */
import { ProgramBuilder } from "../../init/builder.ts";
import { recordStep, type StepRecord } from "../../init/failure.ts";
import type { Label, Program } from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { upcall } from "../../init/upcall.ts";
import { resolveCapabilities } from "../capabilities/capabilities.ts";
import {
  createContainerHooks,
  prepareStartHooks,
  startContainerHooks,
} from "../hooks/steps.ts";
import {
  finishRoot,
  makeCwd,
  makeDevices,
  maskPaths,
  mountAll,
  openConsole,
  pivotRoot,
  prepareRoot,
  readonlyPaths,
  rootOf,
} from "../mounts/mod.ts";
import {
  type NamespacePlan,
  planNamespaces,
} from "../namespaces/namespaces.ts";
import { enterCgroupNamespace, enterNamespaces } from "../namespaces/steps.ts";
import { setNames } from "../namespaces/uts.ts";
import { loopbackUp } from "../network/loopback.ts";
import { noNewPrivileges, setAttributes } from "../process/attributes.ts";
import { execute } from "../process/executable.ts";
import { joinSessionKeyring } from "../process/keyring.ts";
import { unknownCalls } from "../seccomp/unknown.ts";
import { createsNamespace, hasNamespace } from "../spec/namespaces.ts";
import type { Spec } from "../spec/types.ts";
import { writeSysctls } from "../sysctl/sysctl.ts";
import { setUmask } from "../user/identity.ts";
import { type InitDescriptors, numberDescriptors } from "./descriptors.ts";
import { givenBlock } from "./given.ts";
import type { Host } from "./host.ts";
import { mountContext } from "./mount_context.ts";
import { part } from "./parts.ts";
import type { ProgramOptions } from "./program_options.ts";
import { becomeProcess } from "./process_steps.ts";
import { begin, settle, tellFailures, waitForStart } from "./program_ends.ts";

export type { ProgramOptions } from "./program_options.ts";

/** A program that a new process runs, and what an interpreter must know of it. */
export interface ProcessProgram {
  readonly program: Program;
  readonly descriptors: { readonly sync: number };
  /** Where a re-executed init takes over, and where it leaves the rest to machine code. */
  readonly marks: { readonly begin: Label; readonly tail: Label };
  /** What could not be given and need not be, one line each. */
  readonly warnings: readonly string[];
}

/** A program with what its parent must know of it. */
export interface ContainerProgram extends ProcessProgram {
  readonly namespaces: NamespacePlan;
  readonly descriptors: InitDescriptors;
  /** The steps after the wait, for the process that runs `start`. */
  readonly startSteps: readonly StepRecord[];
}

/** Builds the program. The configuration must be valid, with a process, and its parts loaded (parts.ts). */
export function containerProgram(
  spec: Spec,
  host: Host,
  options: ProgramOptions,
): ContainerProgram {
  const process = spec.process!;
  const fds = numberDescriptors(
    options.preserveFds ?? 0,
    (spec.hooks?.startContainer ?? []).length,
  );
  const namespaces = planNamespaces(spec);
  const userNamespace = hasNamespace(spec, "user");
  const { sets, warnings } = resolveCapabilities(
    process.capabilities,
    host,
    userNamespace,
  );
  const given = givenBlock();
  const mounts = mountContext(spec, host, {
    ...options,
    sync: fds.sync,
    givenId: given.id,
  });
  const b = new ProgramBuilder(host.arch);

  const failures = begin(b);
  const entered = enterNamespaces(b, namespaces, {
    sync: fds.sync,
    reexec: options.reexec,
    given: [given.keyring],
  });
  const settled = b.label("in the namespaces");
  b.place(settled);
  settle(b, fds.execFifo);
  entered.joinMount();
  b.call("setsid", [], { onError: { do: "continue", errnos: ["EPERM"] } });
  const labels = part("labels", spec);
  if (options.noNewKeyring !== true) {
    const join = (): void =>
      joinSessionKeyring(b, given.keyring, userNamespace);
    if (labels === undefined) join();
    else labels.labelKeys(b, spec, join);
  }
  enterCgroupNamespace(b, namespaces);
  if (createsNamespace(spec, "network")) loopbackUp(b);
  writeSysctls(b, spec);
  const labelFiles = labels?.openLabelFiles(b, spec);

  prepareRoot(b, mounts);
  mountAll(b, mounts);
  makeDevices(b, mounts);
  if (hasRuntimeHooks(spec)) {
    b.section(
      "run the runtime's hooks",
      "/hooks",
      () => upcall(b, fds.sync, MESSAGE.HOOKS),
    );
  }
  createContainerHooks(b, spec, rootOf(mounts), fds.sync);
  pivotRoot(b, mounts);
  makeCwd(b, mounts);
  if (process.terminal === true) openConsole(b, mounts);
  finishRoot(b, mounts);
  setUmask(b, process.user);
  setNames(b, spec);
  readonlyPaths(b, mounts);
  maskPaths(b, mounts);
  b.call("close", [rootOf(mounts)]);

  noNewPrivileges(b, process);
  setAttributes(b, spec);
  prepareStartHooks(b, spec, fds);
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

  const firstStartStep = b.length;
  waitForStart(b, fds, failures);
  startContainerHooks(b, spec, fds, environment.addresses);
  execute(b, path, process.args, environment.addresses);
  tellFailures(b, fds, failures);

  const unknown = spec.linux?.seccomp && unknownCalls(spec.linux.seccomp);
  const program = b.finish();
  const startSteps = program.steps.slice(firstStartStep).map(recordStep);
  const marks = entered.marks ?? { begin: settled, tail };
  return {
    program,
    namespaces,
    descriptors: fds,
    warnings: unknown === undefined ? warnings : [...warnings, unknown],
    marks,
    startSteps,
  };
}

function hasRuntimeHooks({ hooks }: Spec): boolean {
  return (hooks?.prestart ?? []).length > 0 ||
    (hooks?.createRuntime ?? []).length > 0;
}
