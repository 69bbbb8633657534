/**
 * Failures of a launch, told by what is known besides the error.
 *
 * @module
 */
import { readMemoryFile } from "../../ffi/memfd.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { ProgramError } from "../../init/failure.ts";
import type { CgroupManager } from "../cgroups/mod.ts";
import { RuntimeError } from "../errors.ts";
import { hookFailure } from "../hooks/failure.ts";
import type { HookTrace } from "./handler_context.ts";
import type { Host } from "./host.ts";

/**
 * The error to throw for one that ended a launch. To be asked while the cgroup is there.
 *
 * @param sinceMs when the launch began, as `Date.now()` has it: earlier containers had the same name, perhaps
 * @param killedBefore how many of the container's processes had been killed for want of memory by then
 */
export async function explainFailure(
  error: unknown,
  trace: HookTrace,
  cgroup: CgroupManager,
  sinceMs?: number,
  killedBefore = 0,
): Promise<unknown> {
  if (oomKills(cgroup) > killedBefore) {
    const detail = await whoseMemory(cgroup, sinceMs);
    const text =
      `container init was OOM-killed (memory limit too low?)${detail}`;
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

/**
 * The same for a user without privileges, to whom the kernel may have refused something because of how this host treats
 * user namespaces.
 *
 * @param hintOf says what is known; by default this host's settings
 */
export async function explainRefusal(
  error: unknown,
  { euid }: Pick<Host, "euid">,
  hintOf?: () => string | undefined,
): Promise<unknown> {
  const isCall = error instanceof ProgramError || error instanceof SyscallError;
  if (euid === 0 || !isCall || !/\b(EPERM|EACCES)\b/.test(error.message)) {
    return error;
  }
  const { refusalHint } = await import("../namespaces/preflight.ts");
  const hint = (hintOf ?? refusalHint)();
  if (hint === undefined) return error;
  const text = `${error.message}; ${hint}`;
  return new RuntimeError(error.kind, text, { cause: error });
}

/** How many processes were killed for want of memory; 0 if the cgroup is gone, or has no memory controller. */
export function oomKills(cgroup: CgroupManager): number {
  try {
    return cgroup.oomKillCount();
  } catch {
    return 0;
  }
}

/** Whose limit it was, and who was killed, as far as that is known. */
async function whoseMemory(
  cgroup: CgroupManager,
  sinceMs: number | undefined,
): Promise<string> {
  const { oomReport } = await import("../cgroups/oom/report.ts");
  const { oomText } = await import("../cgroups/oom/text.ts");
  try {
    const report = oomReport(cgroup.toJSON(), { sinceMs });
    return report === undefined ? "" : `: ${oomText(report)}`;
  } catch (error) {
    if (error instanceof SyscallError) return ""; // it was only to say more
    throw error;
  }
}
