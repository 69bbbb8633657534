import { SYSCALLS } from "../../ffi/abi/syscalls.ts";
import {
  assert,
  assertEquals,
  assertLess,
  assertThrows,
} from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { Seccomp, SeccompOperator } from "../spec/types.ts";
import { compileFilter } from "./compile.ts";
import { runFilter } from "./testdata/interpreter.ts";
import {
  arg,
  AUDIT,
  engineProfile,
  filter,
  RET,
  rule,
} from "./testdata/profiles.ts";

const EPERM = RET.errno | 1;
const ENOSYS = RET.errno | 38;
const X32 = 0x4000_0000;
const NR = SYSCALLS.x86_64;

/** What a filter says to a call of x86-64. */
function ask(seccomp: Seccomp, nr: number, args: bigint[] = []): number {
  const program = compileFilter(seccomp, "x86_64");
  return runFilter(program, { arch: AUDIT.x86_64, nr, args });
}

Deno.test("compileFilter() gives calls their actions, and all others the default", () => {
  const seccomp = filter([
    rule("read getppid"),
    rule("mkdir", "SCMP_ACT_KILL"),
    rule("rmdir", "SCMP_ACT_KILL_THREAD"),
    rule("rename", "SCMP_ACT_KILL_PROCESS"),
    rule("link", "SCMP_ACT_TRAP"),
    rule("symlink", "SCMP_ACT_LOG"),
    { ...rule("chmod", "SCMP_ACT_ERRNO"), errnoRet: 13 },
    { ...rule("chown", "SCMP_ACT_TRACE"), errnoRet: 300 },
    rule("umask", "SCMP_ACT_TRACE"),
  ], { defaultErrnoRet: 5 });
  const expected: [number, number][] = [
    [NR.read!, RET.allow],
    [NR.getppid!, RET.allow],
    [NR.mkdir!, RET.kill],
    [NR.rmdir!, RET.kill],
    [NR.rename!, RET.killProcess],
    [NR.link!, RET.trap],
    [NR.symlink!, RET.log],
    [NR.chmod!, RET.errno | 13],
    [NR.chown!, RET.trace | 300],
    [NR.umask!, RET.trace | 1],
    [NR.write!, RET.errno | 5],
    [NR.getdents!, RET.errno | 5],
  ];
  for (const [nr, value] of expected) assertEquals(ask(seccomp, nr), value);
});

Deno.test("compileFilter() passes over names that are unknown, even those of every object", () => {
  const names = "no_such_call constructor __proto__ toString mkdir";
  const seccomp = filter([rule(names, "SCMP_ACT_ERRNO")], {
    defaultAction: "SCMP_ACT_ALLOW",
  });
  assertEquals(ask(seccomp, NR.mkdir!), EPERM);
  assertEquals(ask(seccomp, NR.read!), RET.allow);
  assertEquals(ask(filter([]), NR.read!), EPERM);
});

Deno.test("compileFilter() kills calls of architectures that it is not made for", () => {
  const open = filter([], { defaultAction: "SCMP_ACT_ALLOW" });
  const native = compileFilter(open, "x86_64");
  for (const arch of [AUDIT.i386, AUDIT.aarch64, AUDIT.arm, 0, 0xffff_ffff]) {
    assertEquals(runFilter(native, { arch, nr: 0 }), RET.kill);
  }
  assertEquals(runFilter(native, { arch: AUDIT.x86_64, nr: 0 }), RET.allow);
  const foreign = compileFilter(
    { ...open, architectures: ["SCMP_ARCH_S390X", "SCMP_ARCH_AARCH64"] },
    "x86_64",
  );
  assertEquals(foreign, native);
  assertEquals(ask(open, X32), RET.kill);
  assertEquals(ask(open, 0xffff_ffff), RET.allow);
});

Deno.test("compileFilter() uses each listed architecture's own numbers", () => {
  const seccomp = filter([rule("mkdir", "SCMP_ACT_KILL_PROCESS")], {
    architectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_ARM"],
    defaultAction: "SCMP_ACT_ALLOW",
  });
  const x86 = compileFilter(seccomp, "x86_64");
  const arm = compileFilter(seccomp, "aarch64");
  const ends = (program: typeof x86, arch: number): number[] =>
    [39, 83, X32 + 83].filter((nr) =>
      runFilter(program, { arch, nr }) === RET.killProcess
    );
  assertEquals(ends(x86, AUDIT.x86_64), [83, X32 + 83]);
  assertEquals(ends(x86, AUDIT.i386), [39]);
  assertEquals(ends(arm, AUDIT.arm), [39]);
  // AArch64 has no mkdir(2).
  assertEquals(ends(arm, AUDIT.aarch64), []);
});

