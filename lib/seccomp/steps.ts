/**
 * Loading the system call filter, as a step.
 *
 * @module
 */
import {
  SECCOMP_FILTER_FLAG_LOG,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW,
  SECCOMP_SET_MODE_FILTER,
} from "../../ffi/abi/seccomp.ts";
import { block, flags, type ProgramBuilder } from "../../init/builder.ts";
import type { SeccompFlag, Spec } from "../spec/types.ts";
import { INSTRUCTION_SIZE } from "./assembler.ts";
import { compileFilter } from "./compile.ts";

/** struct sock_fprog, <linux/filter.h>: the count in 16 bits, the address from byte 8 on. */
const SOCK_FPROG_SIZE = 16;

/** What each flag is for the kernel. */
const FLAG_BITS: Readonly<Record<SeccompFlag, number>> = {
  // Init has one thread: there is nothing to synchronize.
  SECCOMP_FILTER_FLAG_TSYNC: 0,
  SECCOMP_FILTER_FLAG_LOG,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW,
  // About the wait for a listener's answer; refused by the kernel where there is no listener.
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 0,
};

/** As runc has it: speculation stays allowed unless flags are given, even none. */
const DEFAULT_FLAGS: readonly SeccompFlag[] = [
  "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
];

/**
 * Loads the filter, if there is one. What stands behind it may only make calls that every filter allows.
 *
 * Preconditions: no_new_privs is set, or CAP_SYS_ADMIN is still there.
 *
 * @throws {ConfigError} if the filter is too large
 */
export function loadFilter(b: ProgramBuilder, spec: Spec): void {
  const seccomp = spec.linux?.seccomp;
  if (seccomp === undefined) return;
  const filter = compileFilter(seccomp, b.arch);
  const count = filter.length / INSTRUCTION_SIZE;
  const program = new Uint8Array(SOCK_FPROG_SIZE);
  new DataView(program.buffer).setUint16(0, count, true);
  const bits = (seccomp.flags ?? DEFAULT_FLAGS).reduce(
    (sum, flag) => sum | FLAG_BITS[flag],
    0,
  );
  const label = `filter of ${count} instructions`;
  b.section("load the system call filter", "/linux/seccomp", () => {
    b.call("seccomp", [
      SECCOMP_SET_MODE_FILTER,
      bits === 0 ? 0 : flags(bits, FLAG_BITS),
      block(label, program, [{ offset: 8, to: block(label, filter) }]),
    ]);
  });
}
