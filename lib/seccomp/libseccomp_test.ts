/** Our filters beside those of libseccomp: both must say the same to every call. */
import { type Arch, SYSCALLS } from "../../ffi/abi/syscalls.ts";
import { SYSCALLS_ARM } from "../../ffi/abi/syscalls_arm.ts";
import { SYSCALLS_I386 } from "../../ffi/abi/syscalls_i386.ts";
import { SYSCALLS_X32 } from "../../ffi/abi/syscalls_x32.ts";
import { hasLibseccomp } from "../../ffi/testdata/libseccomp.ts";
import { assert, assertEquals } from "../deps/assert.ts";
import type {
  Seccomp,
  SeccompAction,
  SeccompArch,
  SeccompSyscall,
} from "../spec/types.ts";
import { architectureOf } from "./architectures.ts";
import { compileFilter } from "./compile.ts";
import {
  compare,
  isKnown,
  libseccompFilter,
} from "./testdata/beside_libseccomp.ts";
import { DEBIAN_PROFILE, debianProfile } from "./testdata/debian_profile.ts";
import { runFilter } from "./testdata/interpreter.ts";
import { arg, AUDIT, filter, RET, rule } from "./testdata/profiles.ts";
import {
  Chance,
  EDGES,
  randomArguments,
  randomProfile,
  SOUND_KINDS,
} from "./testdata/random_profile.ts";

const noLibrary = hasLibseccomp() ? undefined : "no libseccomp here";

function compared(
  name: string,
  fn: () => void,
  missing: string | undefined = noLibrary,
): void {
  if (missing !== undefined) console.log(`SKIP ${name}: ${missing}`);
  Deno.test({ name, ignore: missing !== undefined, fn });
}

const SUB_ARCHITECTURES: Record<Arch, SeccompArch[]> = {
  "x86_64": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  aarch64: ["SCMP_ARCH_ARM"],
};
const TABLES = {
  "x86_64": [SYSCALLS.x86_64, SYSCALLS_I386, SYSCALLS_X32],
  aarch64: [SYSCALLS.aarch64, SYSCALLS_ARM],
};
const ACTIONS: readonly SeccompAction[] = [
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_LOG",
  "SCMP_ACT_NOTIFY",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_TRAP",
];

/** Every name of an architecture and of those that run on it, as far as libseccomp knows it. */
function namesOf(arch: Arch): string[] {
  const names = TABLES[arch].flatMap((table) => Object.keys(table));
  return [...new Set(names)].filter(isKnown);
}

/** Arguments by chance for the calls that have rules with conditions; none for the others. */
function byChance(
  chance: Chance,
  seccomp: Seccomp,
  count: number,
): (audit: number, nr: number) => readonly bigint[][] {
  const rules = new Map<string, SeccompSyscall[]>();
  for (const rule of seccomp.syscalls ?? []) {
    if ((rule.args ?? []).length === 0) continue;
    for (const name of rule.names) {
      rules.set(name, [...rules.get(name) ?? [], rule]);
    }
  }
  const names = new Map<string, string>();
  const nameOf = (audit: number, nr: number): string => {
    const key = `${audit} ${nr}`;
    const known = names.get(key);
    if (known !== undefined) return known;
    const numbers = architectureOf(audit, nr)?.numbers ?? {};
    const name = Object.keys(numbers).find((name) => numbers[name] === nr);
    names.set(key, name ?? "");
    return name ?? "";
  };
  return (audit, nr) => {
    const own = rules.get(nameOf(audit, nr));
    if (own !== undefined) return randomArguments(chance, own, count);
    // Their first argument says which call it is.
    const isMultiplexed = audit === AUDIT.i386 && [102, 117].includes(nr);
    return isMultiplexed
      ? Array.from({ length: 30 }, (_, i) => [BigInt(i), 16n, 9n, 9n])
      : [[]];
  };
}