Deno.test("compileFilter() applies i386's rules to socketcall(2) and ipc(2)", () => {
  const seccomp = filter([rule("connect accept shmget")], {
    architectures: ["SCMP_ARCH_X86"],
  });
  const program = compileFilter(seccomp, "x86_64");
  const i386 = (nr: number, selector: bigint): number =>
    runFilter(program, { arch: AUDIT.i386, nr, args: [selector] });
  assertEquals(i386(362, 0n), RET.allow);
  assertEquals([1n, 3n, 5n].map((n) => i386(102, n)), [
    EPERM,
    RET.allow,
    RET.allow,
  ]);
  assertEquals([22n, 23n].map((n) => i386(117, n)), [EPERM, RET.allow]);
});

/** A value, and arguments that an operator holds for, of those around it. */
const AROUND = [
  0n,
  1n,
  0xffff_fffen,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1_0000_0001n,
  0x1_ffff_ffffn,
  0x2_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];
const HOLDS: Record<SeccompOperator, (a: bigint, b: bigint) => boolean> = {
  SCMP_CMP_NE: (a, b) => a !== b,
  SCMP_CMP_LT: (a, b) => a < b,
  SCMP_CMP_LE: (a, b) => a <= b,
  SCMP_CMP_EQ: (a, b) => a === b,
  SCMP_CMP_GE: (a, b) => a >= b,
  SCMP_CMP_GT: (a, b) => a > b,
  SCMP_CMP_MASKED_EQ: (a, b) => (a & b) === b,
};

for (const [name, holds] of Object.entries(HOLDS)) {
  const op = name as SeccompOperator;
  Deno.test(`compileFilter() compares all 64 bits: ${op}`, () => {
    for (const value of AROUND) {
      const two = op === "SCMP_CMP_MASKED_EQ" ? value : undefined;
      const seccomp = filter([
        rule("mkdir", "SCMP_ACT_ALLOW", [arg(5, op, value, two)]),
      ]);
      const program = compileFilter(seccomp, "x86_64");
      for (const actual of AROUND) {
        const args = [7n, 7n, 7n, 7n, 7n, actual];
        assertEquals(
          runFilter(program, { arch: AUDIT.x86_64, nr: NR.mkdir!, args }),
          holds(actual, value) ? RET.allow : EPERM,
          `${actual} ${op} ${value}`,
        );
      }
    }
  });
}

Deno.test("compileFilter() counts only the bits of the mask, in the value too", () => {
  const seccomp = filter([
    rule("mkdir", "SCMP_ACT_ALLOW", [
      arg(0, "SCMP_CMP_MASKED_EQ", 0xf0n << 32n | 0x0fn, 0x1_10n << 32n | 3n),
    ]),
  ]);
  const mkdir = (value: bigint): number => ask(seccomp, NR.mkdir!, [value]);
  assertEquals(mkdir(0x10n << 32n | 3n), RET.allow);
  assertEquals(mkdir(0x2fn << 32n | 3n), EPERM);
  assertEquals(mkdir(0x10n << 32n | 0xf2n), EPERM);
  assertEquals(mkdir(0xff1fn << 32n | 0xffff_fff3n), RET.allow);
  const anything = filter([
    rule("mkdir", "SCMP_ACT_ALLOW", [arg(0, "SCMP_CMP_MASKED_EQ", 0, 0)]),
  ]);
  assertEquals(ask(anything, NR.mkdir!, [123n]), RET.allow);
});

Deno.test("compileFilter() wants all conditions, but any of those about one argument", () => {
  const both = filter([
    rule("mkdir", "SCMP_ACT_ALLOW", [
      arg(0, "SCMP_CMP_EQ", 1),
      arg(1, "SCMP_CMP_EQ", 2),
    ]),
  ]);
  assertEquals(ask(both, NR.mkdir!, [1n, 2n]), RET.allow);
  assertEquals(ask(both, NR.mkdir!, [1n, 3n]), EPERM);
  assertEquals(ask(both, NR.mkdir!, [2n, 2n]), EPERM);
  const any = filter([
    rule("mkdir", "SCMP_ACT_ALLOW", [
      arg(0, "SCMP_CMP_EQ", 1),
      arg(0, "SCMP_CMP_EQ", 2),
    ]),
  ]);
  assertEquals([0n, 1n, 2n, 3n].map((n) => ask(any, NR.mkdir!, [n])), [
    EPERM,
    RET.allow,
    RET.allow,
    EPERM,
  ]);
});

Deno.test("compileFilter() puts a rule without conditions before others of its call", () => {
  const condition = [arg(0, "SCMP_CMP_EQ", 1)];
  const special = rule("mkdir", "SCMP_ACT_TRAP", condition);
  for (
    const rules of [[rule("mkdir"), special], [special, rule("mkdir")]]
  ) {
    assertEquals(ask(filter(rules), NR.mkdir!, [1n]), RET.allow);
  }
  const two = [rule("mkdir", "SCMP_ACT_LOG"), rule("mkdir")];
  assertEquals(ask(filter(two), NR.mkdir!), RET.log);
});

