import { assert, assertEquals, assertMatch } from "../../lib/deps/assert.ts";
import { checkConstants, checkLayouts } from "../../scripts/check_abi.ts";
import { compilers } from "../../scripts/abi/probe.ts";
import { ERRNO, errnoName, errnoText } from "./errno.ts";
import { CLONE_INTO_CGROUP, CLONE_NEWNET } from "./sched.ts";
import { signalName, signalNumber } from "./signal.ts";
import { type SyscallName, syscallName, SYSCALLS } from "./syscalls.ts";

const noCompiler = compilers().length === 0;

/** Registers a test that needs the C compiler. */
function withCompiler(name: string, fn: () => void | Promise<void>): void {
  if (noCompiler) console.log(`SKIP ${name}: no C compiler here`);
  Deno.test({ name, ignore: noCompiler, fn });
}

withCompiler(
  "constants of ffi/abi have the values of the C headers",
  async () => {
    const { compared, differing, arches } = await checkConstants();
    assertEquals(differing, []);
    assert(compared > 1000 * arches.length, `only ${compared} compared`);
  },
);

withCompiler(
  "checkLayouts() reports a wrong size and a wrong offset, and no right one",
  () => {
    const headers = ["linux/openat2.h"];
    const type = "struct open_how";
    const right = { flags: 0, mode: 8, resolve: 16 };
    assertEquals(
      checkLayouts([{ headers, type, size: 24, offsets: right }]),
      [],
    );
    const lines = checkLayouts([
      { headers, type, size: 32, offsets: { ...right, mode: 4 } },
    ]);
    assertMatch(lines[0] ?? "", /^struct open_how has 32 bytes here, 24 on /);
    assertMatch(
      lines[1] ?? "",
      /^struct open_how\.mode is at 4 here, at 8 on /,
    );
  },
);

Deno.test("errnoName() and errnoText() know every number, and say so when they don't", () => {
  assertEquals(errnoName(ERRNO.ENOENT), "ENOENT");
  assertEquals(errnoText(ERRNO.ENOENT), "no such file or directory");
  assertEquals(errnoText(ERRNO.EPERM), "operation not permitted");
  assertEquals(errnoName(ERRNO.EWOULDBLOCK), "EAGAIN");
  assertEquals(errnoName(ERRNO.ENOTSUP), "EOPNOTSUPP");
  assertEquals(errnoName(4095), "E4095");
  assertEquals(errnoText(4095), "unknown error 4095");
  for (const number of Object.values(ERRNO)) {
    assert(!errnoText(number).startsWith("unknown"), `${number}`);
  }
});

Deno.test("SYSCALLS has the calls of each architecture, and lacks what it lacks", () => {
  assertEquals(SYSCALLS.x86_64.mount, 165);
  assertEquals(SYSCALLS.aarch64.mount, 40);
  assertEquals(SYSCALLS.aarch64.mkdir, undefined);
  assertEquals(SYSCALLS.x86_64.fchmodat2, 452);
  // @ts-expect-error a name that no architecture has is a type error
  const none: SyscallName = "mountt";
  assert(!(none in SYSCALLS.x86_64));
});

Deno.test("syscallName() names numbers by architecture", () => {
  assertEquals(syscallName("x86_64", 165), "mount");
  assertEquals(syscallName("aarch64", 40), "mount");
  assertEquals(syscallName("x86_64", 9999), "syscall_9999");
});

Deno.test("flags above 32 bits are bigints, which can't be cut short by |", () => {
  assertEquals(CLONE_INTO_CGROUP, 0x2_0000_0000n);
  assertEquals(CLONE_NEWNET, 0x4000_0000);
});

Deno.test("signalNumber() takes names with or without SIG, in any case, and nothing else", () => {
  assertEquals(signalNumber("SIGTERM"), 15);
  assertEquals(signalNumber("term"), 15);
  assertEquals(signalNumber("SIG"), undefined);
  assertEquals(signalNumber("toString"), undefined);
  assertEquals(signalNumber("SIGRTMIN"), undefined);
  assertEquals(signalName(9), "SIGKILL");
  assertEquals(signalName(29), "SIGIO");
  assertEquals(signalName(34), undefined);
});