for (const arch of ["x86_64", "aarch64"] as const) {
  const architectures = SUB_ARCHITECTURES[arch];

  compared(
    `libseccomp has the same numbers for ${arch} and what runs on it`,
    () => {
      const names = namesOf(arch);
      assert(names.length > 350);
      compare(filter([rule(names.join(" "))], { architectures }), arch);
      // Each by an errno of its own, so that no two can be swapped.
      const rules = names.map((name, i) => ({
        ...rule(name, "SCMP_ACT_TRACE" as SeccompAction),
        errnoRet: i + 1,
      }));
      compare(filter(rules, { architectures }), arch);
    },
  );

  for (const capabilities of [[], ["CAP_SYS_ADMIN", "CAP_AUDIT_WRITE"]]) {
    const profile = debianProfile(arch, capabilities);
    compared(
      `libseccomp decides the same with Debian's default profile: ${arch}, ${capabilities.length} capabilities`,
      () => {
        const seccomp = profile!;
        for (const rule of seccomp.syscalls!) {
          rule.names = rule.names.filter(isKnown);
        }
        const chance = new Chance(1);
        for (const more of [{}, { defaultErrnoRet: 1 }]) {
          const asked = compare(
            { ...seccomp, ...more },
            arch,
            byChance(chance, seccomp, 400),
          );
          assert(asked > 8_000, `${asked}`);
        }
      },
      noLibrary ?? (profile === undefined ? `no ${DEBIAN_PROFILE}` : undefined),
    );
  }

  compared(
    `libseccomp decides the same with profiles by chance: ${arch}`,
    () => {
      // Two names of one number of ARM: rules for both are rules for one call.
      const aliases = ["sync_file_range2", "arm_sync_file_range"];
      const names = namesOf(arch).filter((name) => !aliases.includes(name));
      for (let seed = 1; seed <= 10; seed++) {
        const chance = new Chance(seed);
        const defaults: Partial<Seccomp>[] = [
          {},
          { defaultErrnoRet: 38 },
          { defaultAction: "SCMP_ACT_KILL_PROCESS" },
          { defaultAction: "SCMP_ACT_TRAP" },
        ];
        const { defaultErrnoRet: _, ...more } = chance.of(defaults);
        const seccomp = randomProfile(chance, {
          names: names.filter(() => chance.below(6) === 0),
          actions: ACTIONS,
          kinds: SOUND_KINDS,
          more: { ...more, architectures: chance.some(architectures) },
        });
        if (more.defaultAction !== undefined) delete seccomp.defaultErrnoRet;
        try {
          compare(seccomp, arch, byChance(chance, seccomp, 25));
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
      }
    },
  );
}

compared("libseccomp kills x32 where it is not listed", () => {
  compare(filter([rule("read write")]), "x86_64");
});

/** A rule for each edge, with a second condition. */
function edgeRules(op: SeccompOperatorName, two: bigint): SeccompSyscall[] {
  const names = Object.entries(SYSCALLS.x86_64)
    .filter(([, nr]) => nr < 30)
    .map(([name]) => name);
  return EDGES.map((edge, i) =>
    rule(names[i]!, "SCMP_ACT_ALLOW", [
      arg(i % 6, op, edge, two),
      arg((i + 1) % 6, "SCMP_CMP_LE", 0xffff_ffffn),
    ])
  );
}

type SeccompOperatorName = typeof OPERATORS[number];
const OPERATORS = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
] as const;

compared("libseccomp compares arguments in the same way", () => {
  const architectures = SUB_ARCHITECTURES.x86_64;
  const some = (_: number, nr: number): bigint[][] =>
    (nr & 0xffff) >= 30 ? [[]] : EDGES.flatMap((value) => [
      Array<bigint>(6).fill(value),
      Array.from({ length: 6 }, (_, i) => i % 2 === 0 ? value : 1n),
    ]);
  for (const op of OPERATORS) {
    for (const two of [0n, 0x1_0000_0001n]) {
      const seccomp = filter(edgeRules(op, two), { architectures });
      compare(seccomp, "x86_64", some);
    }
  }
});

compared(
  "libseccomp multiplexes i386's socket and ipc calls in the same way",
  () => {
    const seccomp = filter([
      rule("connect accept semop shmget recvmmsg sendmmsg"),
      rule("socket", "SCMP_ACT_ALLOW", [
        arg(0, "SCMP_CMP_EQ", 2),
        arg(1, "SCMP_CMP_EQ", 1),
      ]),
    ], { architectures: ["SCMP_ARCH_X86"] });
    const selectors = Array.from({ length: 26 }, (_, i) => [BigInt(i), 1n]);
    compare(seccomp, "x86_64", () => selectors);
  },
);

compared("libseccomp gives a call what no rule says, where we don't", () => {
  // The reason why profiles of the kind "anything" are compared with their own words only.
  const seccomp = filter([
    rule("mkdir", "SCMP_ACT_ALLOW", [
      arg(0, "SCMP_CMP_LT", 2),
      arg(1, "SCMP_CMP_LT", 0x1_0000_0000n),
    ]),
    rule("mkdir", "SCMP_ACT_ALLOW", [arg(0, "SCMP_CMP_LE", 0x1_0000_0000n)]),
  ]);
  const call = { arch: AUDIT.x86_64, nr: 83, args: [2n, 0n] };
  assertEquals(runFilter(compileFilter(seccomp, "x86_64"), call), RET.allow);
  assertEquals(
    runFilter(libseccompFilter(seccomp, "x86_64"), call),
    RET.errno | 1,
  );
});
