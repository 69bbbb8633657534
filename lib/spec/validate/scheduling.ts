/**
 * Rules about scheduling, I/O priority, CPU affinity, memory policy and personality.
 *
 * @module
 */
import { parseCpuList } from "../cpu_list.ts";
import { quote } from "../pointer.ts";
import type { IoPriority, MemoryPolicy, Scheduler } from "../types.ts";
import type { RuleContext } from "./context.ts";

function checkScheduler({ problems }: RuleContext, scheduler: Scheduler): void {
  const { policy, nice = 0, priority = 0 } = scheduler;
  const pointer = "/process/scheduler";
  if (policy === "SCHED_ISO") {
    problems.refuse(
      `${pointer}/policy`,
      "SCHED_ISO is reserved, but not implemented by Linux",
    );
  }
  if (
    (policy === "SCHED_OTHER" || policy === "SCHED_BATCH") &&
    (nice < -20 || nice > 19)
  ) {
    problems.refuse(
      `${pointer}/nice`,
      `invalid scheduler.nice: ${nice} when scheduler.policy is ${policy}, expected -20 to 19`,
    );
  }
  if (policy === "SCHED_FIFO" || policy === "SCHED_RR") {
    if (priority < 1 || priority > 99) {
      problems.refuse(
        `${pointer}/priority`,
        `got ${priority}, expected 1 to 99 for ${policy}`,
      );
    }
  } else if (priority !== 0) {
    problems.refuse(
      `${pointer}/priority`,
      "scheduler.priority can only be specified for SchedFIFO or SchedRR policy",
    );
  }
  checkDeadline({ problems }, scheduler);
}

function checkDeadline(
  { problems }: Pick<RuleContext, "problems">,
  scheduler: Scheduler,
): void {
  const { policy, runtime = 0, deadline = 0, period = 0 } = scheduler;
  const pointer = "/process/scheduler";
  if (policy !== "SCHED_DEADLINE") {
    if (BigInt(runtime) + BigInt(deadline) + BigInt(period) === 0n) return;
    problems.refuse(
      pointer,
      "scheduler runtime/deadline/period can only be specified for SchedDeadline policy",
    );
    return;
  }
  if (
    runtime < 1 || deadline < runtime || (period !== 0 && period < deadline)
  ) {
    problems.refuse(
      pointer,
      `got runtime ${runtime}, deadline ${deadline}, period ${period}, expected ` +
        "0 < runtime <= deadline <= period",
    );
  }
}

function checkIoPriority(
  { problems }: RuleContext,
  { priority }: IoPriority,
): void {
  if (priority >= 0 && priority <= 7) return;
  problems.refuse(
    "/process/ioPriority/priority",
    `invalid ioPriority.Priority: ${priority}, expected 0 to 7`,
  );
}

function checkList(
  { problems }: RuleContext,
  pointer: string,
  text: string,
): number {
  try {
    return parseCpuList(text).length;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.refuse(
      pointer,
      `${quote(text)} ${error.message}, expected a list such as 0-3,7`,
    );
    return 1;
  }
}

function checkMemoryPolicy(context: RuleContext, policy: MemoryPolicy): void {
  const { mode, nodes = "", flags = [] } = policy;
  const { problems } = context;
  const count = checkList(context, "/linux/memoryPolicy/nodes", nodes);
  if (mode === "MPOL_DEFAULT" || mode === "MPOL_LOCAL") {
    if (count > 0) {
      problems.refuse("/linux/memoryPolicy/nodes", `${mode} takes no nodes`);
    }
  } else if (mode !== "MPOL_PREFERRED" && count === 0) {
    problems.refuse(
      "/linux/memoryPolicy/nodes",
      `${mode} needs at least one node`,
    );
  }
  if (
    flags.includes("MPOL_F_STATIC_NODES") &&
    flags.includes("MPOL_F_RELATIVE_NODES")
  ) {
    problems.refuse(
      "/linux/memoryPolicy/flags",
      "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other",
    );
  }
  const balanced = mode === "MPOL_BIND" || mode === "MPOL_PREFERRED_MANY";
  if (flags.includes("MPOL_F_NUMA_BALANCING") && !balanced) {
    problems.refuse(
      "/linux/memoryPolicy/flags",
      `MPOL_F_NUMA_BALANCING needs MPOL_BIND or MPOL_PREFERRED_MANY, got ${mode}`,
    );
  }
}

/** Checks what decides where and when the process runs. */
export function schedulingRules(context: RuleContext): void {
  const { spec: { process, linux }, problems } = context;
  if (process?.scheduler !== undefined) {
    checkScheduler(context, process.scheduler);
  }
  if (process?.ioPriority !== undefined) {
    checkIoPriority(context, process.ioPriority);
  }
  for (const name of ["initial", "final"] as const) {
    const pointer = `/process/execCPUAffinity/${name}`;
    checkList(context, pointer, process?.execCPUAffinity?.[name] ?? "");
  }
  if (linux?.memoryPolicy !== undefined) {
    checkMemoryPolicy(context, linux.memoryPolicy);
  }
  if ((linux?.personality?.flags ?? []).length > 0) {
    problems.warn(
      "/linux/personality/flags",
      "ignoring unsupported personality flags",
    );
  }
}
