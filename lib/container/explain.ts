/**
 * Failures of a launch, told by what is known besides the error.
 *
 * @module
 */
import { readMemoryFile } from "../../ffi/memfd.ts";
import { ProgramError } from "../../init/failure.ts";
import type { CgroupManager } from "../cgroups/mod.ts";
import { RuntimeError } from "../errors.ts";
import { hookFailure } from "../hooks/failure.ts";
import type { HookTrace } from "./handler_context.ts";

/** The error to throw for one that ended a launch. */
export function explainFailure(
  error: unknown,
  trace: HookTrace,
  cgroup: CgroupManager,
): unknown {
  if (outOfMemory(cgroup)) {
    const text = "container init was OOM-killed (memory limit too low?)";
    return new RuntimeError("state", text, { cause: error });
  }
  if (!(error instanceof ProgramError) || trace.status === undefined) {
    return error;
  }
  const [, index] = /^\/hooks\/createContainer\/(\d+)$/.exec(
    error.pointer ?? "",
  ) ?? [];
  if (index === undefined) return error;
  return hookFailure("createContainer", Number(index), {
    waitStatus: trace.status,
    output: trace.output === undefined
      ? ""
      : new TextDecoder().decode(readMemoryFile(trace.output)).trim(),
    timedOut: trace.timedOut ?? false,
  });
}

function outOfMemory(cgroup: CgroupManager): boolean {
  try {
    return cgroup.oomKillCount() > 0;
  } catch {
    return false; // the cgroup is gone, or has no memory controller
  }
}
