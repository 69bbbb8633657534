import {
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
} from "../../ffi/abi/seccomp.ts";
import { kernelKnowsFilterFlag } from "../../ffi/seccomp.ts";
import { assert, assertEquals } from "../deps/assert.ts";
import { seccompSchema } from "../spec/schema_seccomp.ts";
import {
  SECCOMP_ACTIONS,
  SECCOMP_ARCHS,
  SECCOMP_KNOWN_FLAGS,
  SECCOMP_OPERATORS,
  supportedSeccompFlags,
} from "./supported.ts";

Deno.test("the lists of what is supported are what a configuration may have", () => {
  const config = {
    defaultAction: "SCMP_ACT_ALLOW",
    architectures: [...SECCOMP_ARCHS],
    flags: [...SECCOMP_KNOWN_FLAGS],
    syscalls: SECCOMP_ACTIONS.map((action) => ({
      names: ["read"],
      action,
      args: SECCOMP_OPERATORS.map((op) => ({ index: 0, value: 0, op })),
    })),
  };
  assert(seccompSchema.safeParse(config).success);
  const sizes = [SECCOMP_ACTIONS, SECCOMP_ARCHS, SECCOMP_OPERATORS]
    .map(({ length }) => length);
  assertEquals(sizes, [9, 23, 7]);
});

Deno.test("supportedSeccompFlags() leaves out what the kernel does not know", () => {
  const isOld = (bit: number): boolean =>
    bit !== SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  assertEquals(supportedSeccompFlags(isOld), [
    "SECCOMP_FILTER_FLAG_LOG",
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_TSYNC",
  ]);
});

Deno.test("kernelKnowsFilterFlag() tells flags from bits that no kernel has", () => {
  assert(kernelKnowsFilterFlag(SECCOMP_FILTER_FLAG_NEW_LISTENER));
  assertEquals(kernelKnowsFilterFlag(1 << 30), false);
  assertEquals(supportedSeccompFlags().length >= 3, true);
});
