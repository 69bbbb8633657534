/**
 * Attributes that the process keeps across exec: scheduling, I/O priority, personality, memory policy.
 *
 * @module
 */
import {
  IOPRIO_CLASS_BE,
  IOPRIO_CLASS_IDLE,
  IOPRIO_CLASS_RT,
  IOPRIO_CLASS_SHIFT,
  IOPRIO_WHO_PROCESS,
} from "../../ffi/abi/ioprio.ts";
import * as mempolicy from "../../ffi/abi/mempolicy.ts";
import { PR_SET_NO_NEW_PRIVS } from "../../ffi/abi/prctl.ts";
import { PER_LINUX, PER_LINUX32 } from "../../ffi/abi/personality.ts";
import * as sched from "../../ffi/abi/sched.ts";
import { block, type ProgramBuilder } from "../../init/builder.ts";
import { parseCpuList } from "../spec/cpu_list.ts";
import type {
  IoPriority,
  MemoryPolicy,
  Personality,
  Process,
  Scheduler,
  Spec,
} from "../spec/types.ts";

/** Adds the steps for whatever the configuration sets of these. They stand before seccomp, which might forbid them. */
export function setAttributes(b: ProgramBuilder, spec: Spec): void {
  const { scheduler, ioPriority } = spec.process!;
  if (scheduler !== undefined) {
    setScheduler(b, scheduler, spec.linux?.resources?.cpu?.cpus);
  }
  if (ioPriority !== undefined) setIoPriority(b, ioPriority);
  if (spec.linux?.personality !== undefined) {
    setPersonality(b, spec.linux.personality);
  }
  if (spec.linux?.memoryPolicy !== undefined) {
    setMemoryPolicy(b, spec.linux.memoryPolicy);
  }
}

const POLICIES: Readonly<Record<Scheduler["policy"], number>> = {
  SCHED_OTHER: sched.SCHED_NORMAL,
  SCHED_FIFO: sched.SCHED_FIFO,
  SCHED_RR: sched.SCHED_RR,
  SCHED_BATCH: sched.SCHED_BATCH,
  SCHED_ISO: 4, // reserved by the kernel, which answers EINVAL
  SCHED_IDLE: sched.SCHED_IDLE,
  SCHED_DEADLINE: sched.SCHED_DEADLINE,
};

/** struct sched_attr, <linux/sched/types.h>, version 0: 48 bytes. */
function setScheduler(
  b: ProgramBuilder,
  scheduler: Scheduler,
  cpus = "",
): void {
  const size = 48;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const attributeFlags = (scheduler.flags ?? []).reduce(
    (bits, name) => bits | sched[name],
    0,
  );
  view.setUint32(0, size, true);
  view.setUint32(4, POLICIES[scheduler.policy], true);
  view.setBigUint64(8, BigInt(attributeFlags), true);
  view.setInt32(16, scheduler.nice ?? 0, true);
  view.setUint32(20, scheduler.priority ?? 0, true);
  view.setBigUint64(24, BigInt(scheduler.runtime ?? 0), true);
  view.setBigUint64(32, BigInt(scheduler.deadline ?? 0), true);
  view.setBigUint64(40, BigInt(scheduler.period ?? 0), true);
  // sched_setattr(2): EPERM unless the process may run on all CPUs of the system.
  const hint = scheduler.policy === "SCHED_DEADLINE" && cpus !== ""
    ? ` (it needs all CPUs, /linux/resources/cpu/cpus leaves ${cpus})`
    : "";
  b.section(
    `set the scheduling policy ${scheduler.policy}${hint}`,
    "/process/scheduler",
    () => {
      b.call("sched_setattr", [0, block("sched_attr", bytes), 0]);
    },
  );
}

const IO_CLASSES: Readonly<Record<IoPriority["class"], number>> = {
  IOPRIO_CLASS_RT,
  IOPRIO_CLASS_BE,
  IOPRIO_CLASS_IDLE,
};

function setIoPriority(
  b: ProgramBuilder,
  { class: name, priority }: IoPriority,
): void {
  b.section(
    `set the I/O priority ${name} ${priority}`,
    "/process/ioPriority",
    () => {
      b.call("ioprio_set", [
        IOPRIO_WHO_PROCESS,
        0,
        IO_CLASSES[name] << IOPRIO_CLASS_SHIFT | priority,
      ]);
    },
  );
}

function setPersonality(b: ProgramBuilder, { domain }: Personality): void {
  b.section(`set the personality ${domain}`, "/linux/personality", () => {
    b.call("personality", [domain === "LINUX32" ? PER_LINUX32 : PER_LINUX]);
  });
}

/** The kernel's own count of nodes may be larger or smaller; bits that it does not have must be 0. */
const LEAST_NODES = 1024;

/** Bits of the nodes, in whole words: `nodemask` of set_mempolicy(2). */
function nodeMask(nodes: readonly number[]): Uint8Array<ArrayBuffer> {
  const last = nodes.at(-1) ?? 0;
  const words = Math.ceil(Math.max(LEAST_NODES, last + 1) / 64);
  const mask = new Uint8Array(8 * words);
  for (const node of nodes) mask[node >> 3]! |= 1 << (node & 7);
  return mask;
}

/** set_mempolicy(2). Its `maxnode` counts one bit more than it reads. */
function setMemoryPolicy(
  b: ProgramBuilder,
  { mode, nodes, flags }: MemoryPolicy,
): void {
  const value = (flags ?? []).reduce(
    (bits, name) => bits | mempolicy[name],
    mempolicy[mode] as number,
  );
  const numbers = parseCpuList(nodes ?? "");
  const mask = nodeMask(numbers);
  const operands = numbers.length === 0
    ? [0, 0]
    : [block("node mask", mask), 8 * mask.length + 1];
  b.section(`set the memory policy ${mode}`, "/linux/memoryPolicy", () => {
    b.call("set_mempolicy", [value, ...operands]);
  });
}

/** Sets no_new_privs, if asked to: exec gives no privileges from then on (prctl(2)). */
export function noNewPrivileges(
  b: ProgramBuilder,
  { noNewPrivileges: asked }: Process,
): void {
  if (asked !== true) return;
  b.section(
    "set no_new_privs",
    "/process/noNewPrivileges",
    () => b.call("prctl", [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0]),
  );
}
