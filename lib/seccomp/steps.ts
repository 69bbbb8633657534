/**
 * Loading the system call filter, as steps.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import {
  SECCOMP_FILTER_FLAG_LOG,
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
  SECCOMP_SET_MODE_FILTER,
} from "../../ffi/abi/seccomp.ts";
import { block, flags, type ProgramBuilder } from "../../init/builder.ts";
import type { Operand } from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { awaitAnswer, notify } from "../../init/upcall.ts";
import type { Seccomp, SeccompFlag, Spec } from "../spec/types.ts";
import { INSTRUCTION_SIZE } from "./assembler.ts";
import { compileFilter } from "./compile.ts";

/** struct sock_fprog, <linux/filter.h>: the count in 16 bits, the address from byte 8 on. */
const SOCK_FPROG_SIZE = 16;

/** What each flag is for the kernel. */
const FLAG_BITS: Readonly<Record<SeccompFlag, number>> = {
  // A filter comes to the thread that executes the container's program. Init has no other; of a re-executed init all
  // others end there, and V8's would not live behind the filter. Nor does the kernel give a listener beside this flag.
  SECCOMP_FILTER_FLAG_TSYNC: 0,
  SECCOMP_FILTER_FLAG_LOG,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
};
const KERNEL_FLAGS: Readonly<Record<string, number>> = {
  ...FLAG_BITS,
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
};

/** As runc has it: speculation stays allowed unless flags are given, even none. */
const DEFAULT_FLAGS: readonly SeccompFlag[] = [
  "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
];

/**
 * Loads the filter, if there is one. What stands behind it may only make calls that every filter allows.
 *
 * If calls are to be answered by an agent, its listener is handed to the parent right behind. Until the parent has told
 * the agent, only write(2) is called, which therefore can't be one of those calls; read(2), which waits for the parent,
 * may wait for the agent as well.
 *
 * Preconditions: no_new_privs is set, or CAP_SYS_ADMIN is still there.
 *
 * @param sync number of the sync socket
 * @throws {ConfigError} if the filter is too large
 */
export function loadFilter(b: ProgramBuilder, spec: Spec, sync: number): void {
  const seccomp = spec.linux?.seccomp;
  if (seccomp === undefined) return;
  const filter = compileFilter(seccomp, b.arch);
  const count = filter.length / INSTRUCTION_SIZE;
  const program = new Uint8Array(SOCK_FPROG_SIZE);
  new DataView(program.buffer).setUint16(0, count, true);
  const bits = filterFlags(seccomp);
  const label = `filter of ${count} instructions`;
  const operands: Operand[] = [
    SECCOMP_SET_MODE_FILTER,
    bits === 0 ? 0 : flags(bits, KERNEL_FLAGS),
    block(label, program, [{ offset: 8, to: block(label, filter) }]),
  ];
  let listener!: Operand;
  b.section("load the system call filter", "/linux/seccomp", () => {
    listener = asksAgent(seccomp)
      ? loadAsking(b, operands)
      : b.call("seccomp", operands);
  });
  if (!asksAgent(seccomp)) return;
  b.section("tell the seccomp agent", "/linux/seccomp/listenerPath", () => {
    notify(b, sync, MESSAGE.LISTENER, listener);
    awaitAnswer(b, sync, MESSAGE.LISTENER);
    // The agent may refuse even this: then the exec closes it.
    b.call("close", [listener], { onError: { do: "continue", errnos: [] } });
  });
}

/** Loads a filter that has a listener; gives its number. */
function loadAsking(b: ProgramBuilder, operands: readonly Operand[]): Operand {
  const [second, loaded] = [b.label("second agent"), b.label("loaded")];
  const listener = b.call("seccomp", operands, {
    onError: { do: "jump", errnos: ["EBUSY"], to: second },
  });
  b.jump(loaded);
  b.place(second);
  b.fail(
    ERRNO.EBUSY,
    "a filter that the runtime itself is under has a seccomp agent already, and the kernel takes one for a process",
  );
  b.place(loaded);
  return listener;
}

/** Whether an agent is to answer calls. */
function asksAgent({ syscalls = [] }: Seccomp): boolean {
  return syscalls.some(({ action }) => action === "SCMP_ACT_NOTIFY");
}

function filterFlags(seccomp: Seccomp): number {
  const bits = (seccomp.flags ?? DEFAULT_FLAGS).reduce(
    (sum, flag) => sum | FLAG_BITS[flag],
    0,
  );
  return asksAgent(seccomp)
    ? bits | SECCOMP_FILTER_FLAG_NEW_LISTENER
    // About the wait for an agent's answer: the kernel refuses it where there is no listener.
    : bits & ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}
