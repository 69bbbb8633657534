/**
 * Failures of a launch, in the words that runc's callers know.
 *
 * @module
 */
import { readMemoryFile } from "../../ffi/memfd.ts";
import { ProgramError } from "../../init/failure.ts";
import type { CgroupManager } from "../cgroups/mod.ts";
import { ConfigError, RuntimeError } from "../errors.ts";
import { describeStatus, HookError } from "../hooks/run.ts";
import type { HookTrace } from "./handlers.ts";

/** The error to throw for one that ended a launch. */
export function explainFailure(
  error: unknown,
  trace: HookTrace,
  cgroup: CgroupManager,
): unknown {
  if (outOfMemory(cgroup)) {
    return starting(
      "state",
      "container init was OOM-killed (memory limit too low?)",
      error,
    );
  }
  if (error instanceof ProgramError) {
    const hook = trace.status === undefined
      ? undefined
      : hookFailure(error, trace);
    return starting(
      "program",
      `error during container init: ${(hook ?? error).message}`,
      hook ?? error,
    );
  }
  if (error instanceof ConfigError || !(error instanceof RuntimeError)) {
    return error;
  }
  return starting(error.kind, error.message, error);
}

/** The failure of a hook that init ran. */
export function hookFailure(
  error: ProgramError,
  trace: HookTrace,
): HookError | undefined {
  const [, kind, index] =
    /^\/hooks\/(createContainer|startContainer)\/(\d+)$/.exec(
      error.pointer ?? "",
    ) ?? [];
  if (kind === undefined || trace.status === undefined) return undefined;
  const status = {
    code: trace.status >> 8 & 0xff,
    signal: trace.status & 0x7f,
  };
  const output = trace.output === undefined
    ? ""
    : new TextDecoder().decode(readMemoryFile(trace.output)).trim();
  const ended = trace.timedOut === true
    ? "it took too long and was killed"
    : describeStatus(status);
  return new HookError(
    kind as "createContainer",
    Number(index),
    `${ended}, output: ${output}`,
  );
}

function starting(
  kind: RuntimeError["kind"],
  message: string,
  cause: unknown,
): RuntimeError {
  return new RuntimeError(
    kind,
    `unable to start container process: ${message}`,
    { cause },
  );
}

function outOfMemory(cgroup: CgroupManager): boolean {
  try {
    return cgroup.oomKillCount() > 0;
  } catch {
    return false; // the cgroup is gone, or has no memory controller
  }
}