Deno.test("compileFilter() answers ENOSYS above the largest number of the profile", () => {
  const seccomp = filter([
    rule("read openat2"),
    rule("close", "SCMP_ACT_KILL"),
  ]);
  assertEquals(ask(seccomp, NR.openat2!), RET.allow);
  assertEquals(ask(seccomp, NR.openat2! - 1), EPERM);
  const above = [NR.openat2! + 1, 1000, X32 - 1];
  for (const nr of above) assertEquals(ask(seccomp, nr), ENOSYS);
  assertEquals(ask(seccomp, X32), RET.kill);
  assertEquals(ask(seccomp, 0xffff_ffff), EPERM);
  const both: Seccomp = { ...seccomp, architectures: ["SCMP_ARCH_X32"] };
  assertEquals(
    [438, X32, X32 + 2, X32 + 437, X32 + 438].map((nr) => ask(both, nr)),
    [ENOSYS, RET.allow, EPERM, RET.allow, ENOSYS],
  );
  // A rule that says the same as the default counts as well.
  const same = filter([rule("read"), rule("openat2", "SCMP_ACT_ERRNO")]);
  assertEquals(ask(same, NR.openat2!), EPERM);
  assertEquals(ask(same, NR.openat2! + 1), ENOSYS);
  const kill = filter([rule("read")], { defaultAction: "SCMP_ACT_KILL" });
  assertEquals(ask(kill, 1), ENOSYS);
});

Deno.test("compileFilter() leaves high numbers to a default that lets calls through", () => {
  const cases: [Partial<Seccomp>, number][] = [
    [{ defaultAction: "SCMP_ACT_ALLOW" }, RET.allow],
    [{ defaultAction: "SCMP_ACT_LOG" }, RET.log],
    [{ defaultAction: "SCMP_ACT_TRACE" }, RET.trace | 1],
    [{ defaultErrnoRet: 38 }, ENOSYS],
  ];
  for (const [more, value] of cases) {
    assertEquals(
      ask(filter([rule("read", "SCMP_ACT_TRAP")], more), 400),
      value,
    );
  }
});

Deno.test("compileFilter() keeps ARM's private calls apart from new ones", () => {
  const seccomp = filter([rule("read set_tls")], {
    architectures: ["SCMP_ARCH_ARM"],
  });
  const program = compileFilter(seccomp, "aarch64");
  const arm = (nr: number): number =>
    runFilter(program, { arch: AUDIT.arm, nr });
  assertEquals([2, 3, 4, 0xe_ffff].map(arm), [
    EPERM,
    RET.allow,
    ENOSYS,
    ENOSYS,
  ]);
  assertEquals([0xf_0002, 0xf_0005, 0xf_0006].map(arm), [
    EPERM,
    RET.allow,
    EPERM,
  ]);
});

for (const arch of ["x86_64", "aarch64"] as const) {
  Deno.test(`compileFilter() makes a small program of an engine's profile: ${arch}`, () => {
    const profile = engineProfile(arch);
    const program = compileFilter(profile, arch);
    assertLess(program.length / 8, 320);
    const [allowed] = profile.syscalls!;
    for (const [name, nr] of Object.entries(SYSCALLS[arch])) {
      const value = runFilter(program, { arch: AUDIT[arch], nr });
      const allows = allowed!.names.includes(name) ||
        "socket clone personality".split(" ").includes(name);
      if (name === "clone3" || nr > 449) assertEquals(value, ENOSYS, name);
      else assertEquals(value, allows ? RET.allow : EPERM, name);
    }
    const clone = { arch: AUDIT[arch], nr: SYSCALLS[arch].clone! };
    assertEquals(runFilter(program, { ...clone, args: [17n] }), RET.allow);
    assertEquals(
      runFilter(program, { ...clone, args: [0x1000_0000n] }),
      EPERM,
    );
  });
}

Deno.test("compileFilter() reaches every rule of a program that is longer than a jump", () => {
  const names = Object.keys(NR).filter((name) => NR[name as "read"]! < 330);
  const seccomp = filter(names.map((name, i) =>
    rule(name, "SCMP_ACT_ALLOW", [
      arg(i % 6, "SCMP_CMP_EQ", BigInt(i) << 31n),
    ])
  ));
  const program = compileFilter(seccomp, "x86_64");
  assert(program.length / 8 > 1000);
  names.forEach((name, i) => {
    const call = { arch: AUDIT.x86_64, nr: NR[name as "read"]! };
    const args = [1n, 1n, 1n, 1n, 1n, 1n];
    assertEquals(runFilter(program, { ...call, args }), EPERM, name);
    args[i % 6] = BigInt(i) << 31n;
    assertEquals(runFilter(program, { ...call, args }), RET.allow, name);
  });
});

Deno.test("compileFilter() refuses a program that is larger than the kernel takes", () => {
  const many = Array.from(
    { length: 1100 },
    (_, i) => rule("mkdir", "SCMP_ACT_ALLOW", [arg(0, "SCMP_CMP_EQ", i)]),
  );
  const error = assertThrows(
    () => compileFilter(filter(many), "x86_64"),
    ConfigError,
    "the kernel takes 4096",
  );
  assertEquals(error.pointer, "/linux/seccomp");
  compileFilter(filter(many.slice(0, 1000)), "x86_64");
});
